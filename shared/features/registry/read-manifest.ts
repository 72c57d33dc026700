import type { Question } from '../../core/admission/gate.ts';
import type { ManifestDocument } from '../../core/documents/manifest.ts';
import { manifestDocumentSchema, manifestRef, tagDocumentSchema, tagRef } from '../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import { readStored } from '../../core/documents/stored.ts';
import { isNewlyHeld } from '../../core/documents/verdict.ts';
import type { Cause } from '../../core/events/envelope.ts';
import { noteWarning } from '../../core/http/warnings.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { isDigest } from '../../core/oci/digest.ts';
import { RegistryError } from '../../core/oci/faults.ts';
import type { Tag } from '../../core/oci/name.ts';
import type { Asker } from '../../core/ports/authorize.ts';
import { readFromAny } from './copies.ts';
import type { CachedManifest } from './manifest-cache.ts';
import type { PulledTag, RegistryPorts } from './ports.ts';

type PullPorts = Pick<
  RegistryPorts,
  'admission' | 'documents' | 'nearby' | 'blobs' | 'regions' | 'manifests' | 'tagReads' | 'bin' | 'clock'
>;

/** The caller of a pull, and the cause of a restore from the recycle bin. */
export interface PulledBy {
  readonly cause: Cause;
  readonly asker: Asker;
}

/**
 * Finds a manifest by tag (two reads) or by digest (one); a cached manifest saves the last read. One that does not
 * exist may be restored from the recycle bin, if the settings say so. Throws `RegistryError`: `manifest-unknown`, or
 * the refusal of a gate.
 */
export async function findManifest(
  ports: PullPorts,
  key: RepositoryKey,
  reference: Tag | Digest,
  by: PulledBy,
): Promise<CachedManifest> {
  const { cause } = by;
  try {
    return await findLive(ports, key, reference, by);
  } catch (error) {
    if (
      !(error instanceof RegistryError) ||
      error.fault.is !== 'manifest-unknown' ||
      !isPull(cause) ||
      !(await ports.bin.reviveForPull(key, reference, cause))
    )
      throw error;
    return findLive(ports, key, reference, by);
  }
}

/**
 * The clients that begin a pull by a HEAD, and give up if that finds nothing: kubelet and Docker through containerd,
 * and builds.
 */
const pullsByHead = /^(?:containerd|buildkit|nerdctl|docker|moby|stargz-snapshotter)\//i;

/**
 * Returns whether a request is a pull. A client that checks by HEAD on a schedule whether a tag has moved would restore
 * all that a policy recycles.
 */
function isPull({ request: { method, useragent } }: Cause): boolean {
  return method !== 'HEAD' || pullsByHead.test(useragent);
}

async function findLive(
  ports: PullPorts,
  key: RepositoryKey,
  reference: Tag | Digest,
  { cause, asker }: PulledBy,
): Promise<CachedManifest> {
  const operation = cause.request.method === 'HEAD' ? 'head' : 'pull';
  let digest: Digest;
  let tag: PulledTag | undefined;
  if (isDigest(reference)) digest = reference;
  else {
    tag = await readTag(ports, key, reference);
    ports.admission.require({ operation, key, asker, tag });
    digest = tag.digest;
  }
  const found = await cachedManifest(ports, key, digest);
  if (found === undefined) throw new RegistryError({ is: 'manifest-unknown', reference });
  const question = { operation, key, asker, tag } as const;
  const refusal = ports.admission.refusal({ ...question, manifest: found.document });
  if (refusal === undefined) return found;
  const previous = await previousOf(ports, question, found);
  if (previous === undefined) throw new RegistryError(refusal);
  return previous;
}

/**
 * Returns the manifest that a tag served before it was moved to one that is held and has never passed, if a policy asks
 * for that. One that has passed and is held now is no reason to go back to an older one. `undefined` if there is none,
 * or a gate refuses it.
 */
async function previousOf(
  ports: PullPorts,
  {
    key,
    tag,
    asker,
    operation,
  }: Pick<Question, 'key' | 'operation'> & { readonly tag: PulledTag | undefined; readonly asker: Asker },
  { document }: CachedManifest,
): Promise<CachedManifest | undefined> {
  if (tag?.previous === undefined || !isNewlyHeld(document.verdict, ports.clock.now())) return undefined;
  const found = await cachedManifest(ports, key, tag.previous);
  if (found === undefined) return undefined;
  if (!ports.admission.allows({ operation, key, asker, tag, manifest: found.document })) return undefined;
  noteWarning(
    asker.request,
    `${key.repository}:${tag.name} was moved to an image that is held, and serves the one before it`,
  );
  return found;
}

async function cachedManifest(
  ports: PullPorts,
  key: RepositoryKey,
  digest: Digest,
): Promise<CachedManifest | undefined> {
  return (
    ports.manifests.get(key, digest) ??
    (await ports.manifests.through(key, digest, () => readManifest(ports, key, digest)))
  );
}

/**
 * Finds a manifest as `findManifest` does, and returns it with the bytes that were pushed, or the text that has them. A
 * text stays a text, for Node sends it and the answer's head in one write, and bytes in two.
 */
export async function pullManifest(
  ports: PullPorts,
  key: RepositoryKey,
  reference: Tag | Digest,
  by: PulledBy,
): Promise<{ document: ManifestDocument; content: string | Uint8Array<ArrayBuffer> }> {
  const found = await findManifest(ports, key, reference, by);
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

/** The schema has only these properties of a tag, for each one that is checked costs every pull. */
const tagTarget = tagDocumentSchema.pick({
  type: true,
  schemaVersion: true,
  name: true,
  digest: true,
  previous: true,
  attributes: true,
});

/**
 * Reads a tag; pulls of one tag at the same time share a read, as when a new image rolls out. Each asks the gates
 * itself, for they may answer one otherwise than another.
 */
function readTag(ports: PullPorts, key: RepositoryKey, tag: Tag): Promise<PulledTag> {
  return ports.tagReads.read(`${key.registry}/${key.repository}:${tag}`, async () => {
    const found = await readStored(ports.documents, tagTarget, tagRef(key, tag));
    if (found === undefined) throw new RegistryError({ is: 'manifest-unknown', reference: tag });
    return found.document;
  });
}

/** Returns the exact bytes that were pushed. Throws `RegistryError` (`manifest-unknown`) if the store has lost them. */
export async function manifestBytes(
  ports: Pick<RegistryPorts, 'blobs' | 'regions'>,
  manifest: ManifestDocument,
): Promise<Uint8Array<ArrayBuffer>> {
  if ('text' in manifest.content) return Buffer.from(manifest.content.text, 'utf8');
  const stream = await readFromAny(ports, manifest.content.blob, manifest.content.region);
  if (stream === undefined) throw new RegistryError({ is: 'manifest-unknown', reference: manifest.digest });
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
