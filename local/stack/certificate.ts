// The library finds its parts by decorators, which need this import.
import 'reflect-metadata';
import { createPrivateKey, webcrypto, X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';
import type { StateFolder } from './state-folder.ts';

export interface OwnCertificate {
  /** The certificate of the server in PEM, and behind it the authority's. */
  readonly certificate: string;
  /** The key in PEM, PKCS 8. */
  readonly key: string;
  /** The authority's certificate alone, for clients to trust. */
  readonly authorityFile: string;
  /** True when clients that trusted an earlier one have to trust this one. */
  readonly isNew: boolean;
}

const dayMs = 24 * 60 * 60 * 1000;
/** Apple's clients refuse certificates of servers that hold longer than 398 days. */
const lifetimeDays = 397;
/** A certificate that ends within fewer days is replaced when the stack starts. */
const minDays = 30;

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/**
 * Makes a certificate for `names`, and the certificate of the authority that signed it, and keeps them in the state
 * folder. The authority's key is forgotten at once: a client that trusts it trusts this one certificate, and nobody who
 * gets hold of the folder can make one for another name.
 */
export async function ownCertificate(
  state: StateFolder,
  names: readonly string[],
  now = new Date(),
): Promise<OwnCertificate> {
  mkdirSync(state.file('tls'), { recursive: true, mode: 0o700 });
  const [path, authorityFile] = [state.file('tls/server.pem'), state.file('tls/ca.pem')];
  const before = existsSync(path) ? partsOf(readFileSync(path, 'utf8')) : undefined;
  const isGood = before !== undefined && holds(before, names, now);
  const { key, certificates } = isGood ? before : await make(names, now);
  // One file holds key and certificates, so that no crash leaves a key beside another's certificate.
  if (!isGood) write(path, [key, ...certificates].join(''));
  write(authorityFile, certificates.at(-1) ?? '');
  return { key, certificate: certificates.join(''), authorityFile, isNew: !isGood };
}

interface Parts {
  readonly key: string;
  /** The certificates of the server, then of the authority. */
  readonly certificates: readonly string[];
}

/** Splits the file into its parts; `undefined` where it is not whole. */
function partsOf(text: string): Parts | undefined {
  const blocks = text.match(/-----BEGIN [A-Z ]+-----[^-]+-----END [A-Z ]+-----\n/g) ?? [];
  const [key, ...certificates] = blocks;
  return key === undefined || certificates.length !== 2 ? undefined : { key, certificates };
}

function holds({ key, certificates }: Parts, names: readonly string[], now: Date): boolean {
  try {
    const [server, authority] = certificates.map((each) => new X509Certificate(each));
    if (server === undefined || authority === undefined) return false;
    const isFor = (name: string) => (isIP(name) === 0 ? server.checkHost(name) : server.checkIP(name)) !== undefined;
    return (
      server.checkPrivateKey(createPrivateKey(key)) &&
      server.verify(authority.publicKey) &&
      server.validToDate.getTime() - now.getTime() > minDays * dayMs &&
      names.every(isFor)
    );
  } catch {
    return false;
  }
}

async function make(names: readonly string[], now: Date): Promise<Parts> {
  const [authorityKeys, serverKeys] = await Promise.all([newKeys(), newKeys()]);
  const usual = {
    notBefore: new Date(now.getTime() - dayMs),
    notAfter: new Date(now.getTime() + lifetimeDays * dayMs - dayMs),
    signingAlgorithm: algorithm,
  };
  const issuer = [{ CN: [`Longshore of this machine, for ${names[0] ?? ''}`.slice(0, 64)] }];
  const authority = await X509CertificateGenerator.createSelfSigned({
    ...usual,
    name: issuer,
    keys: authorityKeys,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign, true),
      await SubjectKeyIdentifierExtension.create(authorityKeys.publicKey),
    ],
  });
  const server = await X509CertificateGenerator.create({
    ...usual,
    subject: [{ CN: ['Longshore'] }],
    issuer,
    publicKey: serverKeys.publicKey,
    signingKey: authorityKeys.privateKey,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension(names.map((value) => ({ type: isIP(value) === 0 ? 'dns' : 'ip', value }))),
      await SubjectKeyIdentifierExtension.create(serverKeys.publicKey),
      await AuthorityKeyIdentifierExtension.create(authorityKeys.publicKey),
    ],
  });
  const key = createPrivateKey({
    key: Buffer.from(await webcrypto.subtle.exportKey('pkcs8', serverKeys.privateKey)),
    format: 'der',
    type: 'pkcs8',
  });
  return {
    key: key.export({ format: 'pem', type: 'pkcs8' }).toString(),
    certificates: [server, authority].map((each) => `${each.toString('pem').trim()}\n`),
  };
}

function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
}

/** Writes a file whole or not at all, whenever the process is killed, and for this user alone. */
function write(path: string, text: string): void {
  writeFileSync(`${path}.new`, text, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}
