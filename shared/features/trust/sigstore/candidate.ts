import { createHash, X509Certificate } from 'node:crypto';
import type { Bundle } from '@sigstore/bundle';
import { bundleFromJSON } from '@sigstore/bundle';
import type { z } from 'zod';
import { defined } from '../../../core/documents/defined.ts';
import { JsonOutOfBounds, parseJson } from '../../../core/oci/json.ts';
import { boundedBundleSchema, envelopeSchema, loggedKindSchema, promiseSchema, stampSchema } from './bundle-bounds.ts';
import { readCertificatePem } from './certificate.ts';
import type { Signed } from './content.ts';
import { isDigestOf } from './content.ts';
import type { SigstoreLayer } from './evidence.ts';
import { maxLayerBytes } from './evidence.ts';
import { quoted } from './quoted.ts';

export type LogEntry = Bundle['verificationMaterial']['tlogEntries'][number];

/** A signature with all that came with it. Nothing of it is proven yet. */
export interface SigstoreCandidate {
  readonly is: 'candidate';
  readonly signed: Signed;
  readonly signature: Buffer;
  /** The certificate's DER; absent for a bare key. */
  readonly certificate?: Buffer;
  readonly logEntries: readonly LogEntry[];
  readonly timestamps: readonly Buffer[];
  /** The bytes that the timestamps are about. */
  readonly stamped: Buffer;
}

export interface Unreadable {
  readonly is: 'unreadable';
  readonly reason: string;
}

/** Thrown inside of this file, where the reason ends the reading. */
class ReadingFault extends Error {}

/**
 * Reads a layer's bytes. All that is wrong with them is a reason; nothing is thrown. A bundle may sign the manifest's
 * own bytes, which `manifest` are: without them such a bundle is unreadable. Cosign writes no such bundle about images.
 */
export function readSigstoreLayer(
  layer: SigstoreLayer,
  bytes: Uint8Array,
  manifest?: Uint8Array,
): SigstoreCandidate | Unreadable {
  try {
    // The size comes first: a parsed document takes many times its bytes.
    if (bytes.length > maxLayerBytes)
      throw new ReadingFault(`It has ${bytes.length} bytes, but a signature may have ${maxLayerBytes}.`);
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    switch (layer.kind) {
      case 'simple-signing':
        return simpleSigning(layer.descriptor.annotations ?? {}, buffer);
      case 'envelope':
        return envelope(layer.descriptor.annotations ?? {}, buffer);
      case 'bundle':
        return candidateOf(
          parsed(boundedBundleSchema, jsonOf(buffer, 'The bundle'), 'The bundle'),
          manifest === undefined ? {} : { bytes: { is: 'manifest', payload: Buffer.from(manifest) } },
        );
    }
  } catch (error) {
    if (error instanceof ReadingFault) return { is: 'unreadable', reason: error.message };
    return { is: 'unreadable', reason: `The signature cannot be read: ${quoted(String(error))}.` };
  }
}

/** Cosign's older signatures: the layer is the payload, and annotations hold the proof. */
function simpleSigning(annotations: Annotations, payload: Buffer): SigstoreCandidate {
  const signature = annotation(annotations, 'dev.cosignproject.cosign/signature');
  if (signature === undefined)
    throw new ReadingFault('The layer has no annotation dev.cosignproject.cosign/signature.');
  const digest = createHash('sha256').update(payload).digest('base64');
  return candidateOf(
    legacyBundle(annotations, {
      messageSignature: { messageDigest: { algorithm: 'SHA2_256', digest }, signature },
    }),
    { bytes: { is: 'simple-signing', payload } },
  );
}

/** Cosign's older attestations: the layer is a DSSE envelope. Their timestamps are about all of its bytes. */
function envelope(annotations: Annotations, bytes: Buffer): SigstoreCandidate {
  const { payload, payloadType, signatures } = parsed(envelopeSchema, jsonOf(bytes, 'The envelope'), 'The envelope');
  const dsseEnvelope = { payload, payloadType, signatures: signatures.map(({ sig }) => ({ sig, keyid: '' })) };
  return candidateOf(legacyBundle(annotations, { dsseEnvelope }), { stamped: bytes });
}

type Annotations = Readonly<Record<string, string>>;

const certificateAnnotation = 'dev.sigstore.cosign/certificate';
const promiseAnnotation = 'dev.sigstore.cosign/bundle';
const stampAnnotation = 'dev.sigstore.cosign/rfc3161timestamp';

function annotation(annotations: Annotations, name: string): string | undefined {
  const text = Object.hasOwn(annotations, name) ? annotations[name] : undefined;
  return text === undefined || text === '' ? undefined : text;
}

/**
 * Makes of annotations what today's tools write, so that one engine verifies both. Only version 0.1 of the bundle may
 * have a log's promise without its proof.
 */
function legacyBundle(annotations: Annotations, content: object): BoundedBundle {
  const certificate = annotation(annotations, certificateAnnotation);
  const promise = annotation(annotations, promiseAnnotation);
  const stamp = annotation(annotations, stampAnnotation);
  const bundle = {
    mediaType: 'application/vnd.dev.sigstore.bundle+json;version=0.1',
    verificationMaterial: {
      ...(certificate === undefined ? { publicKey: { hint: '' } } : { x509CertificateChain: chainOf(certificate) }),
      tlogEntries: promise === undefined ? [] : [promisedEntry(promise)],
      timestampVerificationData: { rfc3161Timestamps: stamp === undefined ? [] : [stampIn(stamp)] },
    },
    ...content,
  };
  return parsed(boundedBundleSchema, bundle, "The layer's annotations");
}

