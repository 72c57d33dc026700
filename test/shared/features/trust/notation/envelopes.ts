import type { KeyObject } from 'node:crypto';
import { constants, sign } from 'node:crypto';
import { parseDigest } from '../../../../../shared/core/oci/digest.ts';
import type { SignedManifest } from '../../../../../shared/features/trust/outcome.ts';
import type { Issued } from './issued.ts';

const digest = parseDigest(`sha256:${'73'.repeat(32)}`);
if (digest === undefined) throw new Error('the digest of the tests is none');

export const manifest: SignedManifest = {
  digest,
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  size: 16_724,
};

export const payloadOf = (target: Readonly<Record<string, unknown>> = { ...manifest }) =>
  Buffer.from(JSON.stringify({ targetArtifact: target }));

export const scheme = 'io.cncf.notary.signingScheme';
export const signingTime = 'io.cncf.notary.signingTime';
export const authenticSigningTime = 'io.cncf.notary.authenticSigningTime';
export const expiry = 'io.cncf.notary.expiry';
export const timestampName = 'io.cncf.notary.timestampSignature';

export const signedAt = new Date('2025-06-01T12:00:00Z');

export interface EnvelopeShape {
  /** The leaf first; its key signs. */
  readonly chain: readonly Issued[];
  readonly payload?: Uint8Array;
  /** They take the place of those of the default header; `undefined` leaves one out. */
  readonly attributes?: Readonly<Record<string, unknown>>;
  readonly critical?: unknown;
  readonly algorithm?: unknown;
  /** Makes the time-stamp of the signature's bytes. */
  readonly stamp?: (signature: Buffer) => Buffer;
  readonly unprotected?: Readonly<Record<string, unknown>>;
}

type AlgorithmName = keyof typeof coseAlgorithms;
const coseAlgorithms = { PS256: -37, PS384: -38, PS512: -39, ES256: -7, ES384: -35, ES512: -36 } as const;
const bySize: Readonly<Record<string, AlgorithmName>> = {
  2048: 'PS256',
  3072: 'PS384',
  4096: 'PS512',
  prime256v1: 'ES256',
  secp384r1: 'ES384',
  secp521r1: 'ES512',
};

function algorithmOf(key: KeyObject): AlgorithmName {
  const { modulusLength, namedCurve } = key.asymmetricKeyDetails ?? {};
  return bySize[String(modulusLength ?? namedCurve)] ?? 'PS256';
}

export function signedBy(key: KeyObject, bytes: Uint8Array): Buffer {
  const hash = `sha${algorithmOf(key).slice(2)}`;
  if (key.asymmetricKeyType === 'ed25519') return sign(null, bytes, key);
  return key.asymmetricKeyType === 'rsa'
    ? sign(hash, bytes, {
        key,
        padding: constants.RSA_PKCS1_PSS_PADDING,
        saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
      })
    : sign(hash, bytes, { key, dsaEncoding: 'ieee-p1363' });
}

function keyOf({ chain }: EnvelopeShape): KeyObject {
  const [leaf] = chain;
  if (leaf === undefined) throw new Error('the envelope has no leaf');
  return leaf.privateKey;
}

const present = (attributes: Readonly<Record<string, unknown>>) =>
  Object.entries(attributes).filter(([, value]) => value !== undefined);

const payloadType = 'application/vnd.cncf.notary.payload.v1+json';

/** The members of a JWS, before they become text, so that a test can change each. */
export interface Jws {
  readonly payload: string;
  readonly protected: string;
  readonly header: Readonly<Record<string, unknown>>;
  readonly signature: string;
}

