import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { NotationAuthority } from '../../../../../shared/features/trust/notation/authority.ts';
import type { Jws } from './envelopes.ts';
import { jose, jwsOf, timestampName } from './envelopes.ts';
import type { Issued } from './issued.ts';
import {
  authorityExtensions,
  chainOfTwo,
  codeSigning,
  issued,
  nameOf,
  purposes,
  stampingExtensions,
} from './issued.ts';
import { reasonOf, trusting, verdictOf } from './judged.ts';
import { revocable } from './revocable.ts';
import type { Authority, Stamp } from './stamping.ts';
import { authority as stampingAuthority, sequence, stampOf, tlv } from './stamping.ts';

let chain: readonly [Issued, Issued];
let tsa: Authority;

beforeAll(async () => {
  // The signer's certificate ends before the signature is judged.
  chain = await chainOfTwo({ notAfter: new Date('2025-07-01T00:00:00Z') });
  tsa = await stampingAuthority();
});

const trust = (more: Partial<NotationAuthority> = {}) => trusting([chain[1]], { tsa: [tsa.root], ...more });
const stamped = (stamp: Stamp = {}, by: Authority = tsa) =>
  jose(jwsOf({ chain, stamp: (signature) => stampOf(signature, by, stamp) }));
const reason = async (stamp: Stamp, by: Authority = tsa) =>
  reasonOf(await verdictOf(stamped(stamp, by), { authority: trust() }));

