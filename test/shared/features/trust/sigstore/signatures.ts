import { sign } from 'node:crypto';
import { dsse } from '@sigstore/core';
import type { Descriptor } from '../../../../../shared/core/oci/descriptor.ts';
import { digestOf } from '../../../../../shared/core/oci/digest.ts';
import type { SignedManifest } from '../../../../../shared/features/trust/outcome.ts';
import type { SigstoreCandidate, Unreadable } from '../../../../../shared/features/trust/sigstore/candidate.ts';
import { readSigstoreLayer } from '../../../../../shared/features/trust/sigstore/candidate.ts';
import type { SigstoreLayer } from '../../../../../shared/features/trust/sigstore/evidence.ts';
import type { Entry, Identity, Instance, KeyPair } from './instance.ts';
import { base64, certificatePem, envelopeBy, pemOf, sha256, stampOf, statementType } from './instance.ts';

export const manifestBytes = Buffer.from('{"schemaVersion":2,"the":"image"}');
export const manifest: SignedManifest = {
  digest: digestOf(manifestBytes),
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  size: manifestBytes.length,
};
export const otherDigest = digestOf(Buffer.from('another image'));

const plainType = 'https://sigstore.dev/cosign/sign/v1';
export const spdxType = 'https://spdx.dev/Document';

export function statementOf(
  digest: string = manifest.digest,
  predicateType = plainType,
  predicate: unknown = {},
): Buffer {
  const [algorithm = '', hex = ''] = digest.split(':');
  return Buffer.from(
    JSON.stringify({
      _type: 'https://in-toto.io/Statement/v1',
      subject: [{ name: '', digest: { [algorithm]: hex } }],
      predicateType,
      predicate,
    }),
  );
}

export function simpleSigningOf(digest: string = manifest.digest, type = 'cosign container image signature'): Buffer {
  const identity = { 'docker-reference': 'registry.example/acme/app' };
  return Buffer.from(
    JSON.stringify({ critical: { identity, image: { 'docker-manifest-digest': digest }, type }, optional: null }),
  );
}

export const layerOf = (kind: SigstoreLayer['kind'], bytes: Uint8Array, annotations: Record<string, string> = {}) => ({
  kind,
  descriptor: { mediaType: 'application/json', digest: digestOf(bytes), size: bytes.length, annotations } as Descriptor,
});

export type Candidate = SigstoreCandidate | Unreadable;

export function bundleCandidate(bundle: unknown): Candidate {
  const bytes = Buffer.from(JSON.stringify(bundle));
  return readSigstoreLayer(layerOf('bundle', bytes), bytes);
}

export function legacyCandidate(payload: Uint8Array, annotations: Record<string, string>): Candidate {
  return readSigstoreLayer(layerOf('simple-signing', payload, annotations), payload);
}

const v03 = 'application/vnd.dev.sigstore.bundle.v0.3+json';

/** A bundle as `cosign sign --key` writes it, without a log. */
export const keyBundle = (keyPair: KeyPair, payload = statementOf()) => ({
  mediaType: v03,
  verificationMaterial: { publicKey: { hint: 'any' } },
  dsseEnvelope: envelopeBy(keyPair, payload),
});

export interface Keyless {
  readonly payload?: Buffer;
  readonly payloadType?: string;
  /** The kind and version of the log's entry; none without a log. */
  readonly entry?: 'dsse-1' | 'intoto-1' | 'dsse-2' | 'hashedrekord-2' | 'none';
  readonly at?: Date;
  readonly isStamped?: boolean;
  /** The certificate that the entry was made with. */
  readonly logged?: Buffer;
}

const pemIn = (der: Buffer) => base64(certificatePem(der));
const verifierOf = (der: Buffer) => ({
  keyDetails: 'PKIX_ECDSA_P256_SHA_256',
  x509Certificate: { rawBytes: base64(der) },
});

function bodyOf(kind: string, payload: Buffer, payloadType: string, sig: string, certificate: Buffer) {
  const hash = { algorithm: 'sha256', value: sha256(payload).toString('hex') };
  const digest = { algorithm: 'SHA2_256', digest: base64(sha256(payload)) };
  const pae = { algorithm: 'SHA2_256', digest: base64(sha256(dsse.preAuthEncoding(payloadType, payload))) };
  const verifier = verifierOf(certificate);
  const signatures = [{ sig: base64(sig), publicKey: pemIn(certificate) }];
  const specs: Record<string, object> = {
    'dsse-1': { payloadHash: hash, signatures: [{ signature: sig, verifier: pemIn(certificate) }] },
    'intoto-1': { content: { envelope: { payloadType, signatures }, payloadHash: hash } },
    'dsse-2': { dsseV002: { payloadHash: digest, signatures: [{ content: sig, verifier }] } },
    'hashedrekord-2': { hashedRekordV002: { data: pae, signature: { content: sig, verifier } } },
  };
  const [name = ''] = kind.split('-');
  return { kind: name, apiVersion: kind === 'dsse-1' ? '0.0.1' : '0.0.2', spec: specs[kind] };
}

