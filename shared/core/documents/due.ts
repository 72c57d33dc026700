import type { z } from 'zod';
import type { ContainerName, DocumentQuery, Predicate, VersionedDocument } from '../ports/documents.ts';
import type { Stored } from './stored.ts';
import { parseStored } from './stored.ts';

/**
 * Work that waits for its time lies in a document whose `dueAt` says when that is. A timer finds it by that, across
 * partitions and from the index, so a run costs what is due and not what is there.
 */

/** Returns the condition that a document is due at a time. */
export function dueBy(time: Date): Predicate {
  return { path: 'dueAt', is: '<=', value: time.toISOString() };
}

/** Returns the query for what is due at a time; what has waited the longest comes first. */
export function dueQuery(time: Date, { where, ...query }: Omit<DocumentQuery, 'orderBy' | 'continuation'>) {
  return { ...query, where: [...where, dueBy(time)], orderBy: { path: 'dueAt', direction: 'asc' as const } };
}

/** Says what is to be done with a document of one type once it is due. */
export interface Duty<P, R> {
  readonly container: ContainerName;
  readonly perform: (ports: P, found: VersionedDocument) => Promise<R>;
}

/** Makes the duty of one type. It throws `UnreadableDocument` for a document of another shape. */
export function duty<P, T, R>(
  container: ContainerName,
  schema: z.ZodType<T>,
  perform: (ports: P, due: Stored<T>) => Promise<R>,
): Duty<P, R> {
  return { container, perform: (ports, found) => perform(ports, parseStored(schema, found, { container })) };
}
