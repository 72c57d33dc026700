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
