import type { ManifestDocument } from '../../../core/documents/manifest.ts';
import { manifestDocumentSchema, manifestRef, tagDocumentSchema, tagRef } from '../../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../../core/documents/names.ts';
import { readStored } from '../../../core/documents/stored.ts';
import type { Digest } from '../../../core/oci/digest.ts';
import { isDigest } from '../../../core/oci/digest.ts';
import { imageUnknown } from '../../../core/oci/faults.ts';
import type { Tag } from '../../../core/oci/name.ts';
import type { ReadDocument } from '../../../core/ports/documents.ts';

/** Reads the manifest that a tag or a digest names. Throws `RegistryError` (`thing-unknown`). */
export async function readImage(
  documents: ReadDocument,
  key: RepositoryKey,
  reference: Tag | Digest,
): Promise<ManifestDocument> {
  const digest = isDigest(reference)
    ? reference
    : (await readStored(documents, tagDocumentSchema, tagRef(key, reference)))?.document.digest;
  const found =
    digest === undefined ? undefined : await readStored(documents, manifestDocumentSchema, manifestRef(key, digest));
  if (found === undefined) throw imageUnknown(key.repository, reference);
  return found.document;
}