/** A bundle by an identity, as `cosign sign` and GitHub's attestations write it. */
export async function identityBundle(instance: Instance, { keyPair, certificate }: Identity, how: Keyless = {}) {
  const { payload = statementOf(), payloadType = statementType, entry = 'dsse-1', at = new Date() } = how;
  const dsseEnvelope = envelopeBy(keyPair, payload, payloadType);
  const sig = dsseEnvelope.signatures[0]?.sig ?? '';
  const body = bodyOf(entry, payload, payloadType, sig, how.logged ?? certificate);
  const isSecond = entry.endsWith('-2');
  const tlogEntries: Entry[] = entry === 'none' ? [] : [instance.log.add(body, isSecond ? 2 : 1, at)];
  const isStamped = how.isStamped ?? isSecond;
  const signedTimestamp = await stampOf(instance, Buffer.from(sig, 'base64'));
  return {
    mediaType: v03,
    verificationMaterial: {
      certificate: { rawBytes: base64(certificate) },
      tlogEntries,
      timestampVerificationData: { rfc3161Timestamps: isStamped ? [{ signedTimestamp }] : [] },
    },
    dsseEnvelope,
  };
}

/** The annotation in which cosign keeps what the log promised. */
function promiseOf({ inclusionPromise, canonicalizedBody, integratedTime, logId, logIndex }: Entry): string {
  return JSON.stringify({
    SignedEntryTimestamp: inclusionPromise?.signedEntryTimestamp,
    Payload: {
      body: canonicalizedBody,
      integratedTime: Number(integratedTime),
      logIndex: Number(logIndex),
      logID: Buffer.from(logId.keyId, 'base64').toString('hex'),
    },
  });
}

const hashedRekord = (payload: Buffer, sig: string, verifier: string) => ({
  kind: 'hashedrekord',
  apiVersion: '0.0.1',
  spec: {
    data: { hash: { algorithm: 'sha256', value: sha256(payload).toString('hex') } },
    signature: { content: sig, publicKey: { content: verifier } },
  },
});

const signatureAnnotation = 'dev.cosignproject.cosign/signature';

/** The annotations of a signature by a key, as `cosign sign --key` of the versions 1 and 2 write them. */
export function keyAnnotations(keyPair: KeyPair, payload: Buffer, log?: Instance['log']): Record<string, string> {
  const sig = base64(sign('sha256', payload, keyPair.privateKey));
  if (log === undefined) return { [signatureAnnotation]: sig };
  const entry = log.add(hashedRekord(payload, sig, base64(pemOf(keyPair))), 1, new Date());
  return { [signatureAnnotation]: sig, 'dev.sigstore.cosign/bundle': promiseOf(entry) };
}

/** The annotations of a signature by an identity, as the versions 1 and 2 of cosign write them. */
export function identityAnnotations(
  instance: Instance,
  { keyPair, certificate }: Identity,
  payload: Buffer,
  at = new Date(),
) {
  const sig = base64(sign('sha256', payload, keyPair.privateKey));
  return {
    [signatureAnnotation]: sig,
    'dev.sigstore.cosign/certificate': certificatePem(certificate),
    'dev.sigstore.cosign/chain': certificatePem(certificate),
    'dev.sigstore.cosign/bundle': promiseOf(instance.log.add(hashedRekord(payload, sig, pemIn(certificate)), 1, at)),
  };
}

/** An attestation of cosign's versions 1 and 2: an envelope as a layer, with the proof in annotations. */
export async function legacyAttestation(
  instance: Instance,
  { keyPair, certificate }: Identity,
  payload: Buffer,
  isStamped: boolean,
) {
  const envelope = envelopeBy(keyPair, payload);
  const bytes = Buffer.from(JSON.stringify(envelope));
  const body = bodyOf('intoto-1', payload, statementType, envelope.signatures[0]?.sig ?? '', certificate);
  const annotations: Record<string, string> = {
    predicateType: spdxType,
    [signatureAnnotation]: '',
    'dev.sigstore.cosign/certificate': certificatePem(certificate),
    'dev.sigstore.cosign/bundle': promiseOf(instance.log.add(body, 1, new Date())),
  };
  if (isStamped)
    annotations['dev.sigstore.cosign/rfc3161timestamp'] = JSON.stringify({
      SignedRFC3161Timestamp: await stampOf(instance, bytes),
    });
  return readSigstoreLayer(layerOf('envelope', bytes, annotations), bytes);
}
