import { describe, expect, it } from 'vitest';
import { parseRetryAfter } from '../../../../shared/core/outbound/retry-after.ts';

const now = new Date('2026-03-01T00:00:00Z');

describe('Retry-After', () => {
  it.each([
    ['120', 120_000],
    ['0', 0],
    ['Sun, 01 Mar 2026 00:02:00 GMT', 120_000],
    ['Sat, 28 Feb 2026 00:00:00 GMT', 0],
    ['-1', undefined],
    ['1.5', undefined],
    ['9999999999', undefined],
    ['tomorrow', undefined],
    ['2026-03-01T00:02:00Z', undefined],
    ['Sun, 99 Xyz 2026 00:02:00 GMT', undefined],
    ['x Sun, 01 Mar 2026 00:02:00 GMT', undefined],
    ['Sun, 01 Mar 2026 00:02:00 GMT+1', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('of %j is %j milliseconds', (header, ms) => {
    expect(parseRetryAfter(header, now)).toBe(ms);
  });
});
