import { z } from 'zod';

/**
 * The shape of a bundle, with a bound for everything that costs the verifying library time: each certificate, entry and
 * timestamp is parsed and verified before a threshold is looked at, and entries are compared with each other.
 */
const certificateBytes = 64 * 1024;
const proofBytes = 64 * 1024;

/**
 * Standard base64 in its one canonical form. Node skips what is no base64 and ignores the unused bits of the last
 * character, so that many texts would stand for the same bytes.
 */
const base64 = (bytes: number) =>
  z
    .string()
    .max(Math.ceil(bytes / 3) * 4)
    .refine((text) => Buffer.from(text, 'base64').toString('base64') === text, 'is not base64');

/** A list whose length is looked at before its elements: naming the faults of a hundred thousand takes seconds. */
const shortList = <T>(element: z.ZodType<T>, most: number) => z.array(z.unknown()).max(most).pipe(z.array(element));

/** Numbers of 64 bits are texts in the JSON of protocol buffers, and may be numbers. */
const wholeNumber = z.union([z.string().regex(/^\d{1,19}$/), z.int().nonnegative()]);

const certificate = z.object({ rawBytes: base64(certificateBytes) });

const inclusionProof = z.object({
  logIndex: wholeNumber.optional(),
  treeSize: wholeNumber.optional(),
  rootHash: base64(64).optional(),
  hashes: shortList(base64(64), 64).optional(),
  checkpoint: z.object({ envelope: z.string().max(proofBytes) }).optional(),
});

const logEntry = z.object({
  logIndex: wholeNumber.optional(),
  logId: z.object({ keyId: base64(64) }),
  kindVersion: z.object({ kind: z.string().max(50), version: z.string().max(50) }),
  integratedTime: wholeNumber.optional(),
  inclusionPromise: z.object({ signedEntryTimestamp: base64(proofBytes) }).nullish(),
  inclusionProof: inclusionProof.nullish(),
  canonicalizedBody: base64(8 * 1024 * 1024),
});

const material = z.object({
  publicKey: z.object({ hint: z.string().max(1_000).optional() }).optional(),
  x509CertificateChain: z.object({ certificates: shortList(certificate, 10) }).optional(),
  certificate: certificate.optional(),
  tlogEntries: shortList(logEntry, 4).nullish(),
  timestampVerificationData: z
    .object({
      rfc3161Timestamps: shortList(z.object({ signedTimestamp: base64(proofBytes) }), 4).nullish(),
    })
    .nullish(),
});

const signature = base64(16 * 1024);

export const envelopeSchema = z.object({
  payloadType: z.string().max(200),
  payload: base64(8 * 1024 * 1024),
  signatures: shortList(z.object({ sig: signature, keyid: z.string().max(1_000).nullish() }), 10),
});

/** A bundle whose parts are few and small enough to be verified. Unknown members are left out. */
export const boundedBundleSchema = z.object({
  mediaType: z.enum([
    'application/vnd.dev.sigstore.bundle.v0.3+json',
    'application/vnd.dev.sigstore.bundle+json;version=0.3',
    'application/vnd.dev.sigstore.bundle+json;version=0.2',
    'application/vnd.dev.sigstore.bundle+json;version=0.1',
  ]),
  verificationMaterial: material,
  messageSignature: z
    .object({
      messageDigest: z.object({ algorithm: z.union([z.string().max(50), z.int()]).optional(), digest: base64(64) }),
      signature,
    })
    .optional(),
  dsseEnvelope: envelopeSchema.optional(),
});

/** The annotation `dev.sigstore.cosign/bundle`: an entry of a log with its promise to include it, and no proof. */
export const promiseSchema = z.object({
  SignedEntryTimestamp: base64(proofBytes),
  Payload: z.object({
    body: base64(1024 * 1024),
    integratedTime: z.int().nonnegative(),
    logIndex: z.int().nonnegative(),
    logID: z.string().regex(/^[0-9a-f]{64}$/),
  }),
});

/** The annotation `dev.sigstore.cosign/rfc3161timestamp`. */
export const stampSchema = z.object({ SignedRFC3161Timestamp: base64(proofBytes) });

export const loggedKindSchema = z.object({ kind: z.string().max(50), apiVersion: z.string().max(50) });
