import type { z } from 'zod';
import { readable } from '../../../core/documents/alone.ts';
import { documentsOf } from '../../../core/documents/pages.ts';
import type { Stored } from '../../../core/documents/stored.ts';
import type { DocumentQuery, QueryDocuments } from '../../../core/ports/documents.ts';
import type { Log } from '../../../core/ports/log.ts';

/** The ports that a survey reads with. */
export interface SurveyReading {
  readonly documents: QueryDocuments;
  readonly log: Log;
}

/**
 * Reads and parses documents. One that cannot be read is logged and left out: it must not keep the rest from being
 * counted. Throws `StoreFailure`.
 */
export async function* everyReadable<T>(
  { documents, log }: SurveyReading,
  schema: z.ZodType<T>,
  query: Omit<DocumentQuery, 'continuation'>,
): AsyncGenerator<Stored<T>> {
  for await (const found of documentsOf(documents, query)) yield* readable(log, schema, [found], query);
}
