import { createPrivateKey } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { signerOf, withoutOver } from '../../../../shared/features/identity/keys/rotation.ts';
import { ask } from '../../image.ts';
import type { Required, Tokens } from './required.ts';
import { asAdmin, bearer, composeRequired, fetchToken, manage, postForm } from './required.ts';

const day = 24 * 3_600_000;

interface StoredKey {
  readonly kid: string;
  readonly privateKey: { readonly bytes: string };
}

async function storedKeys(longshore: Required): Promise<StoredKey[]> {
  const found = await longshore.memory.documents.readDocument({
    container: 'registries',
    partition: ['default'],
    id: 'key-ring',
  });
  return (found?.document.keys ?? []) as StoredKey[];
}

function kidOf(token: string): string {
  return (JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()) as { kid: string }).kid;
}

async function accepts({ app }: Required, { access_token }: Tokens): Promise<boolean> {
  return (await ask(app, 'GET', '/v2/', { headers: bearer(access_token) })).status === 200;
}

describe('the key ring', () => {
  it('is made once, however many instances start at once', async () => {
    const first = composeRequired({ ring: 'none' });
    const instances = [first, composeRequired(first), composeRequired(first)];
    const tokens = await Promise.all(instances.map((instance) => fetchToken(instance, asAdmin)));
    expect(await storedKeys(first)).toHaveLength(1);
    for (const instance of instances) for (const token of tokens) expect(await accepts(instance, token)).toBe(true);
  });

  it('keeps no private key readable', async () => {
    const longshore = composeRequired({ ring: 'none' });
    await fetchToken(longshore, asAdmin);
    const [stored] = await storedKeys(longshore);
    const bytes = Buffer.from(stored?.privateKey.bytes ?? '', 'base64');
    expect(bytes.length).toBeGreaterThan(1_000);
    expect(() => createPrivateKey({ key: bytes, format: 'der', type: 'pkcs8' })).toThrow();
  });

  it(
    'rotates after ninety days: the new key signs when every instance has it, the old one verifies until its ' +
      'tokens are over',
    async () => {
      const longshore = composeRequired({ ring: 'none' });
      const { clock } = longshore;
      const before = await fetchToken(longshore, asAdmin, [], '&offline_token=true');
      clock.pass(90 * day - 60_000);
      const last = await fetchToken(longshore, asAdmin, [], '&offline_token=true');
      clock.pass(60_000);
      const announcing = await fetchToken(longshore, asAdmin);
      expect(await storedKeys(longshore)).toHaveLength(2);
      expect(kidOf(announcing.access_token)).toBe(kidOf(before.access_token));
      clock.pass(11 * 60_000);
      const after = await fetchToken(longshore, asAdmin);
      expect(kidOf(after.access_token)).not.toBe(kidOf(before.access_token));
      const other = composeRequired(longshore);
      expect(await accepts(other, after)).toBe(true);
      expect(await accepts(other, announcing)).toBe(true);
      clock.pass(89 * day);
      const refreshed = await postForm(longshore, '/oauth2/token', {
        grant_type: 'refresh_token',
        refresh_token: last.refresh_token ?? '',
      });
      expect(refreshed.status).toBe(200);
    },
  );

  it('forgets a key when nothing that it signed is still good', async () => {
    const longshore = composeRequired({ ring: 'none' });
    const first = kidOf((await fetchToken(longshore, asAdmin)).access_token);
    for (let rotation = 0; rotation < 3; rotation++) {
      longshore.clock.pass(91 * day);
      await fetchToken(longshore, asAdmin);
    }
    const kids = (await storedKeys(longshore)).map(({ kid }) => kid);
    expect(kids).not.toContain(first);
    expect(kids.length).toBeLessThanOrEqual(3);
  });

  it('goes on signing with the key at hand when the rotation cannot be written', async () => {
    const longshore = composeRequired({ ring: 'none' });
    await fetchToken(longshore, asAdmin);
    longshore.clock.pass(91 * day);
    longshore.memory.calls.failOn('documents.commit');
    expect(await accepts(longshore, await fetchToken(longshore, asAdmin))).toBe(true);
    expect(await storedKeys(longshore)).toHaveLength(1);
  });

  it('survives the loss of the answer to its first write', async () => {
    const longshore = composeRequired({ ring: 'none' });
    longshore.memory.calls.loseAnswerOn('documents.commit', 1);
    expect((await ask(longshore.app, 'GET', '/oauth2/token', { headers: asAdmin })).status).toBe(503);
    expect(await accepts(longshore, await fetchToken(longshore, asAdmin))).toBe(true);
    expect(await storedKeys(longshore)).toHaveLength(1);
  });

  it('gets a new key when the secret has changed, and what the old ones signed stays good', async () => {
    const longshore = composeRequired({ ring: 'none' });
    const before = await fetchToken(longshore, asAdmin);
    const renewed = composeRequired({
      world: longshore.world,
      clock: longshore.clock,
      secretKey: Buffer.alloc(32, 'another secret'),
    });
    const after = await fetchToken(renewed, asAdmin);
    expect(kidOf(after.access_token)).not.toBe(kidOf(before.access_token));
    expect(await accepts(renewed, before)).toBe(true);
    expect(await accepts(renewed, after)).toBe(true);
  });

  it('loses a key that is known to others when an administrator removes it, with all that it signed', async () => {
    const longshore = composeRequired();
    const stolen = await fetchToken(longshore, asAdmin);
    const other = composeRequired(longshore);
    const { items: signingKeys } = await manage<{ items: { kid: string }[] }>(longshore, 'GET', '/signing-keys');
    expect(signingKeys.map(({ kid }) => kid)).toEqual([kidOf(stolen.access_token)]);
    expect(JSON.stringify(signingKeys)).not.toContain('privateKey');
    await manage(longshore, 'DELETE', `/signing-keys/${encodeURIComponent(kidOf(stolen.access_token))}`);
    longshore.clock.pass(5 * 60_000);
    for (const instance of [longshore, other]) expect(await accepts(instance, stolen)).toBe(false);
    // The stolen token's key has just been looked for: the next look is a second later.
    longshore.clock.pass(1_000);
    const renewed = await fetchToken(longshore, asAdmin);
    for (const instance of [longshore, other]) expect(await accepts(instance, renewed)).toBe(true);
    expect((await ask(longshore.app, 'DELETE', '/api/v1/signing-keys/none', { headers: asAdmin })).status).toBe(404);
  });

  it('issues nothing while it cannot be read', async () => {
    const longshore = composeRequired({ ring: 'none' });
    longshore.memory.calls.failOn('documents.read');
    expect((await ask(longshore.app, 'GET', '/oauth2/token', { headers: asAdmin })).status).toBe(503);
  });
});

describe('the order of keys', () => {
  const at = (ms: number) => ({
    kid: String(ms),
    createdAt: new Date(ms).toISOString(),
    signsFrom: new Date(ms).toISOString(),
    publicKey: '',
    privateKey: { iv: '', tag: '', bytes: '' },
  });

  it('has the newest that may sign now sign', () => {
    expect(signerOf([at(0), at(10), at(20)], new Date(15))?.kid).toBe('10');
    expect(signerOf([at(20)], new Date(15))).toBeUndefined();
  });

  it('never drops the newest, nor one whose successor has not signed yet', () => {
    expect(withoutOver([at(0)], new Date(1000 * day))).toHaveLength(1);
    expect(withoutOver([at(0), at(1000 * day)], new Date(1000 * day))).toHaveLength(2);
    expect(withoutOver([at(0), at(10)], new Date(91 * day))).toHaveLength(1);
  });
});
