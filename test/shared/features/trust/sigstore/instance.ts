import type { KeyObject } from 'node:crypto';
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { dsse, json } from '@sigstore/core';
import type { CA } from '@sigstore/mock/dist/fulcio/index.js';
import { initializeCA, initializeCTLog } from '@sigstore/mock/dist/fulcio/index.js';
import { initializeTSA } from '@sigstore/mock/dist/timestamp/index.js';
import type { SigstoreTrust } from '../../../../../shared/features/trust/sigstore/trusted-root.ts';
import { readTrustedRoot } from '../../../../../shared/features/trust/sigstore/trusted-root.ts';

export interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

export const ecKeyPair = (namedCurve = 'P-256'): KeyPair => generateKeyPairSync('ec', { namedCurve });

export const base64 = (bytes: Uint8Array | string): string => Buffer.from(bytes).toString('base64');
export const bufferOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Buffer =>
  Buffer.from(buffer, byteOffset, byteLength);
export const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest();
export const spkiOf = ({ publicKey }: KeyPair): Buffer => publicKey.export({ format: 'der', type: 'spki' });
export const pemOf = ({ publicKey }: KeyPair): string => publicKey.export({ format: 'pem', type: 'spki' }).toString();

export function certificatePem(der: Uint8Array): string {
  const lines = base64(der).match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}

/** An entry of a log, in the JSON of a bundle. */
export interface Entry {
  logIndex: string;
  logId: { keyId: string };
  kindVersion: { kind: string; version: string };
  integratedTime?: string;
  inclusionPromise?: { signedEntryTimestamp: string };
  inclusionProof?: {
    logIndex: string;
    rootHash: string;
    treeSize: string;
    hashes: string[];
    checkpoint: { envelope: string };
  };
  canonicalizedBody: string;
}

const host = 'log.example';

/**
 * A transparency log with one entry in its tree. `@sigstore/mock` has one too, but it logs a request for an entry as it
 * came, and verifiers read what a log makes of it.
 */
class TestLog {
  readonly keyPair = ecKeyPair();
  readonly id = sha256(spkiOf(this.keyPair));

  /** Logs as the first version of Rekor does, with a promise, a time and a proof; the second has the proof alone. */
  add(body: { kind: string; apiVersion: string }, version: 1 | 2, at: Date): Entry {
    const canonical = Buffer.from(json.canonicalize(body));
    const common = {
      logIndex: '7',
      logId: { keyId: base64(this.id) },
      kindVersion: { kind: body.kind, version: body.apiVersion },
      inclusionProof: this.#proof(canonical),
      canonicalizedBody: base64(canonical),
    };
    if (version === 2) return common;
    const integratedTime = Math.floor(at.getTime() / 1000);
    const promised = { body: base64(canonical), integratedTime, logIndex: 7, logID: this.id.toString('hex') };
    const promise = sign('sha256', Buffer.from(json.canonicalize(promised)), this.keyPair.privateKey);
    return {
      ...common,
      integratedTime: String(integratedTime),
      inclusionPromise: { signedEntryTimestamp: base64(promise) },
    };
  }

  #proof(body: Buffer): NonNullable<Entry['inclusionProof']> {
    const rootHash = base64(sha256(Buffer.concat([Buffer.from([0]), body])));
    const note = `${host}\n1\n${rootHash}\n`;
    const signed = Buffer.concat([this.id.subarray(0, 4), sign('sha256', Buffer.from(note), this.keyPair.privateKey)]);
    const envelope = `${note}\n\u2014 ${host} ${base64(signed)}\n`;
    return { logIndex: '0', rootHash, treeSize: '1', hashes: [], checkpoint: { envelope } };
  }
}

/** Everything that signs in an instance of sigstore, and the trusted root that names it. */
export interface Instance {
  readonly ca: CA;
  readonly log: TestLog;
  readonly tsa: Awaited<ReturnType<typeof initializeTSA>>;
  readonly root: Record<string, unknown>;
  readonly trust: SigstoreTrust;
  /** Issues a certificate at another time than now. */
  readonly caAt: (clock: Date) => Promise<{ ca: CA; trust: SigstoreTrust }>;
}

export function trustOf(root: Record<string, unknown>): SigstoreTrust {
  const read = readTrustedRoot(Buffer.from(JSON.stringify(root)), 'own');
  if (read.is === 'refused') throw new Error(read.reason);
  return read.trust;
}

