import { defined } from '../../core/documents/defined.ts';
import type { ReferrerDocument } from '../../core/documents/manifest.ts';
import { manifestDocumentSchema, manifestRef, referrerDocumentSchema } from '../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import { partitionOf } from '../../core/documents/names.ts';
import type { WholeQuery } from '../../core/documents/pages.ts';
import { firstOf, storedOf } from '../../core/documents/pages.ts';
import { readStored } from '../../core/documents/stored.ts';
import type { Descriptor } from '../../core/oci/descriptor.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { maxManifestBytes, parseStoredManifest } from '../../core/oci/manifest.ts';
import type { Predicate } from '../../core/ports/documents.ts';
import type { RegistryPorts } from './ports.ts';
import { manifestBytes } from './read-manifest.ts';

type ReferrerPorts = Pick<RegistryPorts, 'documents' | 'blobs' | 'regions'>;

export interface ReferrersWanted {
  readonly subject: Digest;
  /** Only referrers of one of these types are listed; if empty, all are. */
  readonly artifactTypes: readonly string[];
  readonly n: number;
  /** The last digest of the page before. */
  readonly last: Digest | undefined;
}

/** `more` says that there are referrers behind the last one. */
export interface ReferrerPage {
  readonly descriptors: readonly Pick<Descriptor, 'mediaType' | 'digest' | 'size' | 'artifactType' | 'annotations'>[];
  readonly more: boolean;
}

/**
 * Lists the manifests whose subject is `subject` in this repository, in the order of their digests. An unknown subject
 * has none.
 */
export async function listReferrers(
  ports: ReferrerPorts,
  key: RepositoryKey,
  wanted: ReferrersWanted,
): Promise<ReferrerPage> {
  const edges = (
    await firstOf(wanted.n + 1, storedOf(ports.documents, edgesBehind(key, wanted), referrerDocumentSchema))
  ).map(({ document }) => document);
  return pageWithin(ports, key, edges, wanted.n);
}

function edgesBehind(key: RepositoryKey, { subject, artifactTypes, last, n }: ReferrersWanted): WholeQuery {
  const where: Predicate[] = [
    { path: 'type', is: '=', value: 'referrer' },
    { path: 'subject', is: '=', value: subject },
  ];
  if (artifactTypes.length > 0) where.push({ path: 'artifactType', is: 'in', values: artifactTypes });
  if (last !== undefined) where.push({ path: 'digest', is: '>', value: last });
  return {
    container: 'repositories',
    partition: partitionOf(key),
    where,
    orderBy: { path: 'digest', direction: 'asc' },
    limit: n + 1,
  };
}

/**
 * The most bytes of descriptors on a page. A page is an index, and clients read no index that is larger than a manifest
 * may be; the rest is for the text around the descriptors.
 */
const maxPageBytes = maxManifestBytes - 64 * 1024;

/** The manifests of up to 4 MiB that are read side by side, for annotations that are too large for an edge. */
const manifestsAtOnce = 8;

async function pageWithin(
  ports: ReferrerPorts,
  key: RepositoryKey,
  edges: readonly ReferrerDocument[],
  n: number,
): Promise<ReferrerPage> {
  const descriptors: ReferrerPage['descriptors'][number][] = [];
  let bytes = 0;
  for (let at = 0; at < Math.min(n, edges.length); at += manifestsAtOnce) {
    const some = edges.slice(at, Math.min(n, at + manifestsAtOnce));
    for (const descriptor of await Promise.all(some.map((edge) => descriptorOf(ports, key, edge)))) {
      bytes += Buffer.byteLength(JSON.stringify(descriptor));
      // A descriptor that is too large has a page of its own.
      if (bytes > maxPageBytes && descriptors.length > 0) return { descriptors, more: true };
      descriptors.push(descriptor);
    }
  }
  return { descriptors, more: edges.length > descriptors.length };
}

async function descriptorOf(
  ports: ReferrerPorts,
  key: RepositoryKey,
  edge: ReferrerDocument,
): Promise<ReferrerPage['descriptors'][number]> {
  const { mediaType, digest, size, artifactType } = edge;
  const annotations = edge.annotationsIn === 'manifest' ? await annotationsOf(ports, key, digest) : edge.annotations;
  return {
    mediaType,
    digest,
    size,
    ...defined({ artifactType, annotations }),
  };
}

/**
 * Reads annotations that are too large for the edge. If the manifest has just been deleted, its descriptor has none.
 */
async function annotationsOf(
  ports: ReferrerPorts,
  key: RepositoryKey,
  digest: Digest,
): Promise<Descriptor['annotations']> {
  const found = await readStored(ports.documents, manifestDocumentSchema, manifestRef(key, digest));
  if (found === undefined) return undefined;
  return parseStoredManifest(await manifestBytes(ports, found.document), found.document.mediaType).annotations;
}
