import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { digestOf } from '../../../../../shared/core/oci/digest.ts';
import type { EnvelopeShape } from './envelopes.ts';
import {
  authenticSigningTime,
  cose,
  coseOf,
  expiry,
  jose,
  jwsOf,
  manifest,
  payloadOf,
  scheme,
  signedAt,
  signingTime,
} from './envelopes.ts';
import type { Issued, KeyName } from './issued.ts';
import { chainOfTwo, issued, leafExtensions, nameOf } from './issued.ts';
import { now, reasonOf, trusting, verdictOf } from './judged.ts';

let [leaf, root]: readonly Issued[] = [];
let chain: readonly Issued[] = [];

beforeAll(async () => {
  chain = await chainOfTwo();
  [leaf, root] = chain;
});

const trust = (more: Parameters<typeof trusting>[1] = {}) => trusting(root === undefined ? [] : [root], more);

const kinds = [
  ['JWS', (shape: EnvelopeShape) => jose(jwsOf(shape))],
  ['COSE', (shape: EnvelopeShape) => cose(coseOf(shape))],
] as const;

describe.each(kinds)('a signature in %s', (_, made) => {
  it('is verified with the signer, and until the first certificate ends', async () => {
    expect(await verdictOf(made({ chain }), { authority: trust() })).toEqual({
      is: 'verified',
      signer: {
        kind: 'certificate',
        name: 'C=US, ST=WA, O=acme, CN=signer',
        thumbprint: digestOf(leaf?.der ?? Buffer.alloc(0)).slice('sha256:'.length),
      },
      expiresAt: new Date('2034-01-01T00:00:00Z'),
      notes: [],
    });
  });

  it.each<KeyName>(['P-256', 'P-384', 'P-521', 'RSA 2048', 'RSA 3072', 'RSA 4096'])(
    'is verified when a key %s has made it',
    async (key) => {
      const own = await issued({ key, extensions: leafExtensions });
      expect(await verdictOf(made({ chain: [own] }), { authority: trusting([own]) })).toMatchObject({ is: 'verified' });
    },
  );

  it('is refused wherever one byte is changed', async () => {
    const { mediaType, bytes } = made({ chain });
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: bytes.length - 1 }), fc.integer({ min: 1, max: 255 }), async (at, bits) => {
        const changed = Buffer.from(bytes);
        changed[at] = (changed[at] ?? 0) ^ bits;
        expect(await verdictOf({ mediaType, bytes: changed }, { authority: trust() })).toMatchObject({ is: 'refused' });
      }),
      { numRuns: 400 },
    );
  });

  it('is refused wherever it is cut off or goes on, and in any other bytes', async () => {
    const { mediaType, bytes } = made({ chain });
    const others = fc.oneof(
      fc.nat({ max: bytes.length - 1 }).map((length) => bytes.subarray(0, length)),
      fc.uint8Array({ minLength: 1 }).map((more) => Buffer.concat([bytes, Buffer.from([0x78]), more])),
      fc.uint8Array(),
      fc.json().map((text) => Buffer.from(text)),
    );
    await fc.assert(
      fc.asyncProperty(others, async (other) => {
        expect(await verdictOf({ mediaType, bytes: other }, { authority: trust() })).toMatchObject({ is: 'refused' });
      }),
      { numRuns: 300 },
    );
  });

  it('is refused over another digest, size or media type', async () => {
    const wrong = [
      { digest: digestOf(Buffer.from('another')) },
      { size: manifest.size + 1 },
      { mediaType: 'application/vnd.docker.distribution.manifest.v2+json' },
    ];
    for (const each of wrong) {
      const envelope = made({ chain, payload: payloadOf({ ...manifest, ...each }) });
      expect(reasonOf(await verdictOf(envelope, { authority: trust() }))).toMatch(/^The signature is over/);
      const level = trust({ verification: { level: 'audit' } });
      expect(await verdictOf(envelope, { authority: level })).toMatchObject({ is: 'refused' });
    }
  });

  it.each(['{}', '{"targetArtifact":{}}', '[]', 'null', '"x"', '{"targetArtifact":{"size":1e400}}'])(
    'is refused when the payload is %s',
    async (payload) => {
      const envelope = made({ chain, payload: Buffer.from(payload) });
      expect(reasonOf(await verdictOf(envelope, { authority: trust() }))).toMatch(/describes no artifact/);
    },
  );

  it('is refused when the payload says two things', async () => {
    const text = payloadOf().toString();
    const payload = Buffer.from(text.replace('"size"', '"size":1,"s\\u0069ze"'));
    expect(reasonOf(await verdictOf(made({ chain, payload }), { authority: trust() }))).toMatch(/a name twice/);
  });

  it('is refused when another key has made it', async () => {
    const other = await issued({ name: nameOf('signer'), issuer: root as Issued });
    const stranger = { ...(leaf as Issued), privateKey: other.privateKey };
    const envelope = made({ chain: [stranger, root as Issued] });
    expect(reasonOf(await verdictOf(envelope, { authority: trust() }))).toMatch(/does not fit the signed bytes/);
  });

  it('is refused when the certificates are of nobody that is trusted', async () => {
    const [, other] = await chainOfTwo();
    const authority = trusting([other]);
    expect(reasonOf(await verdictOf(made({ chain }), { authority }))).toMatch(/^No certificate of the signature is in/);
  });

  it('is verified when the leaf itself is in the store', async () => {
    expect(await verdictOf(made({ chain }), { authority: trusting([leaf as Issued]) })).toMatchObject({
      is: 'verified',
    });
  });

  it('is refused when the subject is none of the trusted identities, and verified when it is one', async () => {
    const identities = async (...trustedIdentities: string[]) =>
      reasonOf(await verdictOf(made({ chain }), { authority: trust({ trustedIdentities }) }));
    expect(await identities('x509.subject: C=US, ST=WA, O=acme, CN=other')).toMatch(/none of the trusted identities/);
    expect(await identities('x509.subject: C=US, ST=WA, O=acm')).toMatch(/none of the trusted identities/);
    const other = 'x509.subject: C=US, ST=WA, O=other';
    expect(await identities(other, 'x509.subject: CN=signer, O=acme, S=WA, C=US')).toBe('it is verified');
  });

  it('is refused before its certificates are valid, and after', async () => {
    const at = async (time: string) =>
      reasonOf(await verdictOf(made({ chain }), { authority: trust(), now: new Date(time) }));
    expect(await at('2023-12-31T23:59:59Z')).toMatch(/is valid only from 2024-01-01/);
    expect(await at('2034-01-01T00:00:00Z')).toBe('it is verified');
    expect(await at('2034-01-01T00:00:01Z')).toMatch(/was valid until 2034-01-01/);
  });

  it('is refused from its own expiry on, which the verdict says before', async () => {
    const envelope = made({ chain, attributes: { [expiry]: now } });
    const before = new Date(now.getTime() - 1);
    expect(await verdictOf(envelope, { authority: trust(), now: before })).toMatchObject({
      is: 'verified',
      expiresAt: now,
    });
    expect(reasonOf(await verdictOf(envelope, { authority: trust(), now }))).toMatch(/has expired at 2026/);
  });

  it('is refused when it expires before it was made', async () => {
    const envelope = made({ chain, attributes: { [expiry]: signedAt } });
    expect(reasonOf(await verdictOf(envelope, { authority: trust() }))).toMatch(/expires before it was made/);
  });

  it('is verified at the time that a signing authority attests, without a time-stamp', async () => {
    const attributes = {
      [scheme]: 'notary.x509.signingAuthority',
      [signingTime]: undefined,
      [authenticSigningTime]: signedAt,
    };
    const stores = { trustStores: { signingAuthority: { acme: [(root as Issued).pem] } } };
    const late = new Date('2040-01-01T00:00:00Z');
    const envelope = made({ chain, attributes });
    const verdict = await verdictOf(envelope, { authority: trust(stores), now: late });
    expect(verdict).toMatchObject({ is: 'verified', signedAt });
    expect(verdict).not.toHaveProperty('expiresAt');
    expect(reasonOf(await verdictOf(envelope, { authority: trust() }))).toMatch(/of the type signingAuthority/);
    const early = made({
      chain,
      attributes: { ...attributes, [authenticSigningTime]: new Date('2023-01-01T00:00:00Z') },
    });
    expect(reasonOf(await verdictOf(early, { authority: trust(stores) }))).toMatch(/valid only from/);
  });
});

