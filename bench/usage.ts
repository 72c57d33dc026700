import { createMemoryWorld } from '../shared/adapters/memory/world.ts';
import type { TestLongshore } from '../shared/app/compose-for-test.ts';
import { composeForTest } from '../shared/app/compose-for-test.ts';
import type { Pull } from '../shared/core/ports/pulls.ts';
import { PullCounter } from '../shared/features/usage/pull-counter.ts';
import { steppedClock } from '../test/contracts/clock.ts';
import { foldAll, usageOf } from '../test/shared/features/usage/counting.ts';
import { ask, makeImage, pushImage } from '../test/shared/image.ts';
import type { Figure, Side } from './compare.ts';
import { interleave, rateOf, ratio, told } from './compare.ts';

const repository = 'bench/app';
const image = makeImage('counted', 10);
const inFlight = 16;

/** Measures the cost of counting pulls, and whether the counts are exact. */
export async function benchUsage(): Promise<Figure[]> {
  return [...(await overhead()), ...(await aMinute())];
}

function pull({ app }: TestLongshore): Promise<Response> {
  return ask(app, 'GET', `/v2/${repository}/manifests/${image.digest}`, {
    headers: { 'user-agent': 'containerd/2.0' },
  });
}

/**
 * Measures pulls by digest without a socket, counted and not, in turns. The app has no setting to switch counting off,
 * for an unknown last pull may cost an image.
 */
async function overhead(): Promise<Figure[]> {
  const longshore = composeForTest();
  await pushImage(longshore.app, repository, 'v1', image);
  const countPull = Reflect.get<PullCounter, 'countPull'>(PullCounter.prototype, 'countPull');
  const side = (name: string, count: (this: PullCounter, pull: Pull) => void): Side => ({
    name,
    unit: '/s',
    async measure() {
      PullCounter.prototype.countPull = count;
      const rate = await rateOf(inFlight, 700, () => pull(longshore));
      PullCounter.prototype.countPull = countPull;
      await longshore.flush();
      return rate;
    },
  });
  const [counted, uncounted] = await interleave(
    [side('pulls by digest, counted', countPull), side('pulls by digest, not counted', () => undefined)],
    11,
  );
  return [counted, uncounted]
    .flatMap((each) => (each === undefined ? [] : [told(each)]))
    .concat(ratio(counted, uncounted, 'counted / not counted'));
}

const [perSecond, seconds, flushSeconds] = [10_000, 60, 5];

/** Makes 10,000 pulls a second for a minute of the app's own clock, as fast as this machine can. */
async function aMinute(): Promise<Figure[]> {
  const clock = steppedClock();
  const longshore = composeForTest({ world: createMemoryWorld({ clock }) });
  await pushImage(longshore.app, repository, 'v1', image);
  await pull(longshore);
  await foldAll(longshore);
  longshore.memory.calls.resetCounts();
  for (let second = 1; second <= seconds; second++) {
    for (let n = 0; n < perSecond; n += inFlight)
      await Promise.all(Array.from({ length: inFlight }, () => pull(longshore)));
    clock.advance(1_000);
    if (second % flushSeconds === 0) await longshore.flush();
  }
  const [reads, sends, all] = [
    longshore.memory.calls.count('documents.read'),
    longshore.memory.calls.count('queues.send'),
    longshore.memory.calls.total(),
  ];
  longshore.memory.calls.resetCounts();
  await foldAll(longshore);
  const folding = longshore.memory.calls.total();
  const { pulls } = await usageOf(longshore, { repository });
  const made = perSecond * seconds;
  return [
    {
      name: `${made} pulls in a minute: calls of stores`,
      value: `${all} (${reads} reads of what was cached for 5 s, ${sends} batches sent; 0 by a pull)`,
    },
    { name: 'folding them: calls of stores', value: String(folding) },
    { name: 'counted, of those made', value: `${pulls - 1} of ${made}` },
  ];
}
