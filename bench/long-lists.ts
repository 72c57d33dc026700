import type { App } from '../shared/app/app.ts';
import { referrerId, tagId, tagRef } from '../shared/core/documents/manifest.ts';
import { partitionOf } from '../shared/core/documents/names.ts';
import { repositoryRef } from '../shared/core/documents/repository.ts';
import type { Digest } from '../shared/core/oci/digest.ts';
import type { RegistryName, RepositoryName } from '../shared/core/oci/name.ts';
import type { DocumentRef, Documents, JsonDocument } from '../shared/core/ports/documents.ts';
import { makeImage, pushImage } from '../test/shared/image.ts';

export interface LongList {
  readonly name: string;
  /** The property of a page that holds its entries. */
  readonly entries: string;
  /** The path of the page that begins in the middle, without `n`. */
  readonly path: string;
}

const batch = 100;
const atOnce = 4;
const repository = 'bench/list' as RepositoryName;

/**
 * Pushes one image and its referrers, and copies their documents: pushing each entry would take minutes, with the same
 * result.
 */
export async function fillLists(
  app: App,
  documents: Documents,
  registry: RegistryName,
  length: number,
): Promise<LongList[]> {
  const key = { registry, repository };
  const image = makeImage('listed', 1);
  await pushImage(app, repository, tag(0), image);
  const signature = makeImage('signature', 0, {
    artifactType: 'application/vnd.bench',
    subject: { mediaType: image.mediaType, digest: image.digest, size: image.bytes.length },
  });
  await pushImage(app, repository, tag(0), signature);
  const edge = {
    container: 'repositories',
    partition: partitionOf(key),
    id: referrerId(image.digest as Digest, signature.digest as Digest),
  } as const;
  const middle = length >> 1;
  await copy(documents, tagRef(key, tag(0)), length, (n) => ({
    id: tagId(tag(n)),
    name: tag(n),
    byTime: `tag:2026-01-01T00:00:00.000Z:${tag(n)}`,
  }));
  await copy(documents, edge, length, (n) => ({
    id: referrerId(image.digest as Digest, digest(n)),
    digest: digest(n),
  }));
  await copy(documents, repositoryRef(key), length, (n) => ({
    id: repositoryRef({ registry, repository: named(n) }).id,
    repository: named(n),
  }));
  return [
    { name: 'tags', entries: 'tags', path: `/v2/${repository}/tags/list?last=${tag(middle)}` },
    {
      name: 'referrers',
      entries: 'manifests',
      path: `/v2/${repository}/referrers/${image.digest}?last=${digest(middle)}`,
    },
    { name: 'the catalog', entries: 'repositories', path: `/v2/_catalog?last=${named(middle)}` },
  ];
}

const numbered = (n: number): string => String(n).padStart(6, '0');
const tag = (n: number): string => `tag-${numbered(n)}`;
const named = (n: number): RepositoryName => `bench/named-${numbered(n)}` as RepositoryName;
const digest = (n: number): Digest => `sha256:${String(n).padStart(64, '0')}` as Digest;

/** Makes `length - 1` copies of a document, which differ as `change` says. */
async function copy(
  documents: Documents,
  ref: DocumentRef,
  length: number,
  change: (n: number) => JsonDocument,
): Promise<void> {
  const template = (await documents.readDocument(ref))?.document;
  const create = async (from: number) => {
    const numbers = Array.from({ length: Math.min(batch, length - from) }, (_, at) => from + at);
    const outcome = await documents.commitDocuments(
      ref.container,
      ref.partition,
      numbers.map((n) => ({ do: 'create', document: { ...template, ...change(n) } })),
    );
    if (!outcome.committed) throw new Error(`${ref.id} could not be copied: ${outcome.because}`);
  };
  let next = 1;
  const loop = async () => {
    while (next < length) await create((next += batch) - batch);
  };
  await Promise.all(Array.from({ length: atOnce }, loop));
}
