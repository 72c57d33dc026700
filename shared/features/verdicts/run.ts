import { oneByOne } from '../../core/documents/alone.ts';
import { manifestDocumentSchema } from '../../core/documents/manifest.ts';
import { firstPage } from '../../core/documents/pages.ts';
import { parseStored } from '../../core/documents/stored.ts';
import { walkVerdicts } from '../../core/verdicts/walk.ts';
import { judgeManifest } from './judge-manifest.ts';
import type { VerdictPorts } from './ports.ts';

const dueAtOnce = 100;

/**
 * Goes on with the walk that a change of policies has begun, and judges anew what is due: a grace, a release or an
 * exception that has ended. Returns how many were due, and whether the walk is complete.
 */
export async function runVerdicts(
  ports: VerdictPorts,
  until: Date,
): Promise<{ readonly due: number; readonly isWalked: boolean }> {
  // A change of policies that began a walk must be what it judges by.
  ports.coverage.forget(ports.registry);
  const due = await judgeDue(ports, until);
  const isWalked = await walkVerdicts(ports, ports.registry, (key, digest) => judgeManifest(ports, key, digest), until);
  return { due, isWalked };
}

/** A manifest that fails stays due, and is not asked for again in this run. */
async function judgeDue(ports: VerdictPorts, until: Date): Promise<number> {
  const { documents, registry, clock, log } = ports;
  let judged = 0;
  while (clock.now() < until) {
    const query = {
      container: 'repositories' as const,
      partition: [registry],
      where: [
        { path: 'type', is: '=' as const, value: 'manifest' },
        { path: 'verdict.dueAt', is: '<=' as const, value: clock.now().toISOString() },
      ],
      limit: dueAtOnce,
    };
    const found = (await firstPage(documents, query)).map(
      (each) => parseStored(manifestDocumentSchema, each, query).document,
    );
    const name = ({ repository, digest }: (typeof found)[number]) => `${repository}@${digest}`;
    const failed = await oneByOne(log, 'the judgement of what is due', found, name, ({ repository, digest }) =>
      judgeManifest(ports, { registry, repository }, digest),
    );
    judged += found.length - failed;
    if (found.length < dueAtOnce || failed > 0) break;
  }
  return judged;
}
