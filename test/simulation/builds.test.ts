import { describe, expect, it, vi } from 'vitest';
import { CallPlan } from '../../shared/adapters/memory/calls.ts';
import { Crash } from '../../shared/adapters/memory/crash.ts';
import { sized } from '../deep.ts';
import type { Registry } from '../shared/features/builds/bases/building.ts';
import { build, host, reasonOf, registry, upload } from '../shared/features/builds/bases/building.ts';
import { pick, randomOf, Schedule } from './schedule.ts';

// Waits between attempts are real time, and random: here others just have their turns first.
vi.mock('node:timers/promises', () => ({ setTimeout: () => Promise.resolve() }));

const runs = sized(8, 400);
const bases = ['a', 'b', 'c'];
/** The base of each image: `both` is built on two of them, so that updates of `a` and `b` would both make it. */
const on: Readonly<Record<string, string>> = { a1: 'a', a2: 'a', a11: 'a1', b1: 'b', b11: 'b1', c1: 'c', c11: 'c1' };

async function threeBases(): Promise<Registry> {
  const of = registry({}, { losesAnswers: true });
  await of.api('PUT', '/builds/policies/all', { mode: 'rebase' });
  const built = new Map(bases.map((base) => [base, build(base, `${base} 0`)]));
  for (const base of built.values()) await of.push(base, '1');
  for (const [image, base] of Object.entries(on)) {
    const made = build(image, image, { base: built.get(base) as never, says: `${host}/${base}:1` });
    built.set(image, made);
    await of.push(made, '1');
  }
  const context = {
    repository: 'contexts',
    digest: await upload(of, 'contexts', `FROM ${host}/a1:1\nCOPY --from=${host}/b:1 / /`),
  };
  await of.api('PUT', '/tasks/both', { image: 'both:1', context });
  await of.api('POST', '/tasks/both/run');
  await of.settle();
  return of;
}

interface BuildDocument {
  readonly id: string;
  readonly type: string;
  readonly build: string;
  readonly state: string;
}

function buildsIn(of: Registry): BuildDocument[] {
  return documentsIn(of, 'builds:default').filter(({ type }) => type === 'build');
}

function documentsIn(of: Registry, partition: string): BuildDocument[] {
  const records = of.world.documents.partition('builds', [partition])?.records.values() ?? [];
  return [...records].flatMap(({ versions }) => (versions.at(-1)?.document as BuildDocument | undefined) ?? []);
}

/** Images that two builds have yet to make. */
function madeTwice(of: Registry): string[] {
  const running = buildsIn(of).filter(({ state }) => state === 'running');
  const open = running.flatMap(({ build: id }) =>
    documentsIn(of, `build:${id}`).filter(({ state }) => ['waiting', 'ready', 'running'].includes(state)),
  );
  const ids = open.map(({ id }) => id);
  return ids.filter((id, at) => ids.indexOf(id) !== at);
}

/**
 * One run: updates at any moment, three processes that take what was published and queued, twice at times; one of them
 * dies.
 */
async function simulate(seed: number) {
  const random = randomOf(seed);
  const of = await threeBases();
  const { events, queues } = of.world.region('home');
  const schedule = new Schedule(random);
  const plans = [0, 1, 2].map((actor) => new CallPlan().delay(() => schedule.turn(actor)));
  plans[0]?.crashAfter(1 + Math.floor(random() * 150));
  const dead = new Set<number>();
  const latest = new Map<string, number>();
  let [delivered, updates, most] = [events.log.length, 0, 0];
  let isPushing = true;
  const pending: { readonly event?: unknown; readonly message?: unknown }[] = [];
  const update = async () => {
    const base = pick(random, bases);
    latest.set(base, (updates += 1));
    await of.push(build(base, `${base} ${updates}`), '1');
  };
  const take = () => {
    for (; delivered < events.log.length; delivered += 1)
      for (let n = random() < 0.2 ? 2 : 1; n > 0; n -= 1) pending.push({ event: events.log[delivered] });
    for (const message of queues.drain('build-runs')) pending.push({ message });
    return pending.splice(Math.floor(random() * pending.length), 1)[0];
  };
  const live = (plan: CallPlan, actor: number) => async () => {
    const one = of.process(plan);
    try {
      for (let quiet = 0; quiet < 10 || isPushing;) {
        const next = take();
        quiet = next === undefined ? quiet + 1 : 0;
        if (next === undefined) await schedule.turn(actor);
        else if ('message' in next) await one.messages['builds-work'](next.message);
        else await one.events['builds-learn'](next.event).then(() => one.events['builds-plan'](next.event));
      }
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
      dead.add(actor);
    }
  };
  const pusher = async () => {
    for (let n = 0; n < 6; n += 1) {
      for (let waits = Math.floor(random() * 60); waits > 0; waits -= 1) await schedule.turn(3);
      await update();
    }
    isPushing = false;
  };
  const twice: string[] = [];
  await schedule.run(
    [...plans.map((plan, actor) => live(plan, actor)), pusher],
    () => {
      twice.push(...madeTwice(of));
      most = Math.max(most, buildsIn(of).filter(({ state }) => state === 'running').length);
    },
    (actor) => dead.has(actor),
  );
  return { of, twice, latest, most };
}

/** Leases run out, timers start, and what was delivered to the dead comes again. */
async function recover(of: Registry): Promise<void> {
  const one = of.process();
  const { log } = of.world.region('home').events;
  for (const event of [...log]) await one.events['builds-learn'](event).then(() => one.events['builds-plan'](event));
  for (let n = 0; n < 8; n += 1) {
    of.clock.advance(181_000);
    await one.timers['events-sweep']();
    await one.timers['builds-sweep']();
    await of.settle();
  }
}

describe('updates of bases while others are followed', () => {
  it(`have builds side by side that never make the same image, and leave every image on the newest bases (${runs} runs)`, async () => {
    let sideBySide = 0;
    for (let seed = 0; seed < runs; seed += 1) {
      const { of, twice, latest, most } = await simulate(seed);
      expect(twice, `seed ${seed}`).toEqual([]);
      await recover(of);
      expect(
        buildsIn(of).every(({ state }) => state === 'finished'),
        `seed ${seed}`,
      ).toBe(true);
      for (const image of Object.keys(on)) {
        const root = image.slice(0, 1);
        expect(
          (await of.pull(`${image}:1`)).layers[0],
          `${image}, seed ${seed}: ${String(await reasonOf(of, `${image}:1`, `${on[image] ?? ''}:1`))}`,
        ).toBe(`layer ${root} ${latest.get(root) ?? 0}`);
      }
      for (const base of ['a1', 'b'])
        expect(await reasonOf(of, 'both:1', `${base}:1`), `both on ${base}, seed ${seed}`).not.toMatch(
          /waits|ready|being made|failed|stopped/,
        );
      sideBySide += most > 1 ? 1 : 0;
    }
    expect(sideBySide).toBeGreaterThan(runs / 4);
  }, 1_800_000);
});