describe('the level of verification', () => {
  const attributes = { [expiry]: new Date('2025-12-01T00:00:00Z') };
  const late = new Date('2035-01-01T00:00:00Z');
  const at = (level: 'strict' | 'permissive' | 'audit', override = {}) =>
    trust({ verification: { level, override }, trustedIdentities: ['x509.subject: C=US, ST=WA, O=other'] });

  it('notes what it lets pass, in the order of the checks', async () => {
    const envelope = jose(jwsOf({ chain, attributes }));
    expect(await verdictOf(envelope, { authority: at('audit'), now: late })).toMatchObject({
      is: 'verified',
      notes: [
        expect.stringMatching(/none of the trusted identities/),
        expect.stringMatching(/has expired at/),
        expect.stringMatching(/was valid until/),
      ],
    });
  });

  it('enforces authenticity at permissive, and lets the rest pass', async () => {
    const envelope = jose(jwsOf({ chain, attributes }));
    const refused = await verdictOf(envelope, { authority: at('permissive'), now: late });
    expect(reasonOf(refused)).toMatch(/none of the trusted identities/);
    const verdict = await verdictOf(envelope, { authority: at('permissive', { authenticity: 'log' }), now: late });
    expect(verdict).toMatchObject({ is: 'verified', notes: { length: 3 } });
    expect(verdict).not.toHaveProperty('expiresAt');
  });

  it('is overridden check by check', async () => {
    const envelope = jose(jwsOf({ chain, attributes }));
    const override = { authenticity: 'log', expiry: 'log' } as const;
    expect(reasonOf(await verdictOf(envelope, { authority: at('strict', override), now: late }))).toMatch(
      /valid until/,
    );
    const all = at('strict', { ...override, authenticTimestamp: 'log' });
    expect(await verdictOf(envelope, { authority: all, now: late })).toMatchObject({ is: 'verified' });
  });

  it('verifies nothing at skip, and says no such thing', async () => {
    const authority = { ...trust(), verification: { level: 'skip' as const } };
    expect(reasonOf(await verdictOf(jose(jwsOf({ chain })), { authority }))).toMatch(/skips verification/);
  });
});

