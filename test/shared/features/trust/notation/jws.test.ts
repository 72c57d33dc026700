import { createHmac } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import type { EnvelopeShape, Jws } from './envelopes.ts';
import { authenticSigningTime, expiry, jose, jwsOf, scheme, signedAt, signedBy, signingTime } from './envelopes.ts';
import type { Issued } from './issued.ts';
import { chainOfTwo } from './issued.ts';
import { reasonOf, trusting, verdictOf } from './judged.ts';

let chain: readonly [Issued, Issued];
let whole: Jws;

beforeAll(async () => {
  chain = await chainOfTwo();
  whole = jwsOf({ chain });
});

const reason = async (jws: unknown) => reasonOf(await verdictOf(jose(jws), { authority: trusting([chain[1]]) }));
const made = (shape: Partial<EnvelopeShape>) => jwsOf({ chain, ...shape });

/** Signs a protected header that is given as text. */
function signedHeader(text: string): Jws {
  const protectedText = Buffer.from(text).toString('base64url');
  const signature = signedBy(chain[0].privateKey, Buffer.from(`${protectedText}.${whole.payload}`));
  return { ...whole, protected: protectedText, signature: signature.toString('base64url') };
}

describe('the algorithm of a JWS', () => {
  it.each(['none', 'None', 'HS256', 'RS256', 'PS256', 'ES384', 'EdDSA', 'ES256K', 'x'.repeat(1_000)])(
    'is the one of the key, so that %s is refused',
    async (algorithm) => {
      expect(await reason(made({ algorithm }))).toMatch(
        /is signed by the algorithm .{1,210}, but its key signs by ES256/,
      );
    },
  );

  it('is not none with an empty signature, nor a MAC by the public certificate', async () => {
    expect(await reason({ ...made({ algorithm: 'none' }), signature: '' })).toMatch(/no signature that is a text/);
    const mac = made({ algorithm: 'HS256' });
    const signature = createHmac('sha256', chain[0].der).update(`${mac.protected}.${mac.payload}`).digest('base64url');
    expect(await reason({ ...mac, signature })).toMatch(/its key signs by ES256/);
  });
});

describe('a JWS', () => {
  it('is refused in the compact form, and with a list of signatures', async () => {
    expect(await reason(`${whole.protected}.${whole.payload}.${whole.signature}`)).toMatch(/no JSON that is allowed/);
    expect(await reason(JSON.stringify(`${whole.protected}.${whole.payload}.${whole.signature}`))).toMatch(/is no JWS/);
    const { payload, ...signature } = whole;
    expect(await reason({ payload, signatures: [signature, signature] })).toMatch(/exactly one signature is allowed/);
    expect(await reason({ ...whole, signatures: [] })).toMatch(/exactly one signature is allowed/);
  });

  it('is refused when its payload lies elsewhere', async () => {
    const { payload: _, ...detached } = whole;
    expect(await reason(detached)).toMatch(/has no payload/);
    expect(await reason({ ...whole, payload: '' })).toMatch(/has no payload/);
  });

  it('is refused with a name twice, of which each reader would take another one', async () => {
    const text = JSON.stringify(whole);
    expect(await reason(text.replace('{', `{"payload":"e30",`))).toMatch(/The envelope has a name twice/);
    expect(await reason(text.replace('{"x5c"', '{"x5c":[],"x5\\u0063"'))).toMatch(/The envelope has a name twice/);
    const header = Buffer.from(whole.protected, 'base64url').toString();
    expect(await reason(signedHeader(header))).toBe('it is verified');
    expect(await reason(signedHeader(header.replace('{', '{"alg":"none",')))).toMatch(/header has a name twice/);
  });

  it('is refused with base64 that has another spelling', async () => {
    expect(await reason({ ...whole, signature: `${whole.signature}=` })).toMatch(/signature is no base64url/);
    expect(await reason({ ...whole, payload: `${whole.payload}\n` })).toMatch(/payload is no base64url/);
    const header = { x5c: [chain[0].der.toString('base64url'), chain[1].der.toString('base64')] };
    expect(await reason({ ...whole, header })).toMatch(/x5c is no base64/);
  });

  it('is refused with parameters in the header that nobody signed', async () => {
    for (const unprotected of [{ alg: 'ES256' }, { crit: [scheme] }, { [scheme]: 'notary.x509' }])
      expect(await reason(made({ unprotected }))).toMatch(/must not be in the header that is not protected/);
    expect(await reason(made({ unprotected: { 'io.cncf.notary.signingAgent': 'notation/1' } }))).toBe('it is verified');
  });

  it('is refused without certificates', async () => {
    for (const header of [undefined, {}, { x5c: [] }, { x5c: 'x' }, { x5c: [1] }])
      expect(await reason({ ...whole, header })).toMatch(/certificates|x5c/);
  });
});

