import { isDigest } from '../oci/digest.ts';
import type { Digest } from '../oci/digest.ts';
import { RegistryError } from '../oci/faults.ts';
import type { Tag } from '../oci/name.ts';
import { requireAllowed } from '../state/attributes.ts';
import { guardedManifest, guardedTag, manifestDocumentSchema, manifestRef, tagDocumentSchema, tagRef } from '../state/manifest.ts';
import type { ManifestDocument } from '../state/manifest.ts';
import type { RepositoryKey } from '../state/names.ts';
import { readStored } from '../state/stored.ts';
import type { RegistryPorts } from './ports.ts';

/** A manifest by tag (two reads) or by digest (one). Throws `RegistryError`: `manifest-unknown`, `disallowed`. */
export async function findManifest(ports: Pick<RegistryPorts, 'documents'>, key: RepositoryKey, reference: Tag | Digest): Promise<ManifestDocument> {
  const digest = isDigest(reference) ? reference : await resolveTag(ports, key, reference);
  const found = await readStored(ports.documents, manifestDocumentSchema, manifestRef(key, digest));
  if (found === undefined) throw new RegistryError({ is: 'manifest-unknown', reference });
  requireAllowed('read', [guardedManifest(found.document)]);
  return found.document;
}

async function resolveTag(ports: Pick<RegistryPorts, 'documents'>, key: RepositoryKey, tag: Tag): Promise<Digest> {
  const found = await readStored(ports.documents, tagDocumentSchema, tagRef(key, tag));
  if (found === undefined) throw new RegistryError({ is: 'manifest-unknown', reference: tag });
  requireAllowed('read', [guardedTag(found.document)]);
  return found.document.digest;
}

/** The exact bytes that were pushed. Throws `RegistryError` (`manifest-unknown`) when the store has lost them. */
export async function manifestBytes(ports: Pick<RegistryPorts, 'blobs'>, manifest: ManifestDocument): Promise<Uint8Array<ArrayBuffer>> {
  if ('text' in manifest.content) return Buffer.from(manifest.content.text, 'utf8');
  const stream = await ports.blobs.readBlob(manifest.content.blob);
  if (stream === undefined) throw new RegistryError({ is: 'manifest-unknown', reference: manifest.digest });
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
