import { z } from 'zod';
import { blobDocumentSchema, linkDocumentSchema } from '../../../core/documents/blob.ts';
import { registrySchema, repositorySchema } from '../../../core/documents/names.ts';
import { digestSchema } from '../../../core/oci/descriptor.ts';
import type { Digest } from '../../../core/oci/digest.ts';
import { parseDigest } from '../../../core/oci/digest.ts';
import type { RegistryName, RepositoryName } from '../../../core/oci/name.ts';
import type { DocumentQuery } from '../../../core/ports/documents.ts';
import type { SurveyReading } from './pages.ts';
import { everyReadable } from './pages.ts';

/** Content that Blob Storage holds, with the repositories that may read it. */
export interface Content {
  readonly digest: Digest;
  /** The bytes of all its copies. */
  readonly bytes: number;
  /** The repositories of the surveyed registry. */
  readonly holders: ReadonlySet<RepositoryName>;
  /** True when a repository of another registry may read it too. */
  readonly elsewhere: boolean;
}

const pageSize = 1_000;

const readerSchema = linkDocumentSchema.pick({
  type: true,
  digest: true,
  registry: true,
  repository: true,
  droppedAt: true,
});
/** Bytes that no document calls a blob any more and that are not yet deleted from the store. */
const collectedSchema = z.object({ type: z.literal('collected'), digest: digestSchema, size: z.int().nonnegative() });
const storedSchema = z.discriminatedUnion('type', [
  blobDocumentSchema.pick({ type: true, digest: true, size: true, copies: true }),
  readerSchema,
  collectedSchema,
]);

/**
 * Reads every blob with its links, except dropped ones: they have one digest, and so follow each other in its order.
 * Throws `StoreFailure`.
 */
export async function* storedBlobs(reading: SurveyReading, registry: RegistryName): AsyncGenerator<Content> {
  const query: DocumentQuery = {
    container: 'blobs',
    where: [{ path: 'type', is: 'in', values: ['blob', 'link', 'collected'] }],
    orderBy: { path: 'digest', direction: 'asc' },
    limit: pageSize,
  };
  let current: Gathered | undefined;
  for await (const { document } of everyReadable(reading, storedSchema, query)) {
    if (current?.digest !== document.digest) {
      if (current !== undefined) yield current;
      current = gathered(document.digest);
    }
    if (document.type === 'blob') current.bytes += document.size * Object.keys(document.copies).length;
    else if (document.type === 'collected') current.bytes += document.size;
    else if (document.droppedAt === undefined) hold(current, document, registry);
  }
  if (current !== undefined) yield current;
}

const largeManifestSchema = z.object({
  digest: digestSchema,
  registry: registrySchema,
  repository: repositorySchema,
  size: z.int().nonnegative(),
  content: z.object({ blob: z.string() }),
});

/**
 * Reads the manifests that do not fit into their documents, live and recycled. Several documents may name one physical
 * blob. Throws `StoreFailure`.
 */
export async function* storedManifests(reading: SurveyReading, registry: RegistryName): AsyncGenerator<Content> {
  const query: DocumentQuery = {
    container: 'repositories',
    partition: [registry],
    where: [
      { path: 'content.blob', is: '>', value: '' },
      { path: 'type', is: 'in', values: ['manifest', 'binned'] },
    ],
    orderBy: { path: 'content.blob', direction: 'asc' },
    limit: pageSize,
  };
  let [name, current]: [string, Gathered | undefined] = ['', undefined];
  for await (const { document } of everyReadable(reading, largeManifestSchema, query)) {
    if (current === undefined || name !== document.content.blob) {
      if (current !== undefined) yield current;
      [name, current] = [document.content.blob, { ...gathered(document.digest), bytes: document.size }];
    }
    hold(current, document, registry);
  }
  if (current !== undefined) yield current;
}

const spentSchema = z.object({ blob: z.string(), size: z.int().nonnegative().default(0) });

/**
 * Reads the bytes of purged manifests that are still to be deleted, which belong to no repository any more. Throws
 * `StoreFailure`.
 */
export async function* spentManifests(reading: SurveyReading, registry: RegistryName): AsyncGenerator<Content> {
  const query: DocumentQuery = {
    container: 'repositories',
    partition: [registry],
    where: [{ path: 'type', is: '=', value: 'spent-content' }],
    limit: pageSize,
  };
  for await (const {
    document: { blob, size },
  } of everyReadable(reading, spentSchema, query)) {
    const digest = parseDigest(blob.split('/').slice(1, 3).join(':'));
    if (digest !== undefined) yield { ...gathered(digest), bytes: size };
  }
}

interface Gathered extends Content {
  bytes: number;
  readonly holders: Set<RepositoryName>;
  elsewhere: boolean;
}

function gathered(digest: Digest): Gathered {
  return { digest, bytes: 0, holders: new Set(), elsewhere: false };
}

function hold(
  content: Gathered,
  reader: { readonly registry: RegistryName; readonly repository: RepositoryName },
  registry: RegistryName,
): void {
  if (reader.registry === registry) content.holders.add(reader.repository);
  else content.elsewhere = true;
}
