import { digestOf, isDigest } from '../oci/digest.ts';
import type { Digest } from '../oci/digest.ts';
import { parseManifest } from '../oci/manifest.ts';
import type { Tag } from '../oci/name.ts';
import type { Images, StoredImage } from '../ports/images.ts';
import { manifestDocumentSchema, manifestRef, tagDocumentSchema, tagRef } from '../state/manifest.ts';
import type { RepositoryKey } from '../state/names.ts';
import { readStored } from '../state/stored.ts';
import { readFromAny } from './copies.ts';
import { linkKnown, registerBytes } from './finish-upload.ts';
import { findLink } from './links.ts';
import { mountBlob } from './mount.ts';
import type { RegistryPorts } from './ports.ts';
import { pushManifest } from './push-manifest.ts';
import { manifestBytes } from './read-manifest.ts';

/** The data plane from inside. */
export function imagesOf(ports: RegistryPorts): Images {
  return {
    readImage: (key, reference) => readImage(ports, key, reference),
    async readSmallBlob(key, digest, maxBytes) {
      const link = await findLink(ports.documents, key, digest);
      if (link === undefined || link.size > maxBytes) return undefined;
      const stream = await readFromAny(ports, link.name, link.region);
      return stream === undefined ? undefined : new Uint8Array(await new Response(stream).arrayBuffer());
    },
    async storeSmallBlob(key, bytes) {
      const digest = digestOf(bytes);
      if (await linkKnown(ports, key, digest)) return digest;
      const name = `blobs/${ports.ids.nextId()}`;
      await ports.blobs.putBlob(name, bytes, { digest, proven: 'yes' });
      await registerBytes(ports, key, { digest, name, size: bytes.length });
      return digest;
    },
    mountBlob: (from, to, digest) => mountBlob(ports, from, to, digest),
    async pushImage(key, { reference, bytes, mediaType, cause, onlyIfAt }) {
      const pushed = await pushManifest(ports, { key, reference, tags: [], bytes, contentType: mediaType, cause, ...(onlyIfAt === undefined ? {} : { onlyIfAt }) });
      return pushed.digest;
    },
  };
}

async function readImage(ports: RegistryPorts, key: RepositoryKey, reference: Tag | Digest): Promise<StoredImage | undefined> {
  const digest = isDigest(reference) ? reference : (await readStored(ports.documents, tagDocumentSchema, tagRef(key, reference)))?.document.digest;
  const found = digest === undefined ? undefined : await readStored(ports.documents, manifestDocumentSchema, manifestRef(key, digest));
  if (found === undefined) return undefined;
  const { mediaType } = found.document;
  const bytes = await manifestBytes(ports, found.document);
  return { digest: found.document.digest, mediaType, bytes, manifest: parseManifest(bytes, mediaType) };
}
