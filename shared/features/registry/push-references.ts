import pLimit from 'p-limit';
import type { ManifestDocument } from '../../core/documents/manifest.ts';
import { manifestDocumentSchema, manifestRef } from '../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import { maxReferences, referencedDigests } from '../../core/documents/references.ts';
import { ownBytes } from '../../core/documents/tag-facts.ts';
import type { Cause } from '../../core/events/envelope.ts';
import type { Descriptor } from '../../core/oci/descriptor.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { RegistryError } from '../../core/oci/faults.ts';
import type { Manifest } from '../../core/oci/manifest.ts';
import { requiredBlobs } from '../../core/oci/manifest.ts';
import { isManifestMediaType } from '../../core/oci/media-types.ts';
import type { LinkedBlob } from './links.ts';
import { relyOnLink } from './links.ts';
import type { RegistryPorts } from './ports.ts';

/** The part of a push that decides which references it may rely on. */
interface Referencing {
  /** The digests that the same transaction pushes. */
  readonly coming?: ReadonlySet<Digest> | undefined;
  readonly key: RepositoryKey;
  readonly cause: Cause;
  readonly mayRestore: boolean;
}

const readsAtOnce = 16;
const referencesSchema = manifestDocumentSchema.shape.references;

/** The links and children that a push has read, and the time until which it may rely on its reads. */
export interface Relied {
  readonly links: ReadonlyMap<Digest, LinkedBlob>;
  /** The bytes that a client pulls of each child. */
  readonly children: ReadonlyMap<Digest, number>;
  /** The time in milliseconds since 1970. */
  readonly until: number;
}

/**
 * Requires that the repository has everything that the manifest references, and names all that is missing. Links are
 * kept for three quarters of the grace from now on, and a push commits within half of it. A child in the recycle bin is
 * restored if the pusher may restore it.
 */
export async function requireReferences(ports: RegistryPorts, push: Referencing, manifest: Manifest): Promise<Relied> {
  const { key } = push;
  const until = ports.clock.now().getTime() + ports.settings.graceMs / 2;
  const links = new Map<Digest, LinkedBlob>();
  const children = new Map<Digest, number>();
  const look = async (digest: Digest) => {
    const link = await relyOnLink(ports, key, digest);
    if (link !== undefined) links.set(digest, link);
    return link;
  };
  const { size: referenced } = referencedDigests(manifest);
  if (referenced > maxReferences)
    throw new RegistryError({
      is: 'manifest-invalid',
      why: `it references ${referenced} blobs and manifests, and at most ${maxReferences} are allowed`,
    });
  const child = (digest: Digest) =>
    push.coming?.has(digest) === true
      ? Promise.resolve(true as const)
      : childPresent(ports, push, digest, (found) => children.set(digest, ownBytes(found)));
  const wanted = [
    ...uniquely(requiredBlobs(manifest), look),
    ...uniquely(manifest.manifests, async (digest, mediaType) =>
      isManifestMediaType(mediaType)
        ? ((await child(digest)) ?? look(digest))
        : ((await look(digest)) ?? child(digest)),
    ),
  ];
  const limit = pLimit(readsAtOnce);
  const found = await Promise.all(wanted.map(({ look, digest, mediaType }) => limit(() => look(digest, mediaType))));
  const missing = wanted.flatMap(({ digest, mediaType }, index) =>
    found[index] === undefined
      ? [{ digest, mediaType }]
      : found[index] === 'stays in the bin'
        ? [{ digest, mediaType, deleted: true as const }]
        : [],
  );
  if (missing.length > 0) throw new RegistryError({ is: 'manifest-blobs-unknown', missing });
  return { links, children, until };
}

/**
 * Returns whether a child is present, and restores it if a policy recycled it, for an index that lists it keeps it. A
 * child that a user deleted needs the right to restore, or its own bytes. An index may also list blobs, as the layers
 * and the config of BuildKit's cache; the media type decides which of the two is read first.
 */
async function childPresent(
  ports: RegistryPorts,
  { key, cause, mayRestore }: Referencing,
  digest: Digest,
  note: (found: Pick<ManifestDocument, 'references'>) => void,
): Promise<true | 'stays in the bin' | undefined> {
  const isLive = async () => {
    const found = await ports.documents.readDocument(manifestRef(key, digest));
    // A document of a newer version is a child too; only its size is not known.
    const references = referencesSchema.safeParse(found?.document.references);
    if (references.success) note({ references: references.data });
    return found !== undefined;
  };
  if (await isLive()) return true;
  const back = await ports.bin.reviveForPush(key, digest, cause, mayRestore);
  if (back === 'refused') return 'stays in the bin';
  // It is read once more, for its size, and because somebody else may have just restored it.
  return (await isLive()) || back === 'revived' || undefined;
}

function uniquely(descriptors: readonly Descriptor[], look: (digest: Digest, mediaType: string) => Promise<unknown>) {
  const unique = new Map(descriptors.map((descriptor) => [descriptor.digest, descriptor]));
  return [...unique.values()].map(({ digest, mediaType }) => ({ digest, mediaType, look }));
}