describe('an envelope', () => {
  it('is refused when it is of another media type, or larger than is read', async () => {
    const { bytes } = jose(jwsOf({ chain }));
    const plain = await verdictOf({ mediaType: 'text/plain\n', bytes }, { authority: trust() });
    expect(reasonOf(plain)).toBe('The envelope\'s media type "text/plain\\u{a}" is not known.');
    const large = { mediaType: 'application/cose', bytes: Buffer.alloc(1024 * 1024 + 1) };
    expect(reasonOf(await verdictOf(large, { authority: trust() }))).toMatch(/at most 1048576 are read/);
  });

  it('is refused at once when its chain is long', async () => {
    const long = Array.from({ length: 100 }, () => root as Issued);
    for (const [, made] of kinds) {
      const outcome = await verdictOf(made({ chain: [leaf as Issued, ...long] }), { authority: trust() });
      expect(reasonOf(outcome)).toBe('The chain has 101 certificates: at most 20 are read.');
    }
  });

  it('costs little when it is as large as may be and full of small things', async () => {
    const size = 1024 * 1024;
    const hostile = [
      { mediaType: 'application/cose', bytes: Buffer.alloc(size, 0x81) },
      { mediaType: 'application/cose', bytes: Buffer.concat([Buffer.from('d284', 'hex'), Buffer.alloc(size - 2)]) },
      { mediaType: 'application/jose+json', bytes: Buffer.from('['.repeat(size)) },
      { mediaType: 'application/jose+json', bytes: Buffer.from(`[${'{},'.repeat(190_000)}{}]`) },
      { mediaType: 'application/jose+json', bytes: Buffer.from(`{"a":"${'\\"'.repeat(size / 2 - 10)}"}`) },
    ];
    const begun = performance.now();
    for (const each of hostile) expect(await verdictOf(each, { authority: trust() })).toMatchObject({ is: 'refused' });
    // The machine may be busy; what is not linear takes minutes.
    expect(performance.now() - begun).toBeLessThan(5_000);
  });
});