const longAgo = { start: '2020-01-01T00:00:00Z' };

const authority = (...chain: ArrayBufferView[]) => ({
  subject: { organization: 'tests', commonName: 'tests' },
  uri: 'https://ca.example',
  certChain: {
    certificates: chain.map((each) => ({
      rawBytes: base64(bufferOf(each)),
    })),
  },
  validFor: longAgo,
});

const publicLog = (key: Buffer, keyId: Buffer) => ({
  baseUrl: `https://${host}`,
  hashAlgorithm: 'SHA2_256',
  publicKey: { rawBytes: base64(key), keyDetails: 'PKIX_ECDSA_P256_SHA_256', validFor: longAgo },
  logId: { keyId: base64(keyId) },
});

/** Starts an instance of its own keys. */
export async function startInstance(): Promise<Instance> {
  const [caKeys, ctKeys] = [ecKeyPair('P-384'), ecKeyPair()];
  const ct = await initializeCTLog(ctKeys);
  const ca = await initializeCA(caKeys, ct);
  // A time in whole seconds: of fractions the library reads those of three digits alone.
  const tsa = await initializeTSA(ecKeyPair('P-384'), new Date(Math.ceil(Date.now() / 1_000) * 1_000 + 5_000));
  const log = new TestLog();
  const rootWith = (authorityOf: CA) => ({
    mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
    tlogs: [publicLog(spkiOf(log.keyPair), log.id)],
    ctlogs: [publicLog(ct.publicKey, Buffer.from(sha256(ct.publicKey)))],
    certificateAuthorities: [authority(authorityOf.rootCertificate)],
    timestampAuthorities: [authority(tsa.intCertificate, tsa.rootCertificate)],
  });
  const root = rootWith(ca);
  return {
    ca,
    log,
    tsa,
    root,
    trust: trustOf(root),
    caAt: async (clock) => {
      const other = await initializeCA(caKeys, ct, clock);
      return { ca: other, trust: trustOf(rootWith(other)) };
    },
  };
}

const sha256Oid = '2.16.840.1.101.3.4.2.1';

export async function stampOf({ tsa }: Pick<Instance, 'tsa'>, bytes: Uint8Array): Promise<string> {
  const stamp = await tsa.timestamp({
    artifactHash: sha256(bytes),
    hashAlgorithmOID: sha256Oid,
    nonce: 1,
    policyOID: '1.3.6.1.4.1.57264.2',
  });
  return base64(bufferOf(stamp));
}

export const workflow = 'https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1.2.3';
export const githubIssuer = 'https://token.actions.githubusercontent.com';

const fulcio = (number: number) => `1.3.6.1.4.1.57264.1.${number}`;

/** Fulcio's extensions of a workflow's certificate. */
export const workflowExtensions = (issuer = githubIssuer) => [
  { oid: fulcio(1), value: issuer, legacy: true },
  { oid: fulcio(2), value: 'push', legacy: true },
  { oid: fulcio(4), value: 'Release', legacy: true },
  { oid: fulcio(5), value: 'acme/app', legacy: true },
  { oid: fulcio(6), value: 'refs/tags/v1.2.3', legacy: true },
  { oid: fulcio(8), value: issuer },
  { oid: fulcio(12), value: 'https://github.com/acme/app' },
  { oid: fulcio(13), value: 'a'.repeat(40) },
  { oid: fulcio(14), value: 'refs/tags/v1.2.3' },
  { oid: fulcio(23), value: 'production' },
];

export interface Identity {
  readonly keyPair: KeyPair;
  readonly certificate: Buffer;
}

export async function issue(
  ca: CA,
  subject = workflow,
  extensions: ReturnType<typeof workflowExtensions> = workflowExtensions(),
  keyPair = ecKeyPair(),
): Promise<Identity> {
  const publicKey = new Uint8Array(spkiOf(keyPair));
  const issued = await ca.issueCertificate({ publicKey, subjectAltName: subject, extensions });
  return { keyPair, certificate: bufferOf(issued) };
}

export const statementType = 'application/vnd.in-toto+json';

/** Signs a payload in a DSSE envelope. */
export function envelopeBy({ privateKey }: KeyPair, payload: Buffer, payloadType = statementType) {
  const sig = sign('sha256', dsse.preAuthEncoding(payloadType, payload), privateKey);
  return { payloadType, payload: base64(payload), signatures: [{ sig: base64(sig), keyid: '' }] };
}
