import type { Digest } from '../oci/digest.ts';
import type { DocumentPage, Predicate } from '../ports/documents.ts';
import { manifestRef } from '../state/manifest.ts';
import type { ManifestDocument } from '../state/manifest.ts';
import { partitionOf } from '../state/names.ts';
import type { RepositoryKey } from '../state/names.ts';
import type { StorePorts } from './ports.ts';

type Reader = Pick<StorePorts, 'documents'>;

export type Keeper = 'tag' | 'index' | 'subject';

/** What keeps a manifest: a live index that lists it, the live subject that it refers to, or, when nothing else does, a tag. */
export async function keeperOf(ports: Reader, key: RepositoryKey, manifest: Pick<ManifestDocument, 'digest' | 'subject'>): Promise<Keeper | undefined> {
  const { digest, subject } = manifest;
  const [tag, index, live] = await Promise.all([
    some(ports, key, [{ path: 'type', is: '=', value: 'tag' }, { path: 'digest', is: '=', value: digest }]),
    some(ports, key, [{ path: 'type', is: '=', value: 'manifest' }, listing(digest)]),
    subject === undefined ? undefined : ports.documents.readDocument(manifestRef(key, subject)),
  ]);
  if (index) return 'index';
  if (live !== undefined) return 'subject';
  return tag ? 'tag' : undefined;
}

/**
 * Whether a manifest of the repository needs a blob. One query for live and binned ones: asked for one after the other, a manifest that
 * moves in between would be missed by both.
 */
export function isNeeded(ports: Reader, key: RepositoryKey, digest: Digest): Promise<boolean> {
  return some(ports, key, [listing(digest)]);
}

function listing(digest: Digest): Predicate {
  return { path: 'references', is: 'contains', value: { digest } };
}

/** A page may be empty and not the last. */
async function some(ports: Reader, key: RepositoryKey, where: readonly Predicate[]): Promise<boolean> {
  let page: DocumentPage | undefined;
  do {
    const more = page?.continuation === undefined ? {} : { continuation: page.continuation };
    page = await ports.documents.queryDocuments({ container: 'repositories', partition: partitionOf(key), where, limit: 1, ...more });
  } while (page.documents.length === 0 && page.continuation !== undefined);
  return page.documents.length > 0;
}
