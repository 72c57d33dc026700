import { describe, expect, it } from 'vitest';
import type { CachedOptions } from '../../../../shared/core/documents/cached.ts';
import { Cached } from '../../../../shared/core/documents/cached.ts';

interface Value {
  readonly of: number;
}

function setUp(options: Partial<CachedOptions<Value>> = {}) {
  let now = 1_000_000;
  const clock = { now: () => new Date(now) };
  const cached = new Cached<Value>({ clock, freshMs: 100, ...options });
  let reads = 0;
  const waiting: ((value: Value | undefined) => void)[] = [];
  return {
    cached,
    wait: (ms: number) => (now += ms),
    reads: () => reads,
    read: () => Promise.resolve({ of: ++reads }),
    /** A read that ends when it is told to. */
    slow: () => {
      reads += 1;
      return new Promise<Value | undefined>((resolve) => waiting.push(resolve));
    },
    end: (value: Value | undefined) => waiting.shift()?.(value),
  };
}

describe('a cached value', () => {
  it('is read once for all who want it at once, and again when it is no longer fresh', async () => {
    const { cached, read, wait, reads } = setUp();
    expect(await Promise.all([cached.get('a', read), cached.get('a', read)])).toEqual([{ of: 1 }, { of: 1 }]);
    wait(99);
    expect(await cached.get('a', read)).toEqual({ of: 1 });
    wait(1);
    expect(cached.peek('a')).toBeUndefined();
    expect(await cached.get('a', read)).toEqual({ of: 2 });
    expect(reads()).toBe(2);
  });

  it('is as old as the beginning of the read that brought it', async () => {
    const { cached, slow, end, wait, read } = setUp();
    const first = cached.get('a', slow);
    wait(60);
    end({ of: 7 });
    expect(await first).toEqual({ of: 7 });
    wait(39);
    expect(cached.peek('a')).toEqual({ of: 7 });
    wait(1);
    expect(await cached.get('a', read)).toEqual({ of: 2 });
  });

  it('is not kept where the read fails or finds nothing', async () => {
    const { cached, read } = setUp();
    const failing = () => Promise.reject(new Error('the store does not answer'));
    const both = await Promise.allSettled([cached.get('a', failing), cached.get('a', failing)]);
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await cached.get('a', () => Promise.resolve(undefined))).toBeUndefined();
    expect(await cached.get('a', read)).toEqual({ of: 1 });
  });

  it.each([
    ['something', { of: 8 }],
    ['nothing', undefined],
  ])(
    'is answered to those who wait and not kept, when it was forgotten while a read of %s went on',
    async (_, found) => {
      const { cached, slow, end, read } = setUp();
      const overtaken = cached.get('a', slow);
      cached.forget('a');
      const after = cached.get('a', read);
      end(found);
      expect(await overtaken).toEqual(found);
      expect(await after).toEqual({ of: 2 });
      expect(cached.peek('a')).toEqual({ of: 2 });
    },
  );

  it('is not written over by a read that began before it was set', async () => {
    const { cached, slow, end } = setUp();
    const overtaken = cached.get('a', slow);
    cached.set('a', { of: 5 });
    end({ of: 4 });
    expect(await overtaken).toEqual({ of: 4 });
    expect(cached.peek('a')).toEqual({ of: 5 });
  });

  it('is kept for as long as it says itself, and for ever where it has no end', async () => {
    const { cached, wait, read } = setUp({ freshMs: ({ of }) => (of === 1 ? 10 : Infinity), max: 2 });
    await cached.get('a', read);
    await cached.get('b', read);
    wait(10);
    expect(cached.peek('a')).toBeUndefined();
    wait(1e9);
    expect(cached.peek('b')).toEqual({ of: 2 });
  });

  it('does not stay fresh for longer because another was put in its place', async () => {
    const { cached, wait, read } = setUp();
    await cached.get('a', read);
    wait(60);
    cached.swap('a', { of: 9 });
    expect(cached.peek('a')).toEqual({ of: 9 });
    wait(40);
    expect(cached.peek('a')).toBeUndefined();
    cached.swap('a', { of: 10 });
    expect(cached.peek('a')).toBeUndefined();
  });

  it('makes room for others, and forgets all at once', async () => {
    const { cached, read } = setUp({ max: 2 });
    for (const key of ['a', 'b', 'c']) await cached.get(key, read);
    expect(cached.peek('a')).toBeUndefined();
    expect(cached.peek('c')).toEqual({ of: 3 });
    cached.forget();
    expect(cached.peek('c')).toBeUndefined();
  });

  it('takes no more than a size in all', async () => {
    const { cached, read } = setUp({ maxSize: 5, sizeOf: () => 2 });
    for (const key of ['a', 'b', 'c']) await cached.get(key, read);
    expect(['a', 'b', 'c'].filter((key) => cached.peek(key) !== undefined)).toEqual(['b', 'c']);
  });
});
