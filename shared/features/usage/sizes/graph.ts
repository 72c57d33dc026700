import type { ManifestDocument } from '../../../core/documents/manifest.ts';
import {
  manifestDocumentSchema,
  manifestRef,
  referrerDocumentSchema,
  referrerId,
} from '../../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../../core/documents/names.ts';
import { partitionOf } from '../../../core/documents/names.ts';
import { documentsOf } from '../../../core/documents/pages.ts';
import { parseStored, readStored } from '../../../core/documents/stored.ts';
import type { Digest } from '../../../core/oci/digest.ts';
import { isIndexMediaType, manifestMediaTypes } from '../../../core/oci/media-types.ts';
import type { DocumentQuery, Predicate, QueryDocuments, ReadDocument } from '../../../core/ports/documents.ts';

type GraphDocuments = ReadDocument & QueryDocuments;

/**
 * The relations between the manifests of one repository, read as far as they are needed. All methods throw
 * `StoreFailure`.
 */
export class ManifestGraph {
  readonly #documents: GraphDocuments;
  readonly #key: RepositoryKey;
  readonly #manifests = new Map<Digest, Promise<ManifestDocument | undefined>>();
  #parents: Promise<ReadonlyMap<Digest, readonly Digest[]>> | undefined;

  constructor(documents: GraphDocuments, key: RepositoryKey) {
    this.#documents = documents;
    this.#key = key;
  }

  manifest(digest: Digest): Promise<ManifestDocument | undefined> {
    const reading =
      this.#manifests.get(digest) ??
      readStored(this.#documents, manifestDocumentSchema, manifestRef(this.#key, digest)).then(
        (found) => found?.document,
      );
    this.#manifests.set(digest, reading);
    return reading;
  }

  /** Returns the manifest and all that it lists, directly or not. */
  async withChildren(digest: Digest): Promise<Set<Digest>> {
    const found = new Set<Digest>([digest]);
    for (const each of found) for (const child of childrenOf(await this.manifest(each))) found.add(child);
    return found;
  }

  /**
   * Returns the manifest and all that nothing but it keeps: its children that have no tag and no other parent, its
   * referrers, and theirs.
   */
  async withDependents(digest: Digest): Promise<Set<Digest>> {
    const going = new Set<Digest>([digest]);
    for (let before = 0; before < going.size;) {
      before = going.size;
      for (const each of [...going]) {
        for (const dependent of [...childrenOf(await this.manifest(each)), ...(await this.#referrersOf(each))])
          if (!going.has(dependent) && !(await this.isKept(dependent, going))) going.add(dependent);
      }
    }
    return going;
  }

  /** Says whether a manifest is kept by a tag, or by an index that is not deleted with it. */
  async isKept(digest: Digest, going: ReadonlySet<Digest> = new Set()): Promise<boolean> {
    return (await this.tagsOf(digest, 1)).length > 0 || this.isListed(digest, going);
  }

  async isListed(digest: Digest, going: ReadonlySet<Digest> = new Set()): Promise<boolean> {
    this.#parents ??= this.#readParents();
    return ((await this.#parents).get(digest) ?? []).some((parent) => !going.has(parent));
  }

  async tagsOf(digest: Digest, limit: number): Promise<string[]> {
    const page = await this.#documents.queryDocuments(
      this.#query(
        [
          { path: 'type', is: '=', value: 'tag' },
          { path: 'digest', is: '=', value: digest },
        ],
        limit,
      ),
    );
    return page.documents.map(({ document }) => document.id);
  }

  async #referrersOf(subject: Digest): Promise<Digest[]> {
    const query = this.#query([{ path: 'id', is: 'starts-with', value: referrerId(subject, '' as Digest) }]);
    const found: Digest[] = [];
    for await (const each of documentsOf(this.#documents, query))
      found.push(parseStored(referrerDocumentSchema, each, query).document.digest);
    return found;
  }

  /** Reads which indexes list a manifest. A manifest does not know that; there are few indexes. */
  async #readParents(): Promise<ReadonlyMap<Digest, readonly Digest[]>> {
    const parents = new Map<Digest, Digest[]>();
    const query = this.#query([
      { path: 'type', is: '=', value: 'manifest' },
      { path: 'mediaType', is: 'in', values: manifestMediaTypes.filter(isIndexMediaType) },
    ]);
    for await (const found of documentsOf(this.#documents, query)) {
      const { document: index } = parseStored(manifestDocumentSchema, found, query);
      for (const child of childrenOf(index)) parents.set(child, [...(parents.get(child) ?? []), index.digest]);
    }
    return parents;
  }

  #query(where: readonly Predicate[], limit = 100): DocumentQuery {
    return { container: 'repositories', partition: partitionOf(this.#key), where, limit };
  }
}

function childrenOf(manifest: ManifestDocument | undefined): Digest[] {
  return (manifest?.references ?? []).filter(({ role }) => role === 'manifest').map(({ digest }) => digest);
}
