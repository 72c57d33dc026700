import type { LimitFunction } from 'p-limit';
import pLimit from 'p-limit';
import { subjectNamed, tagsAbout } from '../../core/documents/about.ts';
import type { ManifestDocument } from '../../core/documents/manifest.ts';
import { manifestDocumentSchema, referrerDocumentSchema } from '../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import { partitionOf } from '../../core/documents/names.ts';
import { parseStored } from '../../core/documents/stored.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { readManifest, withChildren } from './contents.ts';
import type { Filters } from './documents.ts';
import { isWithin, takesEveryTag } from './filters.ts';
import type { ReplicationPorts } from './ports.ts';

type Reading = Pick<ReplicationPorts, 'documents'>;

/** Signatures of attestations of children of indexes are the deepest case. */
const deepest = 4;
const documentsAtOnce = 1_000;
const readsAtOnce = 8;

/**
 * Says whether the filters include an image: by itself, or with an index that lists it, or with the image that it
 * belongs to, by its subject or by the names of its tags. An image without its signatures could not be proven where it
 * is. Throws `StoreFailure`.
 */
export async function isTaken(
  ports: Reading,
  key: RepositoryKey,
  manifest: ManifestDocument,
  filters: Filters,
  depth = 0,
): Promise<boolean> {
  const tags = takesEveryTag(filters) ? [] : await tagsOf(ports, key, manifest.digest);
  if (isWithin(filters, manifest, tags)) return true;
  if (depth === deepest || (takesEveryTag(filters) && filters.artifactTypes === undefined)) return false;
  const names = takesEveryTag(filters) ? await tagsOf(ports, key, manifest.digest) : tags;
  const named = await Promise.all(names.map((tag) => subjectNamed(ports.documents, key, tag)));
  const above = new Set(
    [manifest.subject, ...named, ...(await indexesOf(ports, key, manifest.digest))].filter(
      (each) => each !== undefined && each !== manifest.digest,
    ),
  );
  for (const digest of above) {
    const found = await readManifest(ports, key, digest as Digest);
    if (found !== undefined && (await isTaken(ports, key, found, filters, depth + 1))) return true;
  }
  return false;
}

/**
 * Finds the signatures and other referrers of an image or of what it lists, which may have been pushed before the
 * filters included that. Throws `StoreFailure`.
 */
export async function aboutImage(ports: Reading, key: RepositoryKey, digest: Digest): Promise<Digest[]> {
  const found = new Set<Digest>();
  const limit = pLimit(readsAtOnce);
  let wave = [digest];
  for (let depth = 0; wave.length > 0 && depth < deepest; depth += 1) {
    const near = (await Promise.all(wave.map((each) => referrersWithChildren(ports, key, each, limit)))).flat();
    wave = [...new Set(near)].filter((referrer) => referrer !== digest && !found.has(referrer));
    for (const referrer of wave) found.add(referrer);
  }
  return [...found];
}

/** An index may list a thousand images, and each may be signed. */
async function referrersWithChildren(
  ports: Reading,
  key: RepositoryKey,
  digest: Digest,
  limit: LimitFunction,
): Promise<Digest[]> {
  const manifest = await limit(() => readManifest(ports, key, digest));
  if (manifest === undefined) return [];
  const parts = await withChildren(ports, key, manifest);
  return (await Promise.all(parts.map((part) => limit(() => directReferrers(ports, key, part.digest))))).flat();
}

async function directReferrers(ports: Reading, key: RepositoryKey, digest: Digest): Promise<Digest[]> {
  const [container, partition] = ['repositories' as const, partitionOf(key)];
  const [edges, tags] = await Promise.all([
    ports.documents.queryDocuments({
      container,
      partition,
      where: [
        { path: 'type', is: '=', value: 'referrer' },
        { path: 'subject', is: '=', value: digest },
      ],
      limit: documentsAtOnce,
    }),
    tagsAbout(ports.documents, key, digest),
  ]);
  return [
    ...edges.documents.map(
      (edge) => parseStored(referrerDocumentSchema, edge, { container, partition }).document.digest,
    ),
    ...tags.map((tag) => tag.digest),
  ];
}

async function tagsOf({ documents }: Reading, key: RepositoryKey, digest: Digest): Promise<string[]> {
  const page = await documents.queryDocuments({
    container: 'repositories',
    partition: partitionOf(key),
    where: [
      { path: 'type', is: '=', value: 'tag' },
      { path: 'digest', is: '=', value: digest },
    ],
    limit: documentsAtOnce,
  });
  return page.documents.map(({ document }) => String(document.name));
}

async function indexesOf({ documents }: Reading, key: RepositoryKey, digest: Digest): Promise<Digest[]> {
  const [container, partition] = ['repositories' as const, partitionOf(key)];
  const page = await documents.queryDocuments({
    container,
    partition,
    where: [
      { path: 'type', is: '=', value: 'manifest' },
      { path: 'references', is: 'contains', value: { digest } },
    ],
    limit: 50,
  });
  return page.documents.map(
    (each) => parseStored(manifestDocumentSchema, each, { container, partition }).document.digest,
  );
}
