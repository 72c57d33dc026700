import { z } from 'zod';
import { collection } from '../../core/documents/collection.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import { partitionOf, registrySchema, repositorySchema } from '../../core/documents/names.ts';
import { documentShape } from '../../core/documents/stored.ts';
import { digestSchema } from '../../core/oci/descriptor.ts';
import type { Digest } from '../../core/oci/digest.ts';
import type { RegistryName } from '../../core/oci/name.ts';
import { sealedSchema } from '../../core/secrets/sealed.ts';
import { scannerSettingsSchema } from './adapter/registration.ts';
import { scanResultSchema } from './findings.ts';
import { exceptionSchema } from './policy.ts';

const when = z.iso.datetime();
const sentence = z.string().max(500);
const times = { createdAt: when, updatedAt: when };
type Named = { readonly registry: RegistryName; readonly name: string };

/** An exception for one vulnerability. */
const storedExceptionSchema = z.object({
  ...documentShape('scan-exception'),
  registry: registrySchema,
  name: z.string(),
  settings: exceptionSchema,
  /** The actor that has written it last. */
  by: z.string().max(300),
  ...times,
});
export type StoredException = z.infer<typeof storedExceptionSchema>;

export const exceptions = collection({
  container: 'registries',
  schema: storedExceptionSchema,
  place: ({ registry, name }: Named) => ({ partition: [registry], id: `scan-exception:${name}` }),
});

/** The answer of a scanner to the last question for its metadata. */
const checkSchema = z.object({
  at: when,
  /** The reason why it gave none. What was known before stays. */
  failure: sentence.optional(),
  scanner: z.object({ name: z.string(), vendor: z.string(), version: z.string() }).optional(),
  databaseUpdatedAt: when.optional(),
  capabilities: z
    .array(
      z.object({
        type: z.string(),
        consumes: z.array(z.string()),
        produces: z.array(z.string()),
        sbomMediaTypes: z.array(z.string()),
      }),
    )
    .optional(),
  registryAuthorization: z.enum(['Bearer', 'Basic']).optional(),
  settings: z.record(z.string(), z.string()).optional(),
  notes: z.array(z.string()).optional(),
});
export type Check = z.infer<typeof checkSchema>;

/** A registered scanner. */
const scannerSchema = z.object({
  ...documentShape('scanner'),
  registry: registrySchema,
  name: z.string(),
  /** The settings, without a secret in them. */
  settings: scannerSettingsSchema,
  /** The secret that proves the registry to it; bound to its URL. */
  sealed: sealedSchema.optional(),
  check: checkSchema.optional(),
  ...times,
});
export type StoredScanner = z.infer<typeof scannerSchema>;

export const scanners = collection({
  container: 'registries',
  schema: scannerSchema,
  place: ({ registry, name }: Named) => ({ partition: [registry], id: `scanner:${name}` }),
});

/** The reasons for a scan. */
export const scanCauses = ['push', 'asked', 'database', 'age'] as const;

/**
 * The scan of one manifest by a scanner: the one that waits or is under way, or the last one. What it found is a
 * document of its own, so that a step of a scan does not write a megabyte.
 */
export const scanSchema = z.object({
  ...documentShape('scan'),
  registry: registrySchema,
  repository: repositorySchema,
  digest: digestSchema,
  scanner: z.string(),
  state: z.enum(['queued', 'running', 'ended']),
  cause: z.enum(scanCauses),
  /** The place among those that wait: the urgency, then the time. */
  order: z.string(),
  queuedAt: when,
  /** The host by which the registry was called when the scan was asked for. */
  host: z.string().max(300).optional(),
  /** The number of the step that comes next: a message for another one is a copy, or late. */
  step: z.int().nonnegative(),
  /** The time of the next step, and until when somebody may be at it; absent once it has ended. */
  dueAt: when.optional(),
  /** The name of the claim of the one who makes the step that is under way. */
  claim: z.string().optional(),
  attempts: z.int().nonnegative(),
  startedAt: when.optional(),
  /** The name that the scanner gave it. */
  scanId: z.string().max(300).optional(),
  /** The types of the reports that are still asked for, the one of vulnerabilities first. */
  wanted: z
    .array(z.object({ reportType: z.string().max(300), sbomMediaType: z.string().max(300).optional() }))
    .max(2)
    .optional(),
  endedAt: when.optional(),
  outcome: z.enum(['reported', 'failed', 'unscannable']).optional(),
  reason: sentence.optional(),
  /** The time of the scanner's database when the scan began. */
  database: when.optional(),
});
export type Scan = z.infer<typeof scanSchema>;

type Place = RepositoryKey & { readonly digest: Digest };

export const scans = collection({
  container: 'repositories',
  schema: scanSchema,
  place: ({ digest, ...key }: Place) => ({ partition: partitionOf(key), id: `scan:${digest}` }),
});

/** The last report about a manifest, as it judges. */
export const resultSchema = z.object({
  ...documentShape('scan-result'),
  registry: registrySchema,
  repository: repositorySchema,
  digest: digestSchema,
  /** The scanner that was asked, or the actor that has put a report. */
  by: z.object({ is: z.enum(['scanner', 'caller']), name: z.string().max(300) }),
  format: z.string().max(50),
  /** The time that counts as that of the scan: the report's own if it is past, else that of its arrival. */
  scannedAt: when,
  receivedAt: when,
  result: scanResultSchema,
  /** The manifest that keeps the report as it came, a referrer of the image; absent if it could not be kept. */
  report: digestSchema.optional(),
  /** The time at which a timer looks if its image is still there. */
  dueAt: when.optional(),
  /** The manifest that keeps the SBOM, and its type. */
  sbom: z.object({ digest: digestSchema, mediaType: z.string() }).optional(),
});
export type StoredResult = z.infer<typeof resultSchema>;

export const results = collection({
  container: 'repositories',
  schema: resultSchema,
  place: ({ digest, ...key }: Place) => ({ partition: partitionOf(key), id: `scan-result:${digest}` }),
});
