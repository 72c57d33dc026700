import { isListed } from '../../core/admission/locks.ts';
import { tagDocumentSchema } from '../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import { partitionOf } from '../../core/documents/names.ts';
import type { WholeQuery } from '../../core/documents/pages.ts';
import { firstOf, storedOf } from '../../core/documents/pages.ts';
import { repositoryDocumentSchema, repositoryRef } from '../../core/documents/repository.ts';
import { readStored } from '../../core/documents/stored.ts';
import { RegistryError } from '../../core/oci/faults.ts';
import type { Tag } from '../../core/oci/name.ts';
import type { Predicate, QueryDocuments, ReadDocument } from '../../core/ports/documents.ts';

/** `more` says that there are tags behind the last one. */
export interface TagPage {
  readonly tags: readonly Tag[];
  readonly more: boolean;
}

/**
 * Lists tags in ASCII order, behind `last`, at most `n`. Throws `RegistryError` (`name-unknown`) if the repository has
 * no content and the catalog does not list it.
 */
export async function listTags(
  ports: { documents: ReadDocument & QueryDocuments },
  key: RepositoryKey,
  page: { readonly n: number; readonly last: string | undefined },
): Promise<TagPage> {
  // One more than requested is read: if it exists, there is a next page.
  const wanted = page.n + 1;
  const tags = (
    await firstOf(wanted, storedOf(ports.documents, tagsBehind(key, page.last, wanted), tagDocumentSchema))
  ).map(({ document }) => document.name);
  if (tags.length === 0) await requireRepository(ports.documents, key);
  return { tags: tags.slice(0, page.n), more: tags.length > page.n };
}

function tagsBehind(key: RepositoryKey, last: string | undefined, limit: number): WholeQuery {
  const where: Predicate[] = [{ path: 'type', is: '=', value: 'tag' }, isListed];
  if (last !== undefined) where.push({ path: 'name', is: '>', value: last });
  return {
    container: 'repositories',
    partition: partitionOf(key),
    where,
    orderBy: { path: 'name', direction: 'asc' },
    limit,
  };
}

/**
 * Requires that the repository exists. One whose last image was deleted is still in the catalog, and clients that list
 * the catalog then list its tags.
 */
async function requireRepository(documents: ReadDocument & QueryDocuments, key: RepositoryKey): Promise<void> {
  const any = await documents.queryDocuments({
    container: 'repositories',
    partition: partitionOf(key),
    where: [{ path: 'type', is: '=', value: 'manifest' }],
    limit: 1,
  });
  if (any.documents.length > 0) return;
  const entry = await readStored(documents, repositoryDocumentSchema, repositoryRef(key));
  if (entry?.document.state !== 'live') throw new RegistryError({ is: 'name-unknown', name: key.repository });
}
