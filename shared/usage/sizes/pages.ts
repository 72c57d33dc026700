import type { z } from 'zod';
import type { DocumentQuery, QueryDocuments } from '../../ports/documents.ts';
import type { Log } from '../../ports/log.ts';
import { readable } from '../../state/alone.ts';
import { documentsOf } from '../../state/pages.ts';
import type { Stored } from '../../state/stored.ts';

/** What a survey reads with. */
export interface SurveyReading {
  readonly documents: QueryDocuments;
  readonly log: Log;
}

/**
 * The same, parsed. A document that cannot be read is logged and left out: it must not keep the rest from being
 * counted. Throws `StoreFailure`.
 */
export async function* everyReadable<T>(
  { documents, log }: SurveyReading,
  schema: z.ZodType<T>,
  query: Omit<DocumentQuery, 'continuation'>,
): AsyncGenerator<Stored<T>> {
  for await (const found of documentsOf(documents, query)) yield* readable(log, schema, [found], query);
}
