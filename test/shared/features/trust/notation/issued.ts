// The library finds its parts by decorators, which need this import.
import 'reflect-metadata';
import { KeyObject, webcrypto, X509Certificate } from 'node:crypto';
import type { JsonName } from '@peculiar/x509';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';

// Other files take these from here, so that the import above comes first.
export { Extension, KeyUsageFlags };

export type KeyName = 'P-256' | 'P-384' | 'P-521' | 'RSA 1024' | 'RSA 2048' | 'RSA 3072' | 'RSA 4096' | 'Ed25519';

export interface Issued {
  readonly name: JsonName;
  readonly der: Buffer;
  readonly pem: string;
  readonly privateKey: KeyObject;
  readonly keys: webcrypto.CryptoKeyPair;
}

export interface CertificateShape {
  readonly name?: JsonName;
  readonly key?: KeyName;
  /** The certificate that signs; without one it signs itself. */
  readonly issuer?: Issued;
  readonly extensions?: readonly Extension[];
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  readonly hash?: string;
}

export const codeSigning = '1.3.6.1.5.5.7.3.3';
export const timeStamping = '1.3.6.1.5.5.7.3.8';

export const usage = (flags: KeyUsageFlags, isCritical = true) => new KeyUsagesExtension(flags, isCritical);
export const purposes = (of: readonly string[], isCritical = false) =>
  new ExtendedKeyUsageExtension([...of], isCritical);
export const constraints = (isAuthority: boolean, pathLength?: number, isCritical = true) =>
  new BasicConstraintsExtension(isAuthority, pathLength, isCritical);

export const leafExtensions: readonly Extension[] = [usage(KeyUsageFlags.digitalSignature), purposes([codeSigning])];
export const authorityExtensions: readonly Extension[] = [
  constraints(true),
  usage(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign),
];
export const stampingExtensions: readonly Extension[] = [
  usage(KeyUsageFlags.digitalSignature),
  purposes([timeStamping], true),
];

const start = new Date('2024-01-01T00:00:00Z');
const end = new Date('2034-01-01T00:00:00Z');

const acme: JsonName = [{ C: ['US'] }, { ST: ['WA'] }, { O: ['acme'] }];
export const nameOf = (commonName: string): JsonName => [...acme, { CN: [commonName] }];

/** Keys of RSA take a second to make, so each size is made once. */
const rsaKeys = new Map<KeyName, Promise<webcrypto.CryptoKeyPair>>();

function keysOf(key: KeyName): Promise<webcrypto.CryptoKeyPair> {
  const isRsa = key.startsWith('RSA');
  const made = rsaKeys.get(key) ?? generate(key);
  if (isRsa) rsaKeys.set(key, made);
  return made;
}

async function generate(key: KeyName): Promise<webcrypto.CryptoKeyPair> {
  const usages: webcrypto.KeyUsage[] = ['sign', 'verify'];
  if (key === 'Ed25519')
    return (await webcrypto.subtle.generateKey('Ed25519', true, usages)) as webcrypto.CryptoKeyPair;
  if (!key.startsWith('RSA')) return webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: key }, true, usages);
  const publicExponent = new Uint8Array([1, 0, 1]);
  const modulusLength = Number(key.slice(4));
  return webcrypto.subtle.generateKey(
    { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength, publicExponent },
    true,
    usages,
  );
}

let serial = 0;

export async function issued(shape: CertificateShape = {}): Promise<Issued> {
  const { name = nameOf('root'), key = 'P-256', issuer, extensions, hash = 'SHA-256' } = shape;
  const keys = await keysOf(key);
  const signer = issuer?.keys ?? keys;
  const isElliptic = signer.privateKey.algorithm.name === 'ECDSA';
  serial += 1;
  const certificate = await X509CertificateGenerator.create(
    {
      serialNumber: serial.toString(16).padStart(8, '0'),
      subject: name,
      issuer: issuer?.name ?? name,
      notBefore: shape.notBefore ?? start,
      notAfter: shape.notAfter ?? end,
      publicKey: keys.publicKey,
      signingKey: signer.privateKey,
      signingAlgorithm: isElliptic ? { name: 'ECDSA', hash } : { name: signer.privateKey.algorithm.name, hash },
      extensions: [...(extensions ?? (issuer === undefined ? authorityExtensions : leafExtensions))],
    },
    webcrypto,
  );
  const der = Buffer.from(certificate.rawData);
  return { name, der, pem: new X509Certificate(der).toString(), privateKey: KeyObject.from(keys.privateKey), keys };
}

/** Makes a leaf and its root, the usual chain. */
export async function chainOfTwo(leaf: CertificateShape = {}): Promise<readonly [Issued, Issued]> {
  const root = await issued();
  return [await issued({ name: nameOf('signer'), issuer: root, ...leaf }), root];
}