export function jwsOf(shape: EnvelopeShape): Jws {
  const { attributes = {}, payload = payloadOf(), chain, unprotected = {}, stamp } = shape;
  const names = Object.keys(attributes).filter((each) => each !== signingTime && attributes[each] !== undefined);
  const header = Object.fromEntries(
    present({
      alg: shape.algorithm ?? algorithmOf(keyOf(shape)),
      cty: payloadType,
      crit: shape.critical ?? [scheme, ...names.filter((each) => each !== scheme && each !== 'cty')],
      [scheme]: 'notary.x509',
      [signingTime]: signedAt.toISOString(),
      ...attributes,
    }).map(([name, value]) => [name, value instanceof Date ? value.toISOString() : value]),
  );
  const protectedText = Buffer.from(JSON.stringify(header)).toString('base64url');
  const payloadText = Buffer.from(payload).toString('base64url');
  const signature = signedBy(keyOf(shape), Buffer.from(`${protectedText}.${payloadText}`));
  return {
    payload: payloadText,
    protected: protectedText,
    header: {
      x5c: chain.map(({ der }) => der.toString('base64')),
      ...(stamp === undefined ? {} : { [timestampName]: stamp(signature).toString('base64') }),
      ...unprotected,
    },
    signature: signature.toString('base64url'),
  };
}

/** An envelope that goes to the engine. */
export const jose = (jws: unknown) => ({
  mediaType: 'application/jose+json',
  bytes: Buffer.from(typeof jws === 'string' ? jws : JSON.stringify(jws)),
});

export interface Cose {
  readonly header: Buffer;
  readonly unprotected: Buffer;
  readonly payload: Buffer;
  readonly signature: Buffer;
}

export function coseOf(shape: EnvelopeShape): Cose {
  const { attributes = {}, payload = payloadOf(), chain, unprotected = {}, stamp } = shape;
  const names = Object.keys(attributes).filter((each) => each !== signingTime && attributes[each] !== undefined);
  const header = cborMap([
    [1, shape.algorithm ?? coseAlgorithms[algorithmOf(keyOf(shape))]],
    [2, shape.critical ?? [scheme, ...names.filter((each) => each !== scheme)]],
    [3, payloadType],
    ...present({ [scheme]: 'notary.x509', [signingTime]: signedAt, ...attributes }),
  ]);
  const signature = signedBy(
    keyOf(shape),
    Buffer.concat([
      Buffer.from([0x84]),
      cbor('Signature1'),
      cbor(header),
      cbor(Buffer.alloc(0)),
      cbor(Buffer.from(payload)),
    ]),
  );
  return {
    header,
    unprotected: cborMap([
      [33, chain.map(({ der }) => der)],
      ...(stamp === undefined ? [] : [[timestampName, stamp(signature)] as const]),
      ...Object.entries(unprotected),
    ]),
    payload: Buffer.from(payload),
    signature,
  };
}

export const cose = ({ header, unprotected, payload, signature }: Cose) => ({
  mediaType: 'application/cose',
  bytes: Buffer.concat([Buffer.from([0xd2, 0x84]), cbor(header), unprotected, cbor(payload), cbor(signature)]),
});

/** Encodes what envelopes hold, by RFC 8949 alone. */
export function cbor(value: unknown): Buffer {
  if (Buffer.isBuffer(value)) return Buffer.concat([head(2, value.length), value]);
  if (typeof value === 'string') return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)]);
  if (typeof value === 'number') return value < 0 ? head(1, -1 - value) : head(0, value);
  if (value instanceof Date) return Buffer.concat([head(6, 1), head(0, value.getTime() / 1000)]);
  if (Array.isArray(value)) return Buffer.concat([head(4, value.length), ...value.map(cbor)]);
  throw new Error('nothing else is in an envelope');
}

export function cborMap(entries: readonly (readonly [unknown, unknown])[]): Buffer {
  return Buffer.concat([head(5, entries.length), ...entries.flatMap(([key, value]) => [cbor(key), cbor(value)])]);
}

function head(major: number, value: number): Buffer {
  if (value < 24) return Buffer.from([(major << 5) | value]);
  const width = value < 0x100 ? 1 : value < 0x1_0000 ? 2 : 4;
  const bytes = Buffer.alloc(1 + width);
  bytes[0] = (major << 5) | (width === 1 ? 24 : width === 2 ? 25 : 26);
  bytes.writeUIntBE(value, 1, width);
  return bytes;
}