/** Takes the certificate alone: the chain beside it proves nothing, because the trusted root has its own. */
function chainOf(pem: string): object {
  const der = readCertificatePem(pem);
  if (der === undefined) throw new ReadingFault(`The annotation ${certificateAnnotation} is not a certificate in PEM.`);
  return { certificates: [{ rawBytes: der.toString('base64') }] };
}

function promisedEntry(text: string): object {
  const what = `The annotation ${promiseAnnotation}`;
  const { SignedEntryTimestamp, Payload } = parsed(promiseSchema, jsonOf(Buffer.from(text), what), what);
  const body = Buffer.from(Payload.body, 'base64');
  const { kind, apiVersion } = parsed(loggedKindSchema, jsonOf(body, `${what}'s body`), `${what}'s body`);
  return {
    logIndex: String(Payload.logIndex),
    logId: { keyId: Buffer.from(Payload.logID, 'hex').toString('base64') },
    kindVersion: { kind, version: apiVersion },
    integratedTime: String(Payload.integratedTime),
    inclusionPromise: { signedEntryTimestamp: SignedEntryTimestamp },
    canonicalizedBody: Payload.body,
  };
}

function stampIn(text: string): object {
  const what = `The annotation ${stampAnnotation}`;
  return { signedTimestamp: parsed(stampSchema, jsonOf(Buffer.from(text), what), what).SignedRFC3161Timestamp };
}

type BoundedBundle = z.infer<typeof boundedBundleSchema>;

function candidateOf(bounded: BoundedBundle, of: { bytes?: SignedBytes; stamped?: Buffer } = {}): SigstoreCandidate {
  const { content, verificationMaterial } = bundleOf(bounded);
  const { signed, signature } = signedIn(content, of.bytes);
  refuseRoots(verificationMaterial.content);
  const stamps = verificationMaterial.timestampVerificationData?.rfc3161Timestamps ?? [];
  return defined({
    is: 'candidate' as const,
    signed,
    signature,
    certificate: certificateIn(verificationMaterial.content),
    logEntries: verificationMaterial.tlogEntries,
    timestamps: stamps.map(({ signedTimestamp }) => signedTimestamp),
    stamped: of.stamped ?? signature,
  });
}

function bundleOf(bounded: BoundedBundle): Bundle {
  try {
    return bundleFromJSON(withoutBareProofs(bounded));
  } catch (error) {
    throw new ReadingFault(`The bundle is not valid as ${bounded.mediaType}: ${quoted(String(error))}.`);
  }
}

/**
 * Leaves out proofs of inclusion without a signed checkpoint where the log has promised the entry, as the first bundles
 * have it: such a proof proves nothing, and the promise is enough.
 */
function withoutBareProofs(bounded: BoundedBundle): BoundedBundle {
  const tlogEntries = bounded.verificationMaterial.tlogEntries?.map(({ inclusionProof, ...entry }) => {
    const isBare = inclusionProof?.checkpoint === undefined && (entry.inclusionPromise ?? undefined) !== undefined;
    return isBare ? entry : { ...entry, inclusionProof };
  });
  return { ...bounded, verificationMaterial: { ...bounded.verificationMaterial, tlogEntries } };
}

/** A bundle that brings its own root hopes for a reader who trusts it; the format forbids it. */
function refuseRoots(content: Bundle['verificationMaterial']['content']): void {
  if (content.$case !== 'x509CertificateChain') return;
  for (const { rawBytes } of content.x509CertificateChain.certificates.slice(1)) {
    const { subject, issuer } = new X509Certificate(rawBytes);
    if (subject === issuer)
      throw new ReadingFault('The bundle brings a root certificate, which must come from the trusted root.');
  }
}

type SignedBytes = Exclude<Signed, { is: 'envelope' }>;

function signedIn(content: Bundle['content'], bytes: SignedBytes | undefined): { signed: Signed; signature: Buffer } {
  if (content.$case === 'messageSignature') {
    if (bytes === undefined) throw new ReadingFault('The bundle signs bytes that are not at hand, and no statement.');
    const { messageDigest, signature } = content.messageSignature;
    if (!isDigestOf(messageDigest.digest, bytes.payload))
      throw new ReadingFault('The bundle is about other bytes than the manifest (messageDigest).');
    return { signed: bytes, signature };
  }
  const { payloadType, payload: statement, signatures } = content.dsseEnvelope;
  const [first] = signatures;
  if (first === undefined) throw new ReadingFault('The envelope has no signature.');
  return { signed: { is: 'envelope', payloadType, payload: statement }, signature: first.sig };
}

function certificateIn(content: Bundle['verificationMaterial']['content']): Buffer | undefined {
  switch (content.$case) {
    case 'publicKey':
      return undefined;
    case 'certificate':
      return content.certificate.rawBytes;
    case 'x509CertificateChain':
      return content.x509CertificateChain.certificates[0]?.rawBytes;
  }
}

function jsonOf(bytes: Buffer, what: string): unknown {
  try {
    return parseJson(bytes);
  } catch (error) {
    throw new ReadingFault(error instanceof JsonOutOfBounds ? `${what} is ${error.allowed}.` : `${what} is not JSON.`);
  }
}

function parsed<T>(schema: z.ZodType<T>, json: unknown, what: string): T {
  const read = schema.safeParse(json);
  if (read.success) return read.data;
  const [first] = read.error.issues;
  const at = first === undefined || first.path.length === 0 ? 'as a whole' : `at ${quoted(first.path.join('.'))}`;
  throw new ReadingFault(`${what} is not as it must be ${at}: ${quoted(first?.message ?? '')}.`);
}
