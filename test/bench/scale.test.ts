import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { limits } from '../../bench/scale/limits.ts';
import { measure } from '../../bench/scale/measure.ts';
import { scenarios } from '../../bench/scale/scenarios.ts';
import { sheetOf } from '../../bench/scale/sheet.ts';

describe('docs/scale.md', () => {
  let measured: Awaited<ReturnType<typeof measure>>;
  beforeAll(async () => {
    measured = await measure();
  });

  it('is what npm run scale writes now', async () => {
    expect(await readFile(new URL('../../docs/scale.md', import.meta.url), 'utf8')).toBe(sheetOf(measured));
  });

  it('comes out the same of another measurement', async () => {
    expect(sheetOf(await measure())).toBe(sheetOf(measured));
  });

  it('counts what docs/performance.md says of a push: the writes of its links, and one event', () => {
    const { pushNew, pushOneLayer, pull } = measured;
    expect([pushNew.events, pushOneLayer.events, pull.events]).toEqual([1, 1, 0]);
    // A blob is staged and committed; a known one is not touched.
    expect(pushNew.blobCalls - pushOneLayer.blobCalls).toBe(2 * 9);
    expect(pull.writes).toBe(0);
  });

  it('has in each chapter the limit that is met first, by the shares of all', () => {
    for (const { loads, title } of scenarios(measured)) {
      const shares = loads
        .filter(({ isOtherwise }) => isOtherwise !== true)
        .map(({ asked, limit }) => asked / limit.value);
      const at = shares.indexOf(Math.max(...shares));
      const { what } = loads.filter(({ isOtherwise }) => isOtherwise !== true)[at]?.limit ?? limits.events;
      const chapter =
        sheetOf(measured)
          .split('## ')
          .find((text) => text.startsWith(title)) ?? '';
      expect(chapter).toContain(`**Met first: ${what}**`);
    }
  });
});
