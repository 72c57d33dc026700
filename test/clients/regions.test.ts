import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeImage } from '../shared/image.ts';
import { command } from './command.ts';
import type { RunningRegions } from './regions.ts';
import { manage, names, pullFrom, pushBlobTo, pushTo, putManifestTo, startRegions, statesOf } from './regions.ts';

const pulls = 500;
let regions: RunningRegions;
beforeAll(async () => {
  regions = await startRegions(2_000);
});
afterAll(() => regions.stop());

const another = (at: number, n: number) => (at + 1 + (n % 2)) % 3;
const urlOf = (at: number) => regions.urls[at] ?? '';

/**
 * Does it for each number below `count`, in so many lanes side by side, each with a tag of its own. `before` is the number
 * that the same tag had before, at first its own. More than two lanes ask so much of the machine that the write region is
 * late, and then others answer by what they have.
 */
async function inLanes(
  lanes: 1 | 2,
  count: number,
  once: (n: number, tag: string, before: number) => Promise<void>,
): Promise<void> {
  await Promise.all(
    Array.from({ length: lanes }, async (_, lane) => {
      for (let n = lane; n < count; n += lanes) await once(n, `latest-${lane}`, Math.max(lane, n - lanes));
    }),
  );
}

/** A busy machine takes several times as long. */
const patient = { timeout: 900_000 };

describe('a region whose storage stops', () => {
  it('loses no pull of what other regions hold, and has caught up soon after it is back', async () => {
    // Copies of this repository alone: what is pushed by other tests would be copied beside their pulls.
    for (const name of names)
      await manage(urlOf(0), 'PUT', `/replicas/${name}`, { filters: { repositories: { include: ['team/kept'] } } });
    const image = await pushTo(urlOf(0), 'team/kept', 'v1', 'kept');
    await expect
      .poll(() => statesOf(urlOf(2), 'team/kept', 'v1'), { timeout: 90_000, interval: 500 })
      .toMatchObject({ 'local-3': 'complete', 'local-2': 'complete' });
    const down = join(regions.state, 'local-3.down');
    const outcomes: { at: number; failed?: string }[] = [];
    let again = 0;
    const pulling = new AbortController();
    const puller = (async () => {
      while (!pulling.signal.aborted) {
        const at = performance.now();
        outcomes.push(
          await pullFrom(urlOf(2), 'team/kept', 'v1', () => (again += 1)).then(
            (digest) => (digest === image.digest ? { at } : { at, failed: digest }),
            (error: unknown) => ({ at, failed: String(error) }),
          ),
        );
        await sleep(20);
      }
    })();
    await sleep(1_000);
    await writeFile(down, '');
    const stopped = performance.now();
    await sleep(3_000);
    const meanwhile = await pushTo(urlOf(1), 'team/kept', 'v2', 'meanwhile');
    // Enough of them to believe it, however long a pull takes on this machine.
    const late = () => outcomes.filter(({ at }) => at - stopped >= 2_500).length;
    await expect.poll(late, { timeout: 60_000, interval: 100 }).toBeGreaterThan(20);
    pulling.abort();
    await puller;
    const failed = outcomes.filter((each) => each.failed !== undefined);
    expect(failed).toEqual([]);
    console.log(
      `none of ${outcomes.length} pulls failed; ${again} times a blob was asked for again, as nobody could know yet`,
    );
    await rm(down);
    const back = performance.now();
    await expect
      .poll(() => statesOf(urlOf(2), 'team/kept', 'v2'), { timeout: 90_000, interval: 500 })
      .toMatchObject({ 'local-3': 'complete' });
    console.log(`whole again ${Math.round((performance.now() - back) / 1_000)} s after it was back`);
    expect(performance.now() - back).toBeLessThan(60_000);
    // As docker pulls, which asks again: the region may not have seen yet that its storage is back.
    expect(await pullFrom(urlOf(2), 'team/kept', 'v2', () => (again += 1))).toBe(meanwhile.digest);
  });
});

describe('three regions, two of them two seconds behind', () => {
  it(`give the right image to each of ${pulls} pulls right after a push or a retag elsewhere`, patient, async () => {
    const previous = new Map<string, string>();
    await inLanes(1, pulls / 5, async (n, tag, before) => {
      const [from, to] = [n % 3, another(n % 3, n)];
      const { digest } = await pushTo(urlOf(from), 'team/app', tag, `right ${n}`);
      // By tag, by digest, and by a tag that moves back to what was pushed before.
      expect(
        await Promise.all([
          pullFrom(urlOf(to), 'team/app', tag),
          pullFrom(urlOf(to), 'team/app', digest),
          pullFrom(urlOf(from), 'team/app', tag),
        ]),
      ).toEqual([digest, digest, digest]);
      const back = previous.get(tag) ?? digest;
      previous.set(tag, digest);
      await putManifestTo(urlOf(to), 'team/app', tag, makeImage(`right ${before}`, 1));
      expect(
        await Promise.all([pullFrom(urlOf(from), 'team/app', tag), pullFrom(urlOf(another(to, n)), 'team/app', tag)]),
      ).toEqual([back, back]);
    });
  });

  it('give skopeo from one what it has just pushed to another', async () => {
    const layout = join(regions.state, '..', 'layout');
    const image = (at: number, reference: string) => `docker://${urlOf(at).replace('http://', '')}/${reference}`;
    await pushTo(urlOf(0), 'by/skopeo', 'v0', 'skopeo');
    for (let n = 0; n < 5; n += 1) {
      await command('skopeo', [
        'copy',
        '--src-tls-verify=false',
        '--dest-tls-verify=false',
        image(n % 3, `by/skopeo:v${n}`),
        image((n + 1) % 3, `by/skopeo:v${n + 1}`),
      ]);
      await command('skopeo', [
        'copy',
        '--src-tls-verify=false',
        image((n + 2) % 3, `by/skopeo:v${n + 1}`),
        `oci:${layout}:v${n}`,
      ]);
    }
  });

  it('take a push whose layers, config and manifest reach different ones', async () => {
    const image = makeImage('spread', 2);
    await Promise.all(image.layers.map((layer) => pushBlobTo(urlOf(0), 'team/spread', layer)));
    await pushBlobTo(urlOf(2), 'team/spread', image.config);
    await putManifestTo(urlOf(1), 'team/spread', 'v1', image);
    expect(await Promise.all(names.map((_, at) => pullFrom(urlOf(at), 'team/spread', 'v1')))).toEqual([
      image.digest,
      image.digest,
      image.digest,
    ]);
  });

  it(
    'agree on a tag that two of them are pushed at once, 200 times, and keep the other by its digest',
    patient,
    async () => {
      await inLanes(2, 200, async (n, tag) => {
        const images = [makeImage(`one ${n}`, 0), makeImage(`two ${n}`, 0)] as const;
        await Promise.all(images.map(({ config }, at) => pushBlobTo(urlOf(at + 1), 'team/raced', config)));
        await Promise.all(images.map((image, at) => putManifestTo(urlOf(at + 1), 'team/raced', tag, image)));
        const seen = await Promise.all(names.map((_, at) => pullFrom(urlOf(at), 'team/raced', tag)));
        expect(new Set(seen).size).toBe(1);
        expect(images.map(({ digest }) => digest)).toContain(seen[0]);
        const kept = await Promise.all(images.map(({ digest }) => pullFrom(urlOf(0), 'team/raced', digest)));
        expect(kept).toEqual(images.map(({ digest }) => digest));
      });
    },
  );
});
