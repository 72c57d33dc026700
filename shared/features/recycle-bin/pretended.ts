import { manifestRef } from '../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import { partitionOf } from '../../core/documents/names.ts';
import type { Digest } from '../../core/oci/digest.ts';
import type { DocumentRef, JsonDocument, QueryDocuments, ReadDocument } from '../../core/ports/documents.ts';

/** The manifests that are to be taken for recycled. They may become more while somebody reads. */
export interface Gone {
  readonly manifests: Set<Digest>;
}

/**
 * Reads a repository as if some manifests were recycled: neither they nor their tags and edges are there, as after the
 * transaction that recycles a manifest. Everything else is as it is.
 */
export function asIfGone(
  documents: ReadDocument & QueryDocuments,
  key: RepositoryKey,
  { manifests }: Gone,
): ReadDocument & QueryDocuments {
  const isHere = ({
    container,
    partition = [],
  }: Pick<DocumentRef, 'container'> & { readonly partition?: readonly string[] }) =>
    container === 'repositories' && partition.join('/') === partitionOf(key).join('/');
  const isGone = ({ type, digest }: JsonDocument) =>
    typeof type === 'string' && types.has(type) && manifests.has(digest as Digest);
  return {
    async readDocument(ref) {
      const binned = isHere(ref) ? (/^binned:(.*)$/.exec(ref.id)?.[1] as Digest | undefined) : undefined;
      // It would be in the recycle bin; nobody here reads more of it than that.
      if (binned !== undefined && manifests.has(binned)) return documents.readDocument(manifestRef(key, binned));
      const found = await documents.readDocument(ref);
      return found !== undefined && isHere(ref) && isGone(found.document) ? undefined : found;
    },
    async queryDocuments(query) {
      const page = await documents.queryDocuments(query);
      return isHere(query) ? { ...page, documents: page.documents.filter(({ document }) => !isGone(document)) } : page;
    },
  };
}

const types: ReadonlySet<string> = new Set(['manifest', 'tag', 'referrer']);
