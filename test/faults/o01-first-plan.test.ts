import { describe, expect, it } from 'vitest';
import { call, planOf, policed, putPolicy } from '../shared/features/purge/policed.ts';
import { makeImage, pushImage } from '../shared/image.ts';
import { roundTrips } from './round-trips.ts';

const rules = { remove: [{ name: 'old', olderThanDays: 30 }], brakePercent: 100 };

describe('the first plan of a new policy', () => {
  it('looks through many small repositories side by side', async () => {
    const longshore = policed();
    const count = 40;
    for (let n = 0; n < count; n += 1)
      await pushImage(longshore.app, `team/app-${n}`, 'v1', makeImage(`image ${n}`, 1));
    longshore.passDays(40);
    await putPolicy(longshore.app, rules);
    const { inARow, calls } = await roundTrips(longshore.memory.calls, () =>
      call(longshore.app, 'POST', '/purge/policies/nightly/plan'),
    );
    console.info(`a first plan of ${count} repositories: ${calls} store calls, ${inARow} in a row`);
    expect((await planOf(longshore.app)).tags).toBe(count);
    expect(inARow / count).toBeLessThan(8);
  }, 60_000);

  it('goes on where it was interrupted, whichever of its calls its process is killed at, and marks everything', async () => {
    const sizes = [1, 2, 52, 1];
    const filled = async () => {
      const longshore = policed();
      for (const [n, size] of sizes.entries())
        for (let image = 0; image < size; image += 1)
          await pushImage(
            longshore.app,
            `team/app-${n}`,
            `v${image}`,
            makeImage('image', 0, { annotations: { image: String(image) } }),
          );
      longshore.passDays(40);
      await putPolicy(longshore.app, rules);
      longshore.memory.calls.resetCounts();
      return longshore;
    };
    for (const at of [12, 150, 600]) {
      const longshore = await filled();
      longshore.memory.calls.crashAfter(at);
      await call(longshore.app, 'POST', '/purge/policies/nightly/plan').catch(() => undefined);
      const { app } = longshore.another();
      expect((await planOf(app)).tags).toBe(sizes.reduce((sum, size) => sum + size, 0));
    }
  }, 60_000);
});
