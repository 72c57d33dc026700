import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stackKeys } from '../../../local/stack/stack-keys.ts';
import type { StateFolder } from '../../../local/stack/state-folder.ts';
import { openStateFolder } from '../../../local/stack/state-folder.ts';
import { hashPassword, parsePasswordHash } from '../../../shared/features/identity/password.ts';
import { stateFolder } from './running-stack.ts';

let folder: Awaited<ReturnType<typeof stateFolder>>;
let state: StateFolder;
beforeEach(async () => {
  folder = await stateFolder();
  state = openStateFolder(folder.path);
});
afterEach(() => folder.remove());

/** Makes the keys of a stack, and returns them with the passwords that were shown. */
async function keysOf(auth: 'open' | 'required') {
  const shown: string[] = [];
  const keys = await stackKeys(state, auth, (password) => shown.push(password));
  return { keys, shown };
}

describe('the secrets of the local stack', () => {
  it('are made once, and no administrator while everything is open', async () => {
    const { keys, shown } = await keysOf('open');
    expect([shown, keys.adminPasswordHash]).toEqual([[], undefined]);
    expect((await keysOf('open')).keys).toEqual(keys);
    expect(statSync(state.file('keys.json')).mode & 0o777).toBe(0o600);
  });

  it("show the administrator's password once and keep its hash alone", async () => {
    const first = await keysOf('required');
    const [password = ''] = first.shown;
    expect(first.shown).toHaveLength(1);
    expect(readFileSync(state.file('keys.json'), 'utf8')).not.toContain(password);
    const parsed = parsePasswordHash(first.keys.adminPasswordHash ?? '');
    expect(await hashPassword(password, parsed?.salt ?? '')).toBe(parsed?.hash);
    const second = await keysOf('required');
    expect([second.shown, second.keys]).toEqual([[], first.keys]);
  });

  it('of a folder from before there were identities are completed, and what it has stays', async () => {
    const key = Buffer.alloc(32, 7).toString('base64');
    writeFileSync(state.file('keys.json'), JSON.stringify({ uploadKey: key, eventGridKeys: [key, key] }));
    const { keys } = await keysOf('open');
    expect(keys).toMatchObject({ uploadKey: key, eventGridKeys: [key, key] });
    expect((await keysOf('open')).keys.secretKey).toBe(keys.secretKey);
  });
});
