import type { Documents } from '../ports/documents.ts';

/**
 * Cosmos DB may answer a query with an empty page that is not the last. Whoever asks for one page, to see whether there is any such document or to
 * show a client the first of them, takes that for none: so such pages are passed here, and an empty page is the last. It may still hold fewer
 * documents than its limit.
 */
export function withoutEmptyPages(documents: Documents): Documents {
  return {
    readDocument: (ref) => documents.readDocument(ref),
    countDocuments: (query) => documents.countDocuments(query),
    commitDocuments: (container, partition, changes) => documents.commitDocuments(container, partition, changes),
    async queryDocuments(query) {
      let page = await documents.queryDocuments(query);
      while (page.documents.length === 0 && page.continuation !== undefined) page = await documents.queryDocuments({ ...query, continuation: page.continuation });
      return page;
    },
  };
}
