import { describe, expect, it } from 'vitest';
import { backoff } from '../../../../shared/core/documents/backoff.ts';
import { defined } from '../../../../shared/core/documents/defined.ts';
import { stableId, stableUuid } from '../../../../shared/core/documents/stable-id.ts';

describe('a stable id', () => {
  it('is the same for the same parts, and another where a part moves from one to the next', () => {
    expect(stableId('a', 'b')).toBe(stableId('a', 'b'));
    expect(stableId('a', 'b')).not.toBe(stableId('ab'));
    expect(stableId('a', 'b')).not.toBe(stableId('b', 'a'));
    expect(stableId('a')).toMatch(/^[A-Za-z0-9_-]{32}$/);
    expect(stableUuid('a', 1, ['b'])).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
  });
});

describe('a back-off', () => {
  it('doubles with each failure, and ends at the longest wait', () => {
    const waits = { first: 5, longest: 70 };
    expect([1, 2, 3, 4, 5, 6].map((failures) => backoff(failures, waits))).toEqual([5, 10, 20, 40, 70, 70]);
    expect(backoff(5_000, waits)).toBe(70);
  });
});

describe('defined properties', () => {
  it('leave out what is undefined, and keep every other value', () => {
    const kept = defined({ a: undefined, b: 0, c: '', d: false, e: null });
    expect(Object.keys(kept)).toEqual(['b', 'c', 'd', 'e']);
  });

  it('are optional in their type where they may be undefined', () => {
    const given: { readonly name: string; readonly count: number | undefined } = { name: 'a', count: undefined };
    const kept: { readonly name: string; readonly count?: number } = defined(given);
    expect(kept).toStrictEqual({ name: 'a' });
  });
});
