import { ask } from '../../image.ts';
import { asAdmin } from '../identity/required.ts';
import type { World } from '../verdicts/held.ts';
import { heldWorld, manage } from '../verdicts/held.ts';
import type { Quirks, StandInAdapter } from './adapter/stand-in-adapter.ts';
import { startStandInAdapter } from './adapter/stand-in-adapter.ts';

export const high = {
  id: 'CVE-2026-1',
  package: 'openssl',
  version: '3.0.11-1',
  fix_version: '3.0.15-1',
  severity: 'High',
  links: [],
};

interface Shown {
  readonly state: string;
  readonly digest: string;
  readonly platform?: string;
  readonly scan?: { readonly state: string; readonly outcome?: string; readonly reason?: string };
  readonly report?: { readonly report?: string; readonly scannedAt: string };
  readonly findings: readonly { readonly id: string; readonly taken?: { readonly by: string } }[];
  readonly policies: readonly { readonly effect: string }[];
}

export interface ScannedWorld extends World {
  readonly adapter: StandInAdapter;
  /** Has every event and message done that is due by then, with the clock that goes on. */
  run(seconds?: number): Promise<void>;
  /** Has the timers run, and what they begin. */
  tick(seconds?: number): Promise<void>;
  statusOf(reference?: string): Promise<number>;
  findings(reference?: string): Promise<Shown[]>;
  /** The whole sentences of the verdict. */
  reasons(reference?: string): Promise<string>;
}

export const policy = { mode: 'enforce', repositories: { include: ['team/*'] }, block: { severity: 'high' } };

const ends: (() => void)[] = [];
/** Ends the adapters of a test. */
export function closeAdapters(): void {
  for (const end of ends.splice(0)) end();
}

/** A registry with login, a policy that blocks, and a stand-in for a scanner's adapter. */
export async function scannedWorld({
  quirks = {},
  scanner = {},
  settings = policy,
  options = {},
}: {
  readonly quirks?: Quirks;
  readonly scanner?: object | 'none';
  readonly settings?: object;
  readonly options?: NonNullable<Parameters<typeof heldWorld>[0]>;
} = {}): Promise<ScannedWorld> {
  const adapter = await startStandInAdapter(quirks);
  ends.push(() => {
    adapter.close();
  });
  const world = await heldWorld({
    ...options,
    settings: { publicUrl: new URL('http://registry.test'), ...options.settings },
  });
  if (scanner !== 'none') await manage(world, 'PUT', '/scanning/scanners/trivy', { url: adapter.url, ...scanner });
  await manage(world, 'PUT', '/scanning/policies/block', settings);
  const { queues } = world.world.region();
  const run = async (seconds = 30) => {
    const until = world.clock.now().getTime() + seconds * 1_000;
    for (;;) {
      await world.hear();
      // Copies of a message change nothing.
      for (const message of queues.drain('scans'))
        for (const each of [message, message]) await world.messages['scanning-work'](each);
      const next = queues.nextVisibleAt('scans');
      if (next === undefined || next > until) break;
      world.clock.pass(Math.max(0, next - world.clock.now().getTime()));
    }
    await world.hear();
  };
  return {
    ...world,
    adapter,
    run,
    async tick(seconds) {
      await world.timers['scanning-sweep']();
      await world.timers['verdicts-judge-due']();
      await run(seconds);
    },
    statusOf: async (reference = 'v1') => (await world.pull(world.puller, 'team/app', reference)).status,
    async findings(reference = 'v1') {
      const query = `repository=team%2Fapp&reference=${encodeURIComponent(reference)}`;
      return (await manage<{ images: Shown[] }>(world, 'GET', `/images/findings?${query}`)).images;
    },
    async reasons(reference = 'v1') {
      const query = `repository=team%2Fapp&reference=${encodeURIComponent(reference)}`;
      const { judgements } = await manage<{ judgements: { reasons: string[] }[] }>(
        world,
        'GET',
        `/images/verdict?${query}`,
      );
      return judgements.flatMap(({ reasons }) => reasons).join(' ');
    },
  };
}

/** Puts a report as a CI does. */
export function putReport(
  { app }: Pick<World, 'app'>,
  digest: string,
  report: object,
  headers: Record<string, string> = asAdmin,
): Promise<Response> {
  return ask(app, 'PUT', `/api/v1/images/report?repository=team%2Fapp&digest=${encodeURIComponent(digest)}`, {
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify(report),
  });
}

/** The scans that the adapter was asked for. */
export function scansAsked({ seen }: StandInAdapter) {
  return seen
    .filter(({ path }) => path === '/api/v1/scan')
    .map(
      ({ body }) =>
        JSON.parse(body) as {
          registry: { url: string; authorization: string };
          artifact: { repository: string; digest: string };
        },
    );
}
