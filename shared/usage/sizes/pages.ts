import type { z } from 'zod';
import type { Log } from '../../ports/log.ts';
import { readable } from '../../state/alone.ts';
import type { Stored } from '../../state/stored.ts';
import type { DocumentQuery, QueryDocuments, VersionedDocument } from '../../ports/documents.ts';

/** Everything that a query finds, page by page. Throws `StoreFailure`. */
export async function* everything(documents: QueryDocuments, query: Omit<DocumentQuery, 'continuation'>): AsyncGenerator<VersionedDocument> {
  let continuation: string | undefined;
  do {
    const page = await documents.queryDocuments({ ...query, ...(continuation === undefined ? {} : { continuation }) });
    yield* page.documents;
    continuation = page.continuation;
  } while (continuation !== undefined);
}

/** What a survey reads with. */
export interface SurveyReading {
  readonly documents: QueryDocuments;
  readonly log: Log;
}

/** The same, parsed. A document that cannot be read is logged and left out: it must not keep the rest from being counted. Throws `StoreFailure`. */
export async function* everyReadable<T>({ documents, log }: SurveyReading, schema: z.ZodType<T>, query: Omit<DocumentQuery, 'continuation'>): AsyncGenerator<Stored<T>> {
  for await (const found of everything(documents, query)) yield* readable(log, schema, [found], query);
}
