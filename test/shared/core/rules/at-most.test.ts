import { LRUCache } from 'lru-cache';
import { describe, expect, it } from 'vitest';
import { atMost } from '../../../../shared/core/rules/at-most.ts';

describe('a cache of at most three entries', () => {
  it('leaves out what was used longest ago, as one with max does', () => {
    const [bounded, reserved] = [new LRUCache<string, number>(atMost(3)), new LRUCache<string, number>({ max: 3 })];
    for (const cache of [bounded, reserved]) {
      for (const name of ['a', 'b', 'c']) cache.set(name, 1);
      cache.get('a');
      cache.set('b', 2);
      cache.set('d', 1);
    }
    expect([...bounded.entries()]).toEqual([...reserved.entries()]);
    expect([...bounded.keys()].sort()).toEqual(['a', 'b', 'd']);
  });
});
