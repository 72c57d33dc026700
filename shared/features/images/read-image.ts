import { defined } from '../../core/documents/defined.ts';
import type { ManifestDocument, TagDocument } from '../../core/documents/manifest.ts';
import { manifestDocumentSchema, manifestRef, tagDocumentSchema, tagRef } from '../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import type { RepositoryDocument } from '../../core/documents/repository.ts';
import { readStored } from '../../core/documents/stored.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { isDigest } from '../../core/oci/digest.ts';
import { imageUnknown } from '../../core/oci/faults.ts';
import { jsonIn } from '../../core/oci/json.ts';
import type { Manifest } from '../../core/oci/manifest.ts';
import { parseStoredManifest } from '../../core/oci/manifest.ts';
import { isImageConfigMediaType } from '../../core/oci/media-types.ts';
import type { Tag } from '../../core/oci/name.ts';
import type { ParsedConfig } from './config.ts';
import { maxConfigBytes, parseConfig } from './config.ts';
import type { ImageViewPorts } from './ports.ts';

/** An image as it is stored. */
export interface FoundImage {
  readonly key: RepositoryKey;
  readonly reference: Tag | Digest;
  readonly tag?: TagDocument;
  /** The catalog's entry of its repository, whose locks hold for it. */
  readonly entry?: RepositoryDocument;
  readonly document: ManifestDocument;
  readonly manifest: Manifest;
}

/** Finds a live image: two reads for a tag, one for a digest. Throws `RegistryError` (`thing-unknown`), `StoreFailure`. */
export async function findImage(
  ports: Pick<ImageViewPorts, 'documents' | 'images' | 'entries'>,
  key: RepositoryKey,
  reference: Tag | Digest,
): Promise<FoundImage> {
  const [entry, tag, named] = await Promise.all([
    ports.entries.find(key),
    isDigest(reference) ? undefined : readStored(ports.documents, tagDocumentSchema, tagRef(key, reference)),
    isDigest(reference) ? findManifest(ports, key, reference) : undefined,
  ]);
  const document = tag === undefined ? named : await findManifest(ports, key, tag.document.digest);
  const manifest = document === undefined ? undefined : await parsedManifest(ports, key, document);
  if (document === undefined || manifest === undefined) throw imageUnknown(key.repository, reference);
  return { key, reference, document, manifest, ...defined({ tag: tag?.document, entry: entry?.document }) };
}

export async function findManifest(
  { documents }: Pick<ImageViewPorts, 'documents'>,
  key: RepositoryKey,
  digest: Digest,
): Promise<ManifestDocument | undefined> {
  return (await readStored(documents, manifestDocumentSchema, manifestRef(key, digest)))?.document;
}

/** Parses a manifest, whose bytes lie in Blob Storage if they are many; `undefined` if it was just deleted. */
export async function parsedManifest(
  { images }: Pick<ImageViewPorts, 'images'>,
  key: RepositoryKey,
  { content, mediaType, digest }: ManifestDocument,
): Promise<Manifest | undefined> {
  if ('text' in content) return parseStoredManifest(Buffer.from(content.text), mediaType);
  return (await images.readImage(key, digest))?.manifest;
}

/** The config of an image, or why there is none to show. */
export type ReadConfig = { readonly config: ParsedConfig } | { readonly problem: string | undefined };

/**
 * Reads the config of an image. What the gates refuse to who pulls is not shown either: the config is a part of its
 * content.
 */
export async function readConfig(
  ports: Pick<ImageViewPorts, 'images' | 'admission'>,
  { key, tag, entry, document, manifest: { config } }: FoundImage,
): Promise<ReadConfig> {
  if (config === undefined || !isImageConfigMediaType(config.mediaType)) return { problem: undefined };
  if (!ports.admission.allows({ operation: 'pull', key, repository: entry, tag, manifest: document }))
    return { problem: 'the image may not be pulled, so its config is not shown' };
  if (storedSize(document, config.digest) > maxConfigBytes)
    return { problem: 'the config has more than 1 MiB, so it is not shown; pull it to read it' };
  const bytes = await ports.images.readSmallBlob(key, config.digest, maxConfigBytes);
  if (bytes === undefined) return { problem: `the repository has no blob ${config.digest} of at most 1 MiB` };
  const parsed = parseConfig(jsonIn(bytes));
  return parsed === undefined ? { problem: 'the config is not a JSON object, or nested too deep' } : { config: parsed };
}

/** Returns the size of a blob as the push has measured it, or as its descriptor claims it. */
export function storedSize({ references }: ManifestDocument, digest: Digest): number {
  const found = references.find((each) => each.digest === digest);
  return found?.stored ?? found?.size ?? 0;
}
