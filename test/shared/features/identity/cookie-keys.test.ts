import { describe, expect, it } from 'vitest';
import { StoreFailure } from '../../../../shared/core/ports/failures.ts';
import type { SealingKey } from '../../../../shared/core/secrets/sealing-keys.ts';
import { CookieKeys } from '../../../../shared/features/identity/sessions/keys.ts';
import { TestClock } from './required.ts';

const place = { purpose: 'sessions', context: 'portal' } as const;
const key: SealingKey = { id: 'one', bytes: Buffer.alloc(32, 1) };

/** Makes the keys of an instance, whose vault answers when `answer` does. */
function keysOf(answer: () => Promise<SealingKey>) {
  const sealing = { configured: true, current: answer, find: () => Promise.resolve(undefined) };
  return new CookieKeys(sealing, new TestClock());
}

describe('the keys of cookies', () => {
  it('of an instance that has just started open every cookie of a page, whose requests come at once', async () => {
    const cookie = await keysOf(() => Promise.resolve(key)).seal({ a: 1 }, place);
    const vault = Promise.withResolvers<SealingKey>();
    const keys = keysOf(() => vault.promise);
    const opened = [1, 2, 3].map(() => keys.open(cookie, place));
    vault.resolve(key);
    expect(await Promise.all(opened)).toEqual([{ a: 1 }, { a: 1 }, { a: 1 }]);
  });

  it('fail for all who ask while the vault does not answer: nobody is signed out by that', async () => {
    const cookie = await keysOf(() => Promise.resolve(key)).seal({ a: 1 }, place);
    const failure = new StoreFailure({ dependency: 'secrets', kind: 'unavailable', message: 'no answer' });
    const keys = keysOf(() => Promise.reject(failure));
    for (let n = 0; n < 3; n++) await expect(keys.open(cookie, place)).rejects.toBe(failure);
  });

  it('ask the vault once in five seconds about cookies that somebody made up', async () => {
    let asked = 0;
    const keys = keysOf(() => {
      asked += 1;
      return Promise.resolve(key);
    });
    const [, ...rest] = (await keys.seal({ a: 1 }, place)).split('.');
    const made = [Buffer.from('other').toString('base64url'), ...rest].join('.');
    for (let n = 0; n < 10; n++) expect(await keys.open(made, place)).toBeUndefined();
    expect(asked).toBe(2);
  });
});
