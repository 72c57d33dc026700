import { beforeAll, describe, expect, it } from 'vitest';
import type { Cose, EnvelopeShape } from './envelopes.ts';
import {
  cbor,
  cborMap,
  cose,
  coseOf,
  expiry,
  payloadOf,
  scheme,
  signedAt,
  signedBy,
  signingTime,
} from './envelopes.ts';
import type { Issued } from './issued.ts';
import { chainOfTwo } from './issued.ts';
import { reasonOf, trusting, verdictOf } from './judged.ts';

let chain: readonly [Issued, Issued];
let whole: Cose;

beforeAll(async () => {
  chain = await chainOfTwo();
  whole = coseOf({ chain });
});

const reasonFor = async (bytes: Buffer) =>
  reasonOf(await verdictOf({ mediaType: 'application/cose', bytes }, { authority: trusting([chain[1]]) }));
const reason = (changed: Partial<Cose>) => reasonFor(cose({ ...whole, ...changed }).bytes);
const made = (shape: Partial<EnvelopeShape>) => reasonFor(cose(coseOf({ chain, ...shape })).bytes);
const hex = (text: string) => Buffer.from(text, 'hex');

/** Signs a protected header that is given in bytes. */
function signedHeader(header: Buffer): Partial<Cose> {
  const parts = [cbor('Signature1'), cbor(header), cbor(Buffer.alloc(0)), cbor(payloadOf())];
  return { header, signature: signedBy(chain[0].privateKey, Buffer.concat([hex('84'), ...parts])) };
}

const entries = (more: readonly (readonly [unknown, unknown])[] = []) => [
  [1, -7] as const,
  [2, [scheme]] as const,
  [3, 'application/vnd.cncf.notary.payload.v1+json'] as const,
  [scheme, 'notary.x509'] as const,
  [signingTime, signedAt] as const,
  ...more,
];

describe('a COSE signature', () => {
  it('is verified over the protected header as it was received', async () => {
    expect(await reason(signedHeader(cborMap(entries())))).toBe('it is verified');
    expect(await reason(signedHeader(cborMap(entries().reverse())))).toBe('it is verified');
  });

  it('is refused where a map has a key twice, also when it is spelled in two ways', async () => {
    const header = cborMap(entries([[1, -7]]));
    expect(await reason(signedHeader(header))).toMatch(/protected header is no CBOR that is allowed/);
    const long = Buffer.concat([hex('a6'), cborMap(entries()).subarray(1), hex('1801'), cbor(-37)]);
    expect(await reason(signedHeader(long))).toMatch(/spelled longer than it must be/);
    const twice = cborMap([
      [33, chain.map(({ der }) => der)],
      [33, [chain[1].der]],
    ]);
    expect(await reason({ unprotected: twice })).toMatch(/The envelope is no CBOR that is allowed/);
  });

  it('is refused with indefinite lengths', async () => {
    const { bytes } = cose(whole);
    const open = Buffer.concat([hex('d29f'), bytes.subarray(2), hex('ff')]);
    expect(await reasonFor(open)).toMatch(/with an indefinite length/);
    const header = Buffer.concat([hex('bf'), cborMap(entries()).subarray(1), hex('ff')]);
    expect(await reason(signedHeader(header))).toMatch(/with an indefinite length/);
  });

  it('is refused where other bytes follow, in the envelope and in its header', async () => {
    expect(await reasonFor(Buffer.concat([cose(whole).bytes, hex('00')]))).toMatch(/followed by other bytes/);
    expect(await reason(signedHeader(Buffer.concat([cborMap(entries()), hex('00')])))).toMatch(
      /followed by other bytes/,
    );
  });

  it('is refused without its tag, with another one, and with several signers', async () => {
    const { bytes } = cose(whole);
    expect(await reasonFor(bytes.subarray(1))).toMatch(/no tagged COSE_Sign1/);
    expect(await reasonFor(Buffer.concat([hex('d862'), bytes.subarray(1)]))).toMatch(/no tagged COSE_Sign1/);
    expect(await reasonFor(Buffer.concat([hex('d285'), bytes.subarray(2), hex('00')]))).toMatch(/has four members/);
    expect(await reasonFor(Buffer.concat([hex('d2'), bytes]))).toMatch(/no tagged COSE_Sign1/);
  });

  it('is refused when its payload lies elsewhere, or is empty', async () => {
    const parts = [hex('d284'), cbor(whole.header), whole.unprotected];
    const detached = (payload: Buffer) => reasonFor(Buffer.concat([...parts, payload, cbor(whole.signature)]));
    expect(await detached(cbor(whole.payload))).toBe('it is verified');
    expect(await detached(hex('f6'))).toMatch(/The payload of the envelope is missing/);
    expect(await detached(hex('40'))).toMatch(/The payload of the envelope is missing/);
  });

  it.each([-37, -35, -257, 5, 0, 'ES256', -8])('is refused with the algorithm %j', async (algorithm) => {
    expect(await made({ algorithm })).toMatch(/is signed by the algorithm .*, but its key signs by ES256/);
  });

  it('is refused with parameters in the header that nobody signed', async () => {
    const with33 = [33, chain.map(({ der }) => der)] as const;
    expect(await reason({ unprotected: cborMap([with33, [1, -7]]) })).toMatch(/must not be in the header/);
    expect(await reason({ unprotected: cborMap([with33, [2, [scheme]]]) })).toMatch(/must not be in the header/);
    expect(await reason({ unprotected: cborMap([with33, ['note', 'x']]) })).toBe('it is verified');
  });

  it('is refused with critical attributes that are not known, numbers too', async () => {
    expect(await made({ critical: [scheme, 'note'], attributes: { note: 'x' } })).toMatch(/"note" is not known/);
    expect(await made({ critical: [scheme, 33] })).toBe('The critical attribute 33 is not known.');
    expect(await made({ critical: [scheme], attributes: { [expiry]: new Date('2030-01-01') } })).toMatch(
      /must be marked/,
    );
    expect(await made({ critical: [scheme], attributes: { note: 'x' } })).toBe('it is verified');
  });

  it('is refused with times of another kind', async () => {
    for (const time of [1_700_000_000, '2025-06-01T12:00:00Z'])
      expect(await made({ attributes: { [signingTime]: time } })).toMatch(/is no time in seconds/);
  });

  it('is refused with a chain that is no list of certificates', async () => {
    for (const value of [chain[0].der, [], ['x'], 'x', 7])
      expect(await reason({ unprotected: cborMap([[33, value]]) })).toMatch(/certificates|chain/);
    expect(await reason({ unprotected: cborMap([]) })).toMatch(/has no certificates/);
    expect(await reason({ unprotected: hex('80') })).toMatch(/is no map/);
  });

  it('is refused with more items than a signature has', async () => {
    const many = cborMap(Array.from({ length: 2_000 }, (_, at) => [at + 100, 0] as const));
    expect(await reason({ unprotected: many })).toMatch(/is CBOR of more than 1000 items/);
  });
});
