import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { RegistryError } from '../oci/faults.ts';
import type { DocumentQuery, Documents } from '../ports/documents.ts';

const [nonceBytes, tagBytes] = [12, 16];

/**
 * Documents as lists need them that show a client where their next page begins. The store's own token says which partitions and ids there are, and one that was
 * made up ends in an error of the store: so a client holds it encrypted, bound to the list that it is of. `key` is the upload key, which all instances share;
 * AES-256-GCM with a key derived from it. `queryDocuments` throws `RegistryError` (`request-invalid`) for a continuation that does not open.
 */
export function sealedPages(documents: Documents, key: Uint8Array): Documents {
  const secret = new Uint8Array(hkdfSync('sha256', key, '', 'place in a list', 32));
  return {
    readDocument: (ref) => documents.readDocument(ref),
    countDocuments: (query) => documents.countDocuments(query),
    commitDocuments: (container, partition, changes) => documents.commitDocuments(container, partition, changes),
    async queryDocuments(query) {
      const list = listOf(query);
      const page = await documents.queryDocuments(query.continuation === undefined ? query : { ...query, continuation: opened(query.continuation, list, secret) });
      return page.continuation === undefined ? page : { ...page, continuation: sealed(page.continuation, list, secret) };
    },
  };
}

/** What must not change from page to page. The bound of a range may: "until now" is another time for each page. */
function listOf({ container, partition, where, orderBy }: DocumentQuery): Buffer {
  const conditions = where.map((each) => (['=', 'in', 'contains'].includes(each.is) ? each : [each.path, each.is]));
  return Buffer.from(JSON.stringify([container, partition ?? [], conditions, orderBy ?? {}]));
}

function sealed(place: string, list: Buffer, secret: Uint8Array): string {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', secret, nonce).setAAD(list);
  const text = Buffer.concat([cipher.update(place, 'utf8'), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), text]).toString('base64url');
}

function opened(continuation: string, list: Buffer, secret: Uint8Array): string {
  const bytes = Buffer.from(continuation, 'base64url');
  if (bytes.length < nonceBytes + tagBytes) throw notOfThisList();
  const decipher = createDecipheriv('aes-256-gcm', secret, bytes.subarray(0, nonceBytes), { authTagLength: tagBytes }).setAAD(list);
  decipher.setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes));
  try {
    return decipher.update(bytes.subarray(nonceBytes + tagBytes), undefined, 'utf8') + decipher.final('utf8');
  } catch {
    // The only thing that `final` can refuse is the authentication tag.
    throw notOfThisList();
  }
}

function notOfThisList(): RegistryError {
  return new RegistryError({ is: 'request-invalid', why: 'continuation is not of this list: give the one that the page before ended with, or leave it out to begin with the first page' });
}
