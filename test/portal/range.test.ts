import { describe, expect, it } from 'vitest';
import { rangeOf } from '../../portal/src/kit/range.ts';

describe('a range of rows', () => {
  const rows = ['a', 'b', 'c', 'd'];

  it('goes from the row before to this one, in either direction', () => {
    expect(rangeOf(rows, 'b', 'd')).toEqual(['b', 'c', 'd']);
    expect(rangeOf(rows, 'd', 'b')).toEqual(['b', 'c', 'd']);
  });

  it('is the row alone when there is none before, or it is on another page', () => {
    expect(rangeOf(rows, undefined, 'c')).toEqual(['c']);
    expect(rangeOf(rows, 'z', 'c')).toEqual(['c']);
  });
});