describe('the signed attributes', () => {
  it('must name the known ones that are critical, each of them once and there', async () => {
    const until = { [expiry]: new Date('2030-01-01T00:00:00Z') };
    expect(await reason(made({ attributes: until }))).toBe('it is verified');
    expect(await reason(made({ attributes: until, critical: [scheme] }))).toMatch(
      /must be marked critical, and is not/,
    );
    expect(await reason(made({ critical: [] }))).toMatch(/does not say which of its attributes are critical/);
    expect(await reason(made({ critical: scheme }))).toMatch(/does not say which/);
    expect(await reason(made({ critical: [scheme, scheme] }))).toMatch(/marked critical twice/);
    expect(await reason(made({ critical: [scheme, expiry] }))).toMatch(/is marked critical, but is not there/);
    expect(await reason(made({ critical: Array(51).fill(scheme) }))).toMatch(/More than 50/);
  });

  it('are refused with a critical one that is not known, and pass with others that are not', async () => {
    expect(await reason(made({ attributes: { b64: false } }))).toBe('The critical attribute "b64" is not known.');
    expect(await reason(made({ critical: [scheme, 'alg'] }))).toBe('The critical attribute "alg" is not known.');
    expect(await reason(made({ critical: [scheme, { a: 1 }] }))).toMatch(/a value of type object is not known/);
    expect(await reason(made({ attributes: { note: 'x' }, critical: [scheme] }))).toBe('it is verified');
  });

  it('are refused when they ask for a plugin, critical or not', async () => {
    const attributes = { 'io.cncf.notary.verificationPlugin': 'com.example.plugin' };
    expect(await reason(made({ attributes }))).toMatch(/plugins are not supported/);
    expect(await reason(made({ attributes, critical: [scheme] }))).toMatch(/plugins are not supported/);
  });

  it('have a scheme that is known, and its time alone', async () => {
    expect(await reason(made({ attributes: { [scheme]: 'notary.pgp' } }))).toMatch(/"notary.pgp" is not known/);
    expect(await reason(made({ attributes: { [scheme]: undefined } }))).toMatch(/signingScheme is missing/);
    expect(await reason(made({ attributes: { [signingTime]: undefined } }))).toMatch(/signingTime is missing/);
    expect(await reason(made({ attributes: { [authenticSigningTime]: signedAt } }))).toMatch(/not allowed under/);
    expect(await reason(made({ attributes: { [scheme]: 'notary.x509.signingAuthority' } }))).toMatch(/is missing/);
  });

  it.each(['2025-06-01', 'yesterday', '2025-13-01T00:00:00Z', '2025-06-01T12:00:00', 1_700_000_000, '', null])(
    'are refused with the time %j',
    async (time) => {
      expect(await reason(made({ attributes: { [signingTime]: time } }))).toMatch(/signingTime/);
    },
  );

  it('are over a payload of Notary Project alone', async () => {
    const attributes = { cty: 'application/vnd.in-toto+json' };
    expect(await reason(made({ attributes }))).toMatch(/is no payload of Notary Project/);
    expect(await reason(made({ attributes: { cty: undefined } }))).toMatch(/has no cty/);
  });
});
