import type { MemoryWorld } from '../../../../shared/adapters/memory/world.ts';
import { createMemoryWorld } from '../../../../shared/adapters/memory/world.ts';
import type { Settings } from '../../../../shared/app/assemble.ts';
import type { SteppedClock } from '../../../contracts/clock.ts';
import { steppedClock } from '../../../contracts/clock.ts';
import type { TestRegion } from '../../core/regions/composed.ts';
import { composeRegion, regionNames } from '../../core/regions/composed.ts';
import { ask } from '../../image.ts';

export interface Replicating {
  readonly world: MemoryWorld;
  readonly clock: SteppedClock;
  readonly region: Readonly<Record<(typeof regionNames)[number], TestRegion>>;
  /** Delivers what was published and not delivered yet, then what queues hold, until nothing moves. */
  settle(): Promise<void>;
  /** Every region's timer, a minute later, and what comes of it. */
  minutes(count?: number): Promise<void>;
  readonly events: (type: string) => readonly { readonly id: string; readonly data: unknown }[];
}

/** Three regions with what Event Grid, the queues and the timers do around them. */
export function replicating(settings: Partial<Settings> & { readonly lagMs?: number } = {}): Replicating {
  const clock = steppedClock();
  const world = createMemoryWorld({ clock });
  const [east, north, west] = regionNames.map((name) => composeRegion(world, name, settings)) as [
    TestRegion,
    TestRegion,
    TestRegion,
  ];
  const all = [east, north, west];
  const delivered = new Map(regionNames.map((name) => [name as string, 0]));
  const step = async (here: TestRegion): Promise<boolean> => {
    const { name } = here;
    const { events, queues } = world.region(name);
    const from = delivered.get(name) ?? 0;
    delivered.set(name, events.log.length);
    for (const event of events.log.slice(from)) await here.events['replication-plan'](event);
    const messages = queues.drain('replication-copies');
    for (const _ of messages) await here.messages['replication-copy']();
    return events.log.length > from || messages.length > 0;
  };
  const settle = async () => {
    while ((await Promise.all(all.map(step))).includes(true));
  };
  return {
    world,
    clock,
    region: { east, north, west },
    settle,
    async minutes(count = 1) {
      for (let n = 0; n < count; n += 1) {
        clock.advance(60_000);
        for (const each of all) await each.timers['replication-sweep']();
        await settle();
      }
    },
    events: (type) =>
      regionNames.flatMap((name) => world.region(name).events.log.filter((event) => event.type === type)),
  };
}

export async function call(
  region: TestRegion,
  method: string,
  path: string,
  body?: object,
): Promise<{ status: number; body: Record<string, unknown> }> {
  const answer = await ask(
    region.app,
    method,
    `/api/v1${path}`,
    body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) },
  );
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

/** States by region, as the status says them. */
export async function statesOf(
  region: TestRegion,
  repository: string,
  reference: string,
): Promise<Record<string, string>> {
  const query = reference.startsWith('sha256:') ? `digest=${reference}` : `tag=${reference}`;
  const { regions } = (await call(region, 'GET', `/replication/status?repository=${repository}&${query}`)).body as {
    regions: { region: string; state: string }[];
  };
  return Object.fromEntries(regions.map((each) => [each.region, each.state]));
}
