/**
 * The containers of docs/architecture.md, "State". Bicep and the local stack create them from
 * infra/cosmos-containers.json.
 */
export const containerNames = [
  'registries',
  'repositories',
  'blobs',
  'deliveries',
  'builds',
  'dependencies',
  'usage',
] as const;
export type ContainerName = (typeof containerNames)[number];

/** The values of the container's (hierarchical) partition key, one string per level. */
export type PartitionKey = readonly string[];

/** A JSON document. `id` holds none of `/ \ ? #` (Cosmos DB refuses them). `ttl` is in seconds. */
export interface JsonDocument {
  readonly id: string;
  readonly ttl?: number;
  readonly [property: string]: unknown;
}

export interface DocumentRef {
  readonly container: ContainerName;
  readonly partition: PartitionKey;
  readonly id: string;
}

/** A document with its etag, which changes with every write; a condition on it makes a write optimistic. */
export interface VersionedDocument {
  readonly document: JsonDocument;
  readonly etag: string;
}

export interface ReadDocument {
  /** Reads a document; `undefined` if there is none, or its ttl has passed. Throws `StoreFailure`. */
  readDocument(ref: DocumentRef): Promise<VersionedDocument | undefined>;
}

export type Scalar = string | number | boolean | null;

/** A condition of a query: one about a property, or several of which one must hold. */
export type Predicate = PropertyPredicate | EitherPredicate;

/**
 * At least one of these lists of conditions holds whole. The index answers each of them by itself, if the query has no
 * order.
 */
interface EitherPredicate {
  readonly is: 'either';
  readonly of: readonly (readonly PropertyPredicate[])[];
}

/** A condition of a property. `path` is dotted: `target.digest`. A document without the property never matches. */
export type PropertyPredicate =
  | { readonly path: string; readonly is: '=' | '!=' | '<' | '<=' | '>' | '>=' | 'starts-with'; readonly value: Scalar }
  | { readonly path: string; readonly is: 'in'; readonly values: readonly Scalar[] }
  /**
   * An array at `path` has an object with all of these properties. The index answers this if the query has no order.
   */
  | { readonly path: string; readonly is: 'contains'; readonly value: Readonly<Record<string, string>> };

export interface DocumentQuery {
  readonly container: ContainerName;
  /**
   * The partition: all levels, a prefix of them, or absent, which queries across partitions (timers only, never a
   * request).
   */
  readonly partition?: PartitionKey;
  /** The conditions, all of which must hold. */
  readonly where: readonly Predicate[];
  readonly orderBy?: { readonly path: string; readonly direction: 'asc' | 'desc' };
  /** The most documents on one page. */
  readonly limit: number;
  /** The continuation of an earlier page of the same query: the next page starts behind its last document. */
  readonly continuation?: string;
}

/**
 * A page of a query. `continuation` is absent on the last page. A page may hold fewer documents than the limit and not
 * be the last.
 */
export interface DocumentPage {
  readonly documents: readonly VersionedDocument[];
  readonly continuation?: string;
}

export interface QueryDocuments {
  /** Reads one page of a query. Throws `StoreFailure`. */
  queryDocuments(query: DocumentQuery): Promise<DocumentPage>;
}

export interface CountDocuments {
  /**
   * Counts the documents of one whole partition that match: the index counts them, no document is read. Throws
   * `StoreFailure`.
   */
  countDocuments(
    query: Pick<DocumentQuery, 'container' | 'where'> & { readonly partition: PartitionKey },
  ): Promise<number>;
}

/** An amount to add to a number; an absent property counts as 0. */
export interface Increment {
  readonly path: string;
  readonly by: number;
}

/** One change of a batch, and its demand on the existing document. */
export type DocumentChange =
  /** Demands that no such id exists. */
  | { readonly do: 'create'; readonly document: JsonDocument }
  /** Demands nothing. */
  | { readonly do: 'upsert'; readonly document: JsonDocument }
  /** Demands that the document exists, with this etag where one is given. */
  | { readonly do: 'replace'; readonly document: JsonDocument; readonly ifMatch?: string }
  | {
      readonly do: 'patch';
      readonly id: string;
      readonly set?: Readonly<Record<string, unknown>>;
      readonly increment?: readonly Increment[];
      readonly ifMatch?: string;
    }
  | { readonly do: 'delete'; readonly id: string; readonly ifMatch?: string };

/** The outcome of a commit. `index` is that of the change whose demand did not hold; nothing was written. */
export type CommitOutcome =
  | { readonly committed: true; readonly etags: readonly (string | undefined)[] }
  | { readonly committed: false; readonly index: number; readonly because: 'exists' | 'absent' | 'changed' };

export const maxChangesPerCommit = 100;

export interface CommitDocuments {
  /**
   * Writes 1 to 100 changes to one partition: all or none. One change is one plain write, more are a transactional
   * batch. Throws `StoreFailure`; after a throw the changes may have been written or not.
   */
  commitDocuments(
    container: ContainerName,
    partition: PartitionKey,
    changes: readonly DocumentChange[],
  ): Promise<CommitOutcome>;
}

export type Documents = ReadDocument & QueryDocuments & CountDocuments & CommitDocuments;
