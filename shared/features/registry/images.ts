import { createHash } from 'node:crypto';
import type { Question } from '../../core/admission/gate.ts';
import { defined } from '../../core/documents/defined.ts';
import { manifestDocumentSchema, manifestRef, tagDocumentSchema, tagRef } from '../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import { readStored } from '../../core/documents/stored.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { algorithmOf, digestFromHex, digestOf, isDigest } from '../../core/oci/digest.ts';
import { RegistryError } from '../../core/oci/faults.ts';
import { parseStoredManifest } from '../../core/oci/manifest.ts';
import type { Tag } from '../../core/oci/name.ts';
import type { Images, StoredImage } from '../../core/ports/images.ts';
import { readFromAny } from './copies.ts';
import { linkKnown, registerBytes } from './finish-upload.ts';
import { findLink, requireLink } from './links.ts';
import { mountBlob } from './mount.ts';
import type { RegistryPorts } from './ports.ts';
import { pushManifest } from './push-manifest.ts';
import { manifestBytes } from './read-manifest.ts';
import { repositorySource, repositoryTarget } from './transfer.ts';

/** Makes the data plane as other features use it. */
export function imagesOf(ports: RegistryPorts): Images {
  return {
    readImage: async (key, reference) => (await readImage(ports, key, reference))?.image,
    async readPullable(key, reference) {
      const [found, entry] = await Promise.all([readImage(ports, key, reference), ports.entries.find(key)]);
      const question = { operation: 'copy' as const, key, repository: entry?.document, ...found?.documents };
      return found !== undefined && ports.admission.allows(question) ? found.image : undefined;
    },
    async readSmallBlob(key, digest, maxBytes) {
      const link = await findLink(ports, key, digest);
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
    storeBlob: (key, digest, open) => storeBlob(ports, key, digest, open),
    sizeOfBlob: async (key, digest) => (await requireLink(ports, key, digest)).size,
    async openBlob(key, digest) {
      const link = await findLink(ports, key, digest);
      return link === undefined ? undefined : readFromAny(ports, link.name, link.region);
    },
    mountBlob: (from, to, digest) => mountBlob(ports, from, to, digest),
    source: (key, by) => repositorySource(ports, key, by),
    target: (key, by) => repositoryTarget(ports, key, by),
    async pushImage(key, { reference, bytes, mediaType, cause, pushedBy, onlyIfAt }) {
      const push = { key, reference, tags: [], bytes, contentType: mediaType, cause, pushedBy, mayRestore: false };
      const pushed = await pushManifest(ports, { ...push, ...defined({ onlyIfAt }) });
      return pushed.digest;
    },
  };
}

/** The bytes of one staged block: a layer is never held whole. */
const blockBytes = 5 * 1024 * 1024;

async function storeBlob(
  ports: RegistryPorts,
  key: RepositoryKey,
  digest: Digest,
  open: () => ReadableStream<Uint8Array>,
): Promise<void> {
  if (await linkKnown(ports, key, digest)) return;
  const name = `blobs/${ports.ids.nextId()}`;
  const hash = createHash(algorithmOf(digest));
  const ids: string[] = [];
  let size = 0;
  for await (const block of blocksOf(open())) {
    hash.update(block);
    size += block.length;
    const id = Buffer.from(String(ids.length).padStart(6, '0')).toString('base64');
    await ports.blobs.stageBlock(name, id, block);
    ids.push(id);
  }
  const found = digestFromHex(algorithmOf(digest), hash.digest('hex'));
  if (found !== digest)
    throw new RegistryError({ is: 'digest-invalid', why: `the bytes have the digest ${found}, not ${digest}` });
  await ports.blobs.commitBlocks(name, ids, { digest, proven: 'yes' });
  await registerBytes(ports, key, { digest, name, size });
}

async function* blocksOf(stream: ReadableStream<Uint8Array>): AsyncIterable<Uint8Array> {
  let gathered: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stream) {
    gathered.push(chunk);
    length += chunk.length;
    if (length < blockBytes) continue;
    yield Buffer.concat(gathered);
    [gathered, length] = [[], 0];
  }
  if (length > 0) yield Buffer.concat(gathered);
}

async function readImage(
  ports: RegistryPorts,
  key: RepositoryKey,
  reference: Tag | Digest,
): Promise<{ readonly image: StoredImage; readonly documents: Pick<Question, 'tag' | 'manifest'> } | undefined> {
  const tag = isDigest(reference)
    ? undefined
    : (await readStored(ports.documents, tagDocumentSchema, tagRef(key, reference)))?.document;
  const digest = isDigest(reference) ? reference : tag?.digest;
  const found =
    digest === undefined
      ? undefined
      : await readStored(ports.documents, manifestDocumentSchema, manifestRef(key, digest));
  if (found === undefined) return undefined;
  const { mediaType } = found.document;
  const bytes = await manifestBytes(ports, found.document);
  return {
    image: { digest: found.document.digest, mediaType, bytes, manifest: parseStoredManifest(bytes, mediaType) },
    documents: { tag, manifest: found.document },
  };
}
