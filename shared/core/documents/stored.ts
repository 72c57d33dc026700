import { z } from 'zod';
import type { DocumentRef, ReadDocument, VersionedDocument } from '../ports/documents.ts';

/** A document of a known shape and the etag it was read with. */
export interface Stored<T> {
  readonly document: T;
  readonly etag: string;
}

/**
 * Thrown when a stored document is not of the shape that its reader knows, being a newer version's or damaged. It never
 * means "absent".
 */
export class UnreadableDocument extends Error {
  override readonly name = 'UnreadableDocument';

  constructor(where: string, issues: string) {
    super(`the stored document ${where} cannot be read: ${issues}`);
  }
}

/** Reads one document and parses it. `undefined` when it is absent. */
export async function readStored<T>(
  reader: ReadDocument,
  schema: z.ZodType<T>,
  ref: DocumentRef,
): Promise<Stored<T> | undefined> {
  const found = await reader.readDocument(ref);
  return found === undefined ? undefined : parseStored(schema, found, ref);
}

/** Parses a document of a query. Throws `UnreadableDocument`. */
export function parseStored<T>(
  schema: z.ZodType<T>,
  found: VersionedDocument,
  where: { container: string; partition?: readonly string[] },
): Stored<T> {
  const parsed = schema.safeParse(found.document);
  if (parsed.success) return { document: parsed.data, etag: found.etag };
  throw new UnreadableDocument(
    [where.container, ...(where.partition ?? []), found.document.id].join('/'),
    z.prettifyError(parsed.error),
  );
}

/** Returns the properties that every stored document has beside its content. */
export function documentShape<T extends string>(type: T) {
  return { id: z.string(), type: z.literal(type), schemaVersion: z.literal(1) };
}
