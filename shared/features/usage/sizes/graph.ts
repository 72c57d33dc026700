import pLimit from 'p-limit';
import type { ManifestDocument } from '../../../core/documents/manifest.ts';
import {
  manifestDocumentSchema,
  manifestRef,
  referrerDocumentSchema,
  referrerId,
} from '../../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../../core/documents/names.ts';
import { partitionOf } from '../../../core/documents/names.ts';
import { allStored, documentsOf } from '../../../core/documents/pages.ts';
import { parseStored, readStored } from '../../../core/documents/stored.ts';
import type { Digest } from '../../../core/oci/digest.ts';
import { isIndexMediaType, manifestMediaTypes } from '../../../core/oci/media-types.ts';
import type { DocumentQuery, Predicate, QueryDocuments, ReadDocument } from '../../../core/ports/documents.ts';

const readsAtOnce = 16;

type GraphDocuments = ReadDocument & QueryDocuments;

/**
 * The relations between the manifests of one repository, read as far as they are needed. All methods throw
 * `StoreFailure`.
 */
export class ManifestGraph {
  readonly #documents: GraphDocuments;
  readonly #key: RepositoryKey;
  readonly #manifests = new Map<Digest, Promise<ManifestDocument | undefined>>();
  /** The answers whether a manifest has a tag. */
  readonly #tagged = new Map<Digest, Promise<boolean>>();
  readonly #limit = pLimit(readsAtOnce);
  #parents: Promise<ReadonlyMap<Digest, readonly Digest[]>> | undefined;

  constructor(documents: GraphDocuments, key: RepositoryKey) {
    this.#documents = documents;
    this.#key = key;
  }

  manifest(digest: Digest): Promise<ManifestDocument | undefined> {
    const reading =
      this.#manifests.get(digest) ??
      this.#limit(() => readStored(this.#documents, manifestDocumentSchema, manifestRef(this.#key, digest))).then(
        (found) => found?.document,
      );
    this.#manifests.set(digest, reading);
    return reading;
  }

  /** Returns the manifest and all that it lists, directly or not. */
  async withChildren(digest: Digest): Promise<Set<Digest>> {
    const found = new Set<Digest>([digest]);
    let wave = [digest];
    while (wave.length > 0) {
      const children = await Promise.all(wave.map(async (each) => childrenOf(await this.manifest(each))));
      wave = [...new Set(children.flat())].filter((child) => !found.has(child));
      for (const child of wave) found.add(child);
    }
    return found;
  }

  /**
   * Returns the manifest and all that nothing but it keeps: its children that have no tag and no other parent, its
   * referrers, and theirs.
   * All of a wave are read side by side: an image may have thousands of referrers, and somebody waits.
   */
  async withDependents(digest: Digest): Promise<Set<Digest>> {
    const going = new Set<Digest>([digest]);
    const dependents = new Set<Digest>();
    let wave = [digest];
    while (wave.length > 0) {
      for (const each of (await Promise.all(wave.map((one) => this.#dependentsOf(one)))).flat()) dependents.add(each);
      // Each manifest that goes may let others go, so those that earlier waves have left are checked again as well.
      const left = [...dependents].filter((each) => !going.has(each));
      const kept = await Promise.all(left.map((each) => this.isKept(each, going)));
      wave = left.filter((_, at) => kept[at] === false);
      for (const each of wave) going.add(each);
    }
    return going;
  }

  async #dependentsOf(digest: Digest): Promise<Digest[]> {
    const [manifest, referrers] = await Promise.all([this.manifest(digest), this.#referrersOf(digest)]);
    return [...childrenOf(manifest), ...referrers];
  }

  /** Says whether a manifest is kept by a tag, or by an index that is not deleted with it. */
  async isKept(digest: Digest, going: ReadonlySet<Digest> = new Set()): Promise<boolean> {
    const tagged = this.#tagged.get(digest) ?? this.tagsOf(digest, 1).then((tags) => tags.length > 0);
    this.#tagged.set(digest, tagged);
    return (await tagged) || this.isListed(digest, going);
  }

  async isListed(digest: Digest, going: ReadonlySet<Digest> = new Set()): Promise<boolean> {
    this.#parents ??= this.#readParents();
    return ((await this.#parents).get(digest) ?? []).some((parent) => !going.has(parent));
  }

  async tagsOf(digest: Digest, limit: number): Promise<string[]> {
    const query = this.#query(
      [
        { path: 'type', is: '=', value: 'tag' },
        { path: 'digest', is: '=', value: digest },
      ],
      limit,
    );
    const page = await this.#limit(() => this.#documents.queryDocuments(query));
    return page.documents.map(({ document }) => document.id);
  }

  async #referrersOf(subject: Digest): Promise<Digest[]> {
    const query = this.#query([{ path: 'id', is: 'starts-with', value: referrerId(subject, '' as Digest) }]);
    const found = await this.#limit(() => allStored(this.#documents, query, referrerDocumentSchema));
    return found.map(({ document }) => document.digest);
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
