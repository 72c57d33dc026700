import { RegistryError } from '../oci/faults.ts';
import type { DocumentQuery, Documents } from '../ports/documents.ts';
import { openText, sealingKeyFor, sealText } from '../secrets/sealed-text.ts';

/**
 * Wraps documents for lists that show a client where their next page begins. The store's own token says which
 * partitions and ids there are, and a made-up one ends in an error of the store: so a client holds it encrypted, bound
 * to its list. `key` is the upload key, which all instances share. `queryDocuments` throws `RegistryError`
 * (`request-invalid`) for a continuation that does not open.
 */
export function sealedPages(documents: Documents, key: Uint8Array): Documents {
  const secret = sealingKeyFor('place in a list', key);
  return {
    readDocument: (ref) => documents.readDocument(ref),
    countDocuments: (query) => documents.countDocuments(query),
    commitDocuments: (container, partition, changes) => documents.commitDocuments(container, partition, changes),
    async queryDocuments(query) {
      const list = listOf(query);
      const page = await documents.queryDocuments(
        query.continuation === undefined ? query : { ...query, continuation: opened(query.continuation, list, secret) },
      );
      return page.continuation === undefined
        ? page
        : { ...page, continuation: sealText(page.continuation, secret, list) };
    },
  };
}

/**
 * Returns what must not change from page to page. The bound of a range may: "until now" is another time for each page.
 */
function listOf({ container, partition, where, orderBy }: DocumentQuery): Buffer {
  const conditions = where.map((each) =>
    each.is === 'either' || ['=', 'in', 'contains'].includes(each.is) ? each : [each.path, each.is],
  );
  return Buffer.from(JSON.stringify([container, partition ?? [], conditions, orderBy ?? {}]));
}

function opened(continuation: string, list: Buffer, secret: Uint8Array): string {
  const place = openText(continuation, secret, list);
  if (place === undefined) throw notOfThisList();
  return place;
}

export function notOfThisList(): RegistryError {
  return new RegistryError({
    is: 'request-invalid',
    code: 'invalidContinuation',
    why: 'continuation does not belong to this list: use the nextLink of the previous page, or leave it out to begin with the first page',
  });
}
