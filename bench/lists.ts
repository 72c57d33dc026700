import { composeForTest } from '../shared/compose-for-test.ts';
import { ask, makeImage, pushImage, putManifest } from '../test/shared/image.ts';
import { median } from './server-process.ts';

const few = 100;
const many = 50_000;
const pages = 200;
const rounds = 5;

/** A page of 40 tags out of few and out of many, from the middle, over memory: interleaved, the median page of each round. */
export async function benchLists(): Promise<{ name: string; value: string }[]> {
  const { app } = composeForTest();
  const image = makeImage('listed', 1);
  for (const count of [few, many]) {
    await pushImage(app, `bench/list-${count}`, tag(0), image);
    for (let n = 1; n < count; n++) await putManifest(app, `bench/list-${count}`, tag(n), image);
  }
  const page = async (count: number) => {
    const started = performance.now();
    const answer = await ask(app, 'GET', `/v2/bench/list-${count}/tags/list?n=40&last=${tag(count >> 1)}`);
    const { tags } = (await answer.json()) as { tags: string[] };
    if (tags.length !== 40) throw new Error(`a page of ${tags.length} tags`);
    return performance.now() - started;
  };
  const times = new Map<number, number[]>([[few, []], [many, []]]);
  for (let round = 0; round <= rounds; round++) {
    for (const [count, medians] of times) {
      const each: number[] = [];
      for (let n = 0; n < pages; n++) each.push(await page(count));
      if (round > 0) medians.push(median(each)); // The first compiles.
    }
  }
  const told = [...times].map(([count, each]) => ({ name: `a page of tags out of ${count}`, value: `${median(each).toFixed(3)} ms (${each.map((ms) => ms.toFixed(3)).join(' ')})` }));
  return [...told, { name: `out of ${many} / out of ${few}`, value: (median(times.get(many) ?? []) / median(times.get(few) ?? [])).toFixed(2) }];
}

function tag(n: number): string {
  return `tag-${String(n).padStart(6, '0')}`;
}
