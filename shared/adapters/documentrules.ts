import layout from '../../infra/cosmos-containers.json' with { type: 'json' };
import type { ContainerName, DocumentChange, JsonDocument, PartitionKey } from '../core/ports/documents.ts';
import { maxChangesPerCommit } from '../core/ports/documents.ts';

/** The operations allowed in one patch: https://learn.microsoft.com/azure/cosmos-db/partial-document-update-faq */
const maxPatchOperations = 10;
/** The limit of https://learn.microsoft.com/azure/cosmos-db/concepts-limits#per-item-limits */
const maxIdBytes = 1023;

export interface ContainerLayout {
  /** Dotted paths of the partition key's levels. */
  readonly keyPaths: readonly string[];
  /** The default ttl in seconds; with -1 only documents with a `ttl` of their own expire. */
  readonly defaultTtl: number;
}

const layouts = new Map(
  layout.containers.map(({ name, partitionKey, defaultTtl }): [string, ContainerLayout] => [
    name,
    { keyPaths: partitionKey.map((path) => path.slice(1).replaceAll('/', '.')), defaultTtl },
  ]),
);

export function layoutOf(container: ContainerName): ContainerLayout {
  const found = layouts.get(container);
  if (found === undefined) throw new TypeError(`no container ${container} in infra/cosmos-containers.json`);
  return found;
}

/** Returns the value at a dotted path; `undefined` when any step is missing. */
export function valueAt(document: unknown, path: string): unknown {
  let value = document;
  for (const step of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<string, unknown>)[step];
  }
  return value;
}

export function isFullPartition(container: ContainerName, partition: PartitionKey): boolean {
  return partition.length === layoutOf(container).keyPaths.length;
}

/** Throws unless the key has every level, which a point operation needs. */
export function requireFullPartition(container: ContainerName, partition: PartitionKey): void {
  if (!isFullPartition(container, partition))
    throw new TypeError(
      `${container} has ${layoutOf(container).keyPaths.length} partition key levels, not ${partition.length}`,
    );
}

/** Throws `TypeError` for a commit that no state of the store could accept: that is a fault of the caller. */
export function requireCommit(
  container: ContainerName,
  partition: PartitionKey,
  changes: readonly DocumentChange[],
): void {
  requireFullPartition(container, partition);
  if (changes.length === 0 || changes.length > maxChangesPerCommit)
    throw new TypeError(`${changes.length} changes in one commit`);
  for (const change of changes) {
    requireId(idOf(change));
    if ('document' in change) requireOwnPartition(container, partition, change.document);
    if (change.do === 'patch') requirePatch(change);
  }
}

export function idOf(change: DocumentChange): string {
  return 'document' in change ? change.document.id : change.id;
}

export function requireLimit(limit: number): void {
  if (!Number.isInteger(limit) || limit < 1) throw new TypeError(`a query with the limit ${limit}`);
}

/**
 * Throws unless the document names its own partition. Cosmos DB reads the partition from the document: it would be
 * written, but not where the caller looks for it.
 */
function requireOwnPartition(container: ContainerName, partition: PartitionKey, document: JsonDocument): void {
  for (const [level, path] of layoutOf(container).keyPaths.entries()) {
    if (valueAt(document, path) === partition[level]) continue;
    throw new TypeError(
      `${container}/${document.id} has ${path} ${JSON.stringify(valueAt(document, path))}, its partition ${JSON.stringify(partition)}`,
    );
  }
}

function requireId(id: string): void {
  if (id === '' || Buffer.byteLength(id) > maxIdBytes || /[/\\?#]/.test(id))
    throw new TypeError(`${JSON.stringify(id)} cannot be a document id`);
}

function requirePatch({ id, set = {}, increment = [] }: Extract<DocumentChange, { do: 'patch' }>): void {
  const operations = Object.keys(set).length + increment.length;
  if (operations === 0 || operations > maxPatchOperations)
    throw new TypeError(`${operations} operations in one patch of ${id}`);
}
