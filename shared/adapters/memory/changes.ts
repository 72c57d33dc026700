import type {
  CommitOutcome,
  ContainerName,
  DocumentChange,
  Increment,
  JsonDocument,
  PartitionKey,
} from '../../core/ports/documents.ts';
import { idOf, layoutOf, requireCommit, valueAt } from '../documentrules.ts';
import type { DocumentStore } from './documentstore.ts';
import { freezeJson } from './json.ts';
import type { Version } from './partition.ts';

/** Cosmos DB's limit of one item, and of one batch, in bytes of JSON. */
const maxBytes = 2 * 1024 * 1024;

type Refusal = 'exists' | 'absent' | 'changed';
interface Written {
  readonly document: JsonDocument | undefined;
  readonly bytes: number;
}

/**
 * Applies changes in order, each seeing those before it, and writes them all or none. Throws `TypeError` for changes
 * that no store accepts.
 */
export function commitChanges(
  store: DocumentStore,
  container: ContainerName,
  partition: PartitionKey,
  changes: readonly DocumentChange[],
): CommitOutcome {
  requireCommit(container, partition, changes);
  const records = store.partition(container, partition)?.records;
  const changed = new Map<string, Version | undefined>();
  const etags: (string | undefined)[] = [];
  let bytes = 0;
  for (const [index, change] of changes.entries()) {
    const id = idOf(change);
    const before = changed.has(id) ? changed.get(id) : store.visible(records?.get(id), 0);
    const refusal = refusalOf(change, before);
    if (refusal !== undefined) return { committed: false, index, because: refusal };
    const written = apply(change, before, container);
    bytes += written.bytes;
    const version = written.document === undefined ? undefined : store.newVersion(container, written.document);
    changed.set(id, version);
    etags.push(version?.etag);
  }
  requireSize(bytes, container);
  store.write(container, partition, changed);
  return { committed: true, etags };
}

function refusalOf(change: DocumentChange, before: Version | undefined): Refusal | undefined {
  if (change.do === 'upsert') return undefined;
  if (change.do === 'create') return before === undefined ? undefined : 'exists';
  if (before === undefined) return 'absent';
  return change.ifMatch === undefined || change.ifMatch === before.etag ? undefined : 'changed';
}

function apply(change: DocumentChange, before: Version | undefined, container: ContainerName): Written {
  if (change.do === 'delete') return { document: undefined, bytes: 0 };
  const document = change.do === 'patch' ? patched(change, before?.document, container) : change.document;
  requireTtl(document);
  const frozen = freezeJson(document);
  requireSize(frozen.bytes, container);
  return { document: frozen.value, bytes: frozen.bytes };
}

function patched(
  change: Extract<DocumentChange, { do: 'patch' }>,
  before: JsonDocument | undefined,
  container: ContainerName,
): JsonDocument {
  // It is JSON, and JSON's own copy is made sooner than structuredClone's.
  const document = JSON.parse(JSON.stringify(before)) as JsonDocument;
  for (const [path, value] of Object.entries(change.set ?? {})) setAt(document, path, value, container);
  for (const each of change.increment ?? []) setAt(document, each.path, incremented(document, each), container);
  return document;
}

function incremented(document: JsonDocument, { path, by }: Increment): number {
  const value = valueAt(document, path) ?? 0;
  if (typeof value !== 'number') throw new TypeError(`${path} is incremented and holds ${JSON.stringify(value)}`);
  return value + by;
}

function setAt(document: JsonDocument, path: string, value: unknown, container: ContainerName): void {
  if (path === 'id' || layoutOf(container).keyPaths.includes(path))
    throw new TypeError(`${path} of ${container} cannot be patched`);
  if (value === undefined) throw new TypeError(`${path} is patched with undefined`);
  const steps = path.split('.');
  const parent = steps.length === 1 ? document : valueAt(document, steps.slice(0, -1).join('.'));
  // Cosmos DB creates the last step of a path, never the ones before it.
  if (typeof parent !== 'object' || parent === null || Array.isArray(parent))
    throw new TypeError(`${path} is patched and its parent is no object`);
  (parent as Record<string, unknown>)[steps.at(-1) ?? path] = value;
}

function requireTtl({ id, ttl }: JsonDocument): void {
  if (ttl !== undefined && !(Number.isInteger(ttl) && (ttl === -1 || ttl > 0)))
    throw new TypeError(`${id} has the ttl ${String(ttl)}`);
}

function requireSize(bytes: number, container: ContainerName): void {
  if (bytes > maxBytes) throw new TypeError(`a write of ${bytes} bytes to ${container}: Cosmos DB allows 2 MB`);
}
