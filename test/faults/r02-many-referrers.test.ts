import { describe, expect, it } from 'vitest';
import { binOf, naming, timedLongshore } from '../shared/features/recycle-bin/binned.ts';
import { ask, makeImage, pushImage, putManifest } from '../shared/image.ts';

const repository = 'team/app';

async function withReferrers(count: number) {
  const longshore = timedLongshore();
  const image = makeImage('subject', 0);
  await pushImage(longshore.app, repository, 'v1', image);
  for (let n = 0; n < count; n += 1) {
    const pushed = await putManifest(
      longshore.app,
      repository,
      `r${n}`,
      makeImage('subject', 0, { ...naming(image), annotations: { n: String(n) } }),
    );
    if (pushed.status !== 201) throw new Error(await pushed.text());
    await ask(longshore.app, 'DELETE', `/v2/${repository}/manifests/r${n}`);
  }
  longshore.memory.calls.resetCounts();
  const left = async () =>
    (
      (await (await ask(longshore.another().app, 'GET', `/v2/${repository}/referrers/${image.digest}`)).json()) as {
        manifests: unknown[];
      }
    ).manifests.length;
  return { longshore, path: `/v2/${repository}/manifests/${image.digest}`, left };
}

describe('deleting a manifest with many referrers', () => {
  it('makes at most five store calls for each of them', async () => {
    const { longshore, path, left } = await withReferrers(200);
    expect((await ask(longshore.app, 'DELETE', path)).status).toBe(202);
    await expect.poll(left, { timeout: 30_000 }).toBe(0);
    await expect
      .poll(
        async () =>
          await longshore.memory.documents.countDocuments({
            container: 'repositories',
            partition: ['default', repository],
            where: [{ path: 'type', is: '=', value: 'unsettled' }],
          }),
        { timeout: 30_000 },
      )
      .toBe(0);
    console.info(`200 referrers: ${longshore.memory.calls.total()} store calls`);
    expect(longshore.memory.calls.total() / 200).toBeLessThanOrEqual(5);
    expect(await binOf(longshore.another().app)).not.toHaveLength(0);
  }, 60_000);

  it('answers before its referrers have followed when these take long', async () => {
    const { longshore, path, left } = await withReferrers(60);
    longshore.memory.calls.delay(30);
    const began = performance.now();
    expect((await ask(longshore.app, 'DELETE', path)).status).toBe(202);
    expect(performance.now() - began).toBeLessThan(1_000);
    expect((await ask(longshore.app, 'GET', path)).status).toBe(404);
    await expect.poll(left, { timeout: 30_000 }).toBe(0);
  }, 60_000);

  it('is finished by the timer within half a minute, wherever the process was killed', async () => {
    for (let at = 1; at <= 120; at += 13) {
      const { longshore, path, left } = await withReferrers(25);
      longshore.memory.calls.crashAfter(at);
      await ask(longshore.app, 'DELETE', path).catch(() => undefined);
      const other = longshore.another();
      if ((await ask(other.app, 'GET', path)).status === 200) continue;
      // The timer runs every ten seconds.
      for (let run = 0; run < 3; run += 1) {
        longshore.passTime(10_000);
        await other.timers['recycle-bin-reconcile']();
      }
      expect(await left()).toBe(0);
    }
  }, 120_000);
});
