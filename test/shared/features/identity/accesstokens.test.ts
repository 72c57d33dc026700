import { createHmac, createPublicKey, createSign, generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ask } from '../../image.ts';
import type { Required } from './required.ts';
import { asAdmin, bearer, claimsOf, composeRequired, fetchToken, secretKey } from './required.ts';

const scope = 'repository:team/app:pull';
const path = '/v2/team/app/manifests/v1';

async function statusWith({ app }: Required, token: string, target = path): Promise<number> {
  return (await ask(app, 'GET', target, { headers: bearer(token) })).status;
}

function encoded(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function bytesOf(token: string): string {
  return token
    .split('.')
    .map((part) => Buffer.from(part, 'base64url').toString('hex'))
    .join('.');
}

function headerOf(token: string): { kid: string } {
  return JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()) as { kid: string };
}

/** Returns the public key of the ring, as it is in the store. */
async function publicKeyOf(longshore: Required) {
  const found = await longshore.memory.documents.readDocument({
    container: 'registries',
    partition: ['default'],
    id: 'key-ring',
  });
  const [key] = found?.document.keys as { publicKey: string }[];
  return createPublicKey({ key: Buffer.from(key?.publicKey ?? '', 'base64'), format: 'der', type: 'spki' });
}

describe('an access token', () => {
  it('holds until it is over, also when it was seen before', async () => {
    const longshore = composeRequired();
    const { access_token } = await fetchToken(longshore, asAdmin, [scope]);
    longshore.clock.pass(899_000);
    expect(await statusWith(longshore, access_token)).toBe(404);
    longshore.clock.pass(1_000);
    expect(await statusWith(longshore, access_token)).toBe(401);
  });

  it('costs nothing to identify once it was seen: the stores are asked for the manifest alone', async () => {
    const longshore = composeRequired();
    const { access_token } = await fetchToken(longshore, asAdmin, [scope]);
    const other = composeRequired(longshore);
    await statusWith(other, access_token);
    // The key ring, the tag, and the repository's entry; as it is not there, whether the bin gives back, and whether
    // the tag is in it.
    expect(other.memory.calls.list).toEqual([...Array.from({ length: 4 }, () => 'documents.read'), 'documents.query']);
    other.memory.calls.resetCounts();
    await statusWith(other, access_token);
    expect(other.memory.calls.list).toEqual(['documents.read', 'documents.query']);
    other.memory.calls.resetCounts();
    await statusWith(other, access_token, '/v2/');
    expect(other.memory.calls.total()).toBe(0);
  });

  it('is refused when any character of it is changed', async () => {
    const longshore = composeRequired();
    const { access_token } = await fetchToken(longshore, asAdmin, [scope]);
    await fc.assert(
      fc.asyncProperty(
        fc.nat({ max: access_token.length - 1 }),
        fc.constantFrom('A', 'Z', 'a', 'z', '0', '9', '-', '_', '.'),
        async (at, letter) => {
          const changed = access_token.slice(0, at) + letter + access_token.slice(at + 1);
          // The last character of a part has bits that base64url does not use: some changes of it change nothing.
          const same = bytesOf(changed) === bytesOf(access_token);
          if (!same) expect(await statusWith(longshore, changed)).toBe(401);
        },
      ),
      { numRuns: 150 },
    );
  });

  it("is refused without a signature, signed with the public key as a secret, and signed with somebody else's key", async () => {
    const longshore = composeRequired();
    const { access_token } = await fetchToken(longshore, asAdmin, [scope]);
    const { kid } = headerOf(access_token);
    const payload = encoded(claimsOf(access_token));
    const none = `${encoded({ alg: 'none', kid })}.${payload}.`;
    const confused = `${encoded({ alg: 'HS256', kid })}.${payload}`;
    const pem = (await publicKeyOf(longshore)).export({ type: 'spki', format: 'pem' });
    const hmac = createHmac('sha256', pem).update(confused).digest('base64url');
    const foreign = `${encoded({ alg: 'RS256', kid })}.${payload}`;
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const signature = createSign('sha256').update(foreign).sign(privateKey, 'base64url');
    for (const forged of [none, `${confused}.${hmac}`, `${foreign}.${signature}`])
      expect(await statusWith(longshore, forged)).toBe(401);
    expect(await statusWith(longshore, access_token)).toBe(404);
  });

  it('is refused at another host, and by another registry with the same secret', async () => {
    const longshore = composeRequired();
    const { access_token } = await fetchToken(longshore, asAdmin, [scope]);
    const elsewhere = await longshore.app.fetch(
      new Request(`http://other.test${path}`, { headers: bearer(access_token) }),
    );
    expect(elsewhere.status).toBe(401);
    const another = composeRequired({ clock: longshore.clock, secretKey, ring: 'none' });
    expect(await statusWith(another, access_token)).toBe(401);
  });

  it('that names unknown keys makes the store be read at most once a second', async () => {
    const longshore = composeRequired();
    const { access_token } = await fetchToken(longshore, asAdmin, [scope]);
    longshore.clock.pass(2_000);
    longshore.memory.calls.resetCounts();
    const [, payload, signature] = access_token.split('.');
    for (let n = 0; n < 20; n++)
      await statusWith(longshore, `${encoded({ alg: 'RS256', kid: `k${n}` })}.${payload ?? ''}.${signature ?? ''}`);
    expect(longshore.memory.calls.list).toEqual(['documents.read']);
  });

  it('that is not known cannot be checked while the store is away: 503, not 401 and not 200', async () => {
    const longshore = composeRequired();
    const { access_token } = await fetchToken(longshore, asAdmin, [scope]);
    const other = composeRequired(longshore);
    other.memory.calls.failOn('documents.read');
    expect(await statusWith(other, access_token, '/v2/')).toBe(503);
    other.memory.calls.clearFaults();
    expect(await statusWith(other, access_token, '/v2/')).toBe(200);
    other.memory.calls.failOn('documents.read');
    expect(await statusWith(other, access_token, '/v2/')).toBe(200);
  });
});
