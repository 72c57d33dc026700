import { requireAllowed } from '../../core/documents/attributes.ts';
import type { ManifestDocument } from '../../core/documents/manifest.ts';
import {
  guardedManifest,
  guardedTag,
  manifestDocumentSchema,
  manifestRef,
  tagDocumentSchema,
  tagRef,
} from '../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import { readStored } from '../../core/documents/stored.ts';
import type { Cause } from '../../core/events/envelope.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { isDigest } from '../../core/oci/digest.ts';
import { RegistryError } from '../../core/oci/faults.ts';
import type { Tag } from '../../core/oci/name.ts';
import { readFromAny } from './copies.ts';
import type { CachedManifest } from './manifest-cache.ts';
import type { RegistryPorts } from './ports.ts';

type PullPorts = Pick<RegistryPorts, 'documents' | 'nearby' | 'blobs' | 'regions' | 'manifests' | 'tagReads' | 'bin'>;

/**
 * What is known of a manifest by tag (two reads) or by digest (one); a warm instance saves the last. What is not there
 * may come back out of the bin, where the settings say so. Throws `RegistryError`: `manifest-unknown`, `disallowed`.
 */
export async function findManifest(
  ports: PullPorts,
  key: RepositoryKey,
  reference: Tag | Digest,
  cause: Cause,
): Promise<CachedManifest> {
  try {
    return await findLive(ports, key, reference);
  } catch (error) {
    if (
      !(error instanceof RegistryError) ||
      error.fault.is !== 'manifest-unknown' ||
      !isPull(cause) ||
      !(await ports.bin.reviveForPull(key, reference, cause))
    )
      throw error;
    return findLive(ports, key, reference);
  }
}

/**
 * Clients that begin a pull by a HEAD, and give up when that finds nothing: kubelet and Docker through containerd, and
 * builds.
 */
const pullsByHead = /^(?:containerd|buildkit|nerdctl|docker|moby|stargz-snapshotter)\//i;

/** Who only looks by HEAD whether a tag has moved, on a schedule, would bring back whatever a policy takes. */
function isPull({ request: { method, useragent } }: Cause): boolean {
  return method !== 'HEAD' || pullsByHead.test(useragent);
}

async function findLive(ports: PullPorts, key: RepositoryKey, reference: Tag | Digest): Promise<CachedManifest> {
  const digest = isDigest(reference) ? reference : await resolveTag(ports, key, reference);
  const found =
    ports.manifests.get(key, digest) ??
    (await ports.manifests.through(key, digest, () => readManifest(ports, key, digest)));
  if (found === undefined) throw new RegistryError({ is: 'manifest-unknown', reference });
  requireAllowed('read', [guardedManifest(found.document)]);
  return found;
}

/**
 * As `findManifest`, with what was pushed: exactly its bytes, or the text that has them. A text is left as it is, for
 * Node sends it and the answer's head in one write, and bytes in two.
 */
export async function pullManifest(
  ports: PullPorts,
  key: RepositoryKey,
  reference: Tag | Digest,
  cause: Cause,
): Promise<{ document: ManifestDocument; content: string | Uint8Array<ArrayBuffer> }> {
  const found = await findManifest(ports, key, reference, cause);
  const { document } = found;
  if ('text' in document.content) return { document, content: document.content.text };
  if (found.bytes !== undefined) return { document, content: found.bytes };
  const bytes = await manifestBytes(ports, document);
  ports.manifests.keepBytes(key, found, bytes);
  return { document, content: bytes };
}

async function readManifest(
  { nearby }: PullPorts,
  key: RepositoryKey,
  digest: Digest,
): Promise<CachedManifest | undefined> {
  const found = await readStored(nearby, manifestDocumentSchema, manifestRef(key, digest));
  return found === undefined ? undefined : { document: found.document, bytes: undefined };
}

/** Of a tag's document a pull needs no more, and each property that is checked costs every pull. */
const tagTarget = tagDocumentSchema.pick({
  type: true,
  schemaVersion: true,
  name: true,
  digest: true,
  attributes: true,
});

/** Pulls of one tag at the same time share a read, as when a new image rolls out. */
function resolveTag(ports: PullPorts, key: RepositoryKey, tag: Tag): Promise<Digest> {
  return ports.tagReads.read(`${key.registry}/${key.repository}:${tag}`, async () => {
    const found = await readStored(ports.documents, tagTarget, tagRef(key, tag));
    if (found === undefined) throw new RegistryError({ is: 'manifest-unknown', reference: tag });
    requireAllowed('read', [guardedTag(found.document)]);
    return found.document.digest;
  });
}

/** The exact bytes that were pushed. Throws `RegistryError` (`manifest-unknown`) when the store has lost them. */
export async function manifestBytes(
  ports: Pick<RegistryPorts, 'blobs' | 'regions'>,
  manifest: ManifestDocument,
): Promise<Uint8Array<ArrayBuffer>> {
  if ('text' in manifest.content) return Buffer.from(manifest.content.text, 'utf8');
  const stream = await readFromAny(ports, manifest.content.blob, manifest.content.region);
  if (stream === undefined) throw new RegistryError({ is: 'manifest-unknown', reference: manifest.digest });
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