describe('a time-stamp', () => {
  it('carries a signature beyond the end of its certificates', async () => {
    const verdict = await verdictOf(stamped(), { authority: trust() });
    expect(verdict).toMatchObject({ is: 'verified', signedAt: new Date('2025-06-01T12:00:01Z') });
    expect(verdict).not.toHaveProperty('expiresAt');
    expect(reasonOf(await verdictOf(stamped(), { authority: trusting([chain[1]]) }))).toMatch(
      /was valid until 2025-07/,
    );
  });

  it('must be there when the policy has a store for it, at every level', async () => {
    for (const level of ['strict', 'permissive', 'audit'] as const) {
      const outcome = await verdictOf(jose(jwsOf({ chain })), { authority: trust({ verification: { level } }) });
      expect(reasonOf(outcome)).toBe('The signature has no time-stamp, and one is demanded.');
    }
  });

  it('is needed only once a certificate has ended where the policy says so', async () => {
    const verification = { level: 'strict', verifyTimestamp: 'afterCertExpiry' } as const;
    const authority = trust({ verification });
    const early = new Date('2025-06-15T00:00:00Z');
    const bare = jose(jwsOf({ chain }));
    const ends = new Date('2025-07-01T00:00:00Z');
    expect(await verdictOf(bare, { authority, now: early })).toMatchObject({ is: 'verified', expiresAt: ends });
    expect(await verdictOf(stamped(), { authority, now: early })).not.toHaveProperty('expiresAt');
    expect(reasonOf(await verdictOf(bare, { authority }))).toMatch(/has no time-stamp/);
    expect(await verdictOf(stamped(), { authority })).toMatchObject({ is: 'verified' });
  });

  it('proves a time that must lie within every certificate, with its accuracy', async () => {
    const late = { at: new Date('2025-06-30T23:59:59Z') };
    const seconds = (count: number) => sequence(tlv(2, Buffer.from([count])));
    expect(await reason(late)).toBe('it is verified');
    expect(await reason({ ...late, accuracy: seconds(1) })).toBe('it is verified');
    expect(await reason({ ...late, accuracy: seconds(2) })).toMatch(/was valid until 2025-07-01/);
    const millis = sequence(tlv(0x80, Buffer.from([0x03, 0xe7])), tlv(0x81, Buffer.from([0x01, 0xf4])));
    expect(await reason({ ...late, accuracy: millis })).toBe('it is verified');
    expect(await reason({ ...late, fraction: '.75', accuracy: millis })).toMatch(/was valid until/);
    expect(await reason({ at: new Date('2025-07-01T00:00:00Z') })).toBe('it is verified');
    // The baseline policy promises a second where the token says nothing.
    expect(await reason({ at: new Date('2025-07-01T00:00:00Z'), policy: '0.4.0.2023.1.1' })).toMatch(/was valid until/);
    const verification = { level: 'permissive' } as const;
    const noted = await verdictOf(stamped({ at: new Date('2025-08-01T00:00:00Z') }), {
      authority: trust({ verification }),
    });
    expect(noted).toMatchObject({ is: 'verified', notes: [expect.stringMatching(/valid when it was time-stamped/)] });
  });

  it.each<[string, Stamp, RegExp]>([
    ['is over another signature', { imprint: Buffer.alloc(32, 1) }, /is over another signature/],
    ['is over a hash that is broken', { hash: 'sha1' }, /SHA-2 is needed/],
    ['is signed over another content', { digest: Buffer.alloc(32) }, /signed over another content/],
    ['is of another content', { contentType: '1.2.840.113549.1.7.1' }, /holds another content/],
    ['pins no certificate', { pinned: undefined }, /lacks the attribute signing-certificate-v2/],
    ['pins another certificate', { pinned: Buffer.from('x') }, /pins another certificate/],
    ['has no certificate', { certificates: [] }, /does not hold the certificate/],
    ['has two signers', { signers: 2 }, /exactly one signer/],
    ['has no signer', { signers: 0 }, /exactly one signer/],
    ['has a time that does not exist', { fraction: '.x' }, /a time that cannot be read/],
    ['has an accuracy that is no number', { accuracy: sequence(tlv(2, Buffer.alloc(9, 0x7f))) }, /out of bounds/],
    ['was made before its authority was valid', { at: new Date('2020-01-01T00:00:00Z') }, /valid only from 2024/],
  ])('is refused when it %s', async (_, stamp, fault) => {
    expect(await reason(stamp)).toMatch(fault);
  });

  it('is refused with a hundred certificates, before they are read', async () => {
    expect(await reason({ certificates: Array.from({ length: 100 }, () => tsa.leaf.der) })).toMatch(/at most 20/);
  });

  it('is refused when its authority is not trusted, or its certificate has another purpose', async () => {
    expect(await reason({}, await stampingAuthority())).toMatch(/leads to no trusted time-stamping authority/);
    const leaf = await issued({ name: nameOf('code'), issuer: tsa.root });
    expect(await reason({}, { ...tsa, leaf })).toMatch(/must have timeStamping as its only extended key usage/);
  });

  it('is refused when another key than the one of its certificate has signed it', async () => {
    const other = await issued();
    expect(await reason({}, { ...tsa, leaf: { ...tsa.leaf, privateKey: other.privateKey } })).toMatch(
      /is not signed by/,
    );
  });

  it('leads to its root over authorities that it holds in any order', async () => {
    const through = async (name: string, extensions = authorityExtensions) => {
      const middle = await issued({ name: nameOf('middle'), issuer: tsa.root, extensions });
      const leaf = await issued({ name: nameOf(name), issuer: middle, extensions: stampingExtensions });
      return reason({ certificates: [middle.der, tsa.root.der, leaf.der] }, { ...tsa, leaf });
    };
    expect(await through('a')).toBe('it is verified');
    expect(await through('b', [...authorityExtensions, purposes([codeSigning])])).toMatch(/is not allowed to/);
  });

  it('never proves another time, wherever a byte of it is changed', async () => {
    const jws: Jws = jwsOf({ chain, stamp: (signature) => stampOf(signature, tsa) });
    const token = Buffer.from(String(jws.header[timestampName]), 'base64');
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: token.length - 1 }), fc.integer({ min: 1, max: 255 }), async (at, bits) => {
        const changed = Buffer.from(token);
        changed[at] = (changed[at] ?? 0) ^ bits;
        const header = { ...jws.header, [timestampName]: changed.toString('base64') };
        const outcome = await verdictOf(jose({ ...jws, header }), { authority: trust() });
        // A few bytes say nothing: versions, and algorithms that are named twice. The time stays the one that was signed.
        if (outcome.is === 'verified') expect(outcome.signedAt).toEqual(new Date('2025-06-01T12:00:01Z'));
      }),
      { numRuns: 250 },
    );
  });
});

describe('the revocation of a time-stamping authority', () => {
  it('is enforced at every level, and skipped where the policy skips revocation', async () => {
    const named = await stampingAuthority({ extensions: [...stampingExtensions, revocable] });
    const authority = (verification: NotationAuthority['verification']) =>
      trusting([chain[1]], { tsa: [named.root], verification });
    const judge = async (verification: NotationAuthority['verification'], state?: 'good' | 'revoked') =>
      reasonOf(
        await verdictOf(stamped({}, named), {
          authority: authority(verification),
          ...(state === undefined ? {} : { revocation: () => Promise.resolve({ state }) }),
        }),
      );
    expect(await judge({ level: 'audit' })).toMatch(/^The time-stamp does not count: It is not known whether/);
    expect(await judge({ level: 'audit' }, 'revoked')).toMatch(/^The time-stamp does not count: The revocation of/);
    expect(await judge({ level: 'strict' }, 'good')).toBe('it is verified');
    expect(await judge({ level: 'strict', override: { revocation: 'skip' } })).toBe('it is verified');
  });
});
