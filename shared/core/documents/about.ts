import type { LimitFunction } from 'p-limit';
import type { Digest } from '../oci/digest.ts';
import { parseDigest } from '../oci/digest.ts';
import type { Documents, Predicate, QueryDocuments, ReadDocument } from '../ports/documents.ts';
import type { TagDocument } from './manifest.ts';
import { manifestDocumentSchema, manifestRef, tagDocumentSchema, tagId } from './manifest.ts';
import type { RepositoryKey } from './names.ts';
import { partitionOf } from './names.ts';
import { allStored } from './pages.ts';
import { parseStored } from './stored.ts';

/**
 * Matches the end of a tag's name that names another manifest. Distribution-spec's fallback for referrers cuts the
 * digest to 64 digits; cosign adds an ending, and signers add a prefix (`--attachment-tag-prefix`); regclient's endings
 * have several parts, digits too.
 */
const aboutPattern = /(sha256|sha512)-([0-9a-f]{64})([0-9a-f]{0,64})(?:\.[A-Za-z0-9._-]+)?$/;

/**
 * Returns the manifest that a tag's name names, as `sha256-…` or `sha512-…` with the first 64 digits of the digest;
 * `undefined` for a tag whose name names no other manifest.
 */
export function aboutIn(tag: string): string | undefined {
  const [, algorithm, digits, rest] = aboutPattern.exec(tag) ?? [];
  return algorithm === undefined || digits === undefined || (algorithm === 'sha256' && rest !== '')
    ? undefined
    : `${algorithm}-${digits}`;
}

/** Writes a digest as names of tags contain it. */
export function aboutName(digest: Digest): string {
  return digest.replace(':', '-').slice(0, 'sha256-'.length + 64);
}

/** Finds the live manifest that a tag's name names. Throws `StoreFailure`. */
export async function subjectNamed(
  documents: ReadDocument & QueryDocuments,
  key: RepositoryKey,
  tag: string,
): Promise<Digest | undefined> {
  const about = aboutIn(tag);
  if (about === undefined) return undefined;
  const digest = parseDigest(about.replace('-', ':'));
  if (digest !== undefined)
    return (await documents.readDocument(manifestRef(key, digest))) === undefined ? undefined : digest;
  // Half of a sha512 is known: the manifest whose digest begins so is the one.
  const query = {
    container: 'repositories' as const,
    partition: partitionOf(key),
    where: [{ path: 'id', is: 'starts-with' as const, value: `manifest:${about.replace('-', ':')}` }],
    limit: 1,
  };
  const [found] = (await documents.queryDocuments(query)).documents;
  return found === undefined ? undefined : parseStored(manifestDocumentSchema, found, query).document.digest;
}

/**
 * Finds the tags whose names name a manifest. Those with a prefix are found by the `about` that their push wrote.
 * Throws `StoreFailure`.
 */
export async function tagsAbout(
  documents: Pick<Documents, 'queryDocuments'>,
  key: RepositoryKey,
  digest: Digest,
): Promise<TagDocument[]> {
  const name = aboutName(digest);
  const ways = [named(name), { path: 'about', is: '=' as const, value: name }];
  const found = await Promise.all(ways.map((way) => allTags(documents, key, way)));
  const tags = new Map(found.flat().map((tag) => [tag.name, tag]));
  return [...tags.values()].filter((tag) => isAbout(tag, digest));
}

/**
 * Those of several manifests that the name of some tag is about: what pushes wrote down is one query for all of them.
 * `limit` is for the others. Throws `StoreFailure`.
 */
export async function aboutAmong(
  documents: Pick<Documents, 'queryDocuments'>,
  key: RepositoryKey,
  digests: readonly Digest[],
  limit: LimitFunction,
): Promise<Set<Digest>> {
  const names = new Map(digests.map((digest) => [aboutName(digest), digest]));
  const found = await Promise.all([
    allTags(documents, key, { path: 'about', is: 'in', values: [...names.keys()] }),
    ...digests.map((digest) => limit(() => allTags(documents, key, named(aboutName(digest))))),
  ]);
  const about = found.flat().flatMap((tag) => {
    const digest = names.get(aboutIn(tag.name) ?? '');
    return digest !== undefined && isAbout(tag, digest) ? [digest] : [];
  });
  return new Set(about);
}

function named(name: string): Predicate {
  return { path: 'id', is: 'starts-with', value: tagId(name) };
}

function isAbout({ name, digest: of }: TagDocument, digest: Digest): boolean {
  return aboutIn(name) === aboutName(digest) && of !== digest;
}

async function allTags(
  documents: Pick<Documents, 'queryDocuments'>,
  key: RepositoryKey,
  way: Predicate,
): Promise<TagDocument[]> {
  const [container, partition] = ['repositories' as const, partitionOf(key)];
  const tags = await allStored(
    documents,
    { container, partition, where: [{ path: 'type', is: '=', value: 'tag' }, way], limit: 100 },
    tagDocumentSchema,
  );
  return tags.map(({ document }) => document);
}
