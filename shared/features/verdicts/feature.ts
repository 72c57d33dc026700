import { onEvents } from '../../core/feature/events.ts';
import { feature } from '../../core/feature/feature.ts';
import type { Documents } from '../../core/ports/documents.ts';
import type { SealingKeys } from '../../core/secrets/sealing-keys.ts';
import type { Judge, JudgeManifest } from '../../core/verdicts/judge.ts';
import { judgeManifest } from './judge-manifest.ts';
import type { VerdictPorts } from './ports.ts';
import { runVerdicts } from './run.ts';
import { judgeTouched } from './touched.ts';

interface Ports extends Omit<VerdictPorts, 'judges'> {
  readonly lists: { readonly documents: Documents };
  readonly sealing: SealingKeys;
  readonly settings: { readonly publicUrl?: URL };
  readonly quarantineJudge: Judge<'quarantine'>;
  readonly trustJudge: Judge<'trust'>;
  readonly scanJudge: Judge<'scan'>;
}

/** The milliseconds of one run: a timer starts every minute, and the next run goes on. */
const timerRunMs = 45_000;

/** Judges manifests by the policies that cover them, says which are held and why, and releases them by hand. */
export const verdicts = feature({
  name: 'verdicts',
  make(given: Ports) {
    const ports: VerdictPorts & Ports = {
      ...given,
      judges: [given.quarantineJudge, given.trustJudge, given.scanJudge],
    };
    const judging: JudgeManifest = { judgeManifest: (key, digest) => judgeManifest(ports, key, digest) };
    return {
      routes: async () => (await import('./http.ts')).verdictRoutes(ports),
      repositoryRight: (method: string, path: string) =>
        path === '/images/release' && (method === 'POST' || method === 'DELETE')
          ? ('quarantine_write' as const)
          : undefined,
      events: {
        'verdicts-judge': onEvents(
          [
            'Microsoft.ContainerRegistry.ImagePushed',
            'Microsoft.ContainerRegistry.ImageDeleted',
            'Microsoft.ContainerRegistry.ChartPushed',
            'Longshore.ImageQuarantined',
            'Longshore.Restored',
          ],
          (event) => judgeTouched(ports, event),
        ),
      },
      timers: {
        async 'verdicts-judge-due'() {
          const until = new Date(ports.clock.now().getTime() + timerRunMs);
          const { due, isWalked } = await runVerdicts(ports, until);
          if (due > 0) ports.log.info({ due }, 'manifests whose grace, release or exception has ended are judged anew');
          if (!isWalked)
            ports.log.info({}, 'the stored manifests are judged by changed policies, and the next run goes on');
        },
      },
      gives: { judging },
    };
  },
});
