import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRange } from '../../../../shared/core/http/range.ts';

const part = (start: number, end: number, suffix = false) => ({ start, end, suffix });

describe('a Range of a body of ten bytes', () => {
  it.each([
    ['bytes=0-0', part(0, 0)],
    ['bytes=0-9', part(0, 9)],
    ['bytes=3-5', part(3, 5)],
    ['bytes=3-', part(3, 9)],
    ['bytes=3-100', part(3, 9)],
    ['bytes=9-9', part(9, 9)],
    ['bytes=-1', part(9, 9, true)],
    ['bytes=-3', part(7, 9, true)],
    ['bytes=-10', part(0, 9, true)],
    ['bytes=-11', part(0, 9, true)],
    ['  bytes=3-5  ', part(3, 5)],
    ['bytes= 3-5', part(3, 5)],
    ['bytes=  -3', part(7, 9, true)],
    ['BYTES=3-5', part(3, 5)],
    ['bytes=000000000000003-5', part(3, 5)],
    ['bytes=10-', 'unsatisfiable'],
    ['bytes=10-12', 'unsatisfiable'],
    ['bytes=5-3', 'unsatisfiable'],
    ['bytes=-0', 'unsatisfiable'],
    ['bytes=0-1,3-4', undefined],
    ['bytes=-', undefined],
    ['bytes=', undefined],
    ['bytes=a-b', undefined],
    ['bytes=3-5x', undefined],
    ['xbytes=3-5', undefined],
    ['lines=3-5', undefined],
    ['3-5', undefined],
    ['bytes=--3', undefined],
    ['bytes=1234567890123456-', undefined],
    ['bytes=0-1234567890123456', undefined],
    ['bytes=-1234567890123456', undefined],
    ['', undefined],
    [null, undefined],
  ])('%j is %j', (header, range) => {
    expect(parseRange(header, 10)).toEqual(range);
  });

  it('of no byte is never satisfied', () => {
    for (const header of ['bytes=0-0', 'bytes=0-', 'bytes=-1', 'bytes=-0'])
      expect(parseRange(header, 0)).toBe('unsatisfiable');
  });

  it('gives what a slice of the body gives', () => {
    fc.assert(
      fc.property(
        fc.nat({ max: 50 }),
        fc.nat({ max: 60 }),
        fc.option(fc.nat({ max: 60 }), { nil: undefined }),
        (size, first, last) => {
          const body = Array.from({ length: size }, (_, n) => n);
          const wanted = body.slice(first, last === undefined ? undefined : last + 1);
          const range = parseRange(`bytes=${first}-${last ?? ''}`, size);
          if (range === undefined) throw new TypeError('not read');
          expect(range === 'unsatisfiable' ? [] : body.slice(range.start, range.end + 1)).toEqual(wanted);
          expect(range === 'unsatisfiable').toBe(wanted.length === 0);
        },
      ),
    );
  });
});
