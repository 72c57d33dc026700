import type { RepositoryKey } from '../../core/documents/names.ts';
import { readStored } from '../../core/documents/stored.ts';
import type { Digest } from '../../core/oci/digest.ts';
import type { RegionOfImage } from '../../core/ports/image-views.ts';
import { readManifest, withChildren } from './contents.ts';
import { replicatedRef, replicatedSchema } from './documents.ts';
import type { ReplicationPorts } from './ports.ts';
import { readReplicas } from './replicas.ts';
import { regionsOf } from './status.ts';

/** An image with more manifests or blobs is shown by its notes alone: each of its blobs would be a read in each region. */
const mostManifests = 100;
const mostBlobs = 300;

/**
 * Says for a page about an image where it is; `undefined` where there is one region. Throws `StoreFailure`.
 */
export async function regionsOfImage(
  ports: ReplicationPorts,
  key: RepositoryKey,
  digest: Digest,
): Promise<readonly RegionOfImage[] | undefined> {
  if (ports.regions.names.length < 2) return undefined;
  const manifest = await readManifest(ports, key, digest);
  if (manifest === undefined) return [];
  const isSmall = manifest.references.filter(({ role }) => role === 'manifest').length <= mostManifests;
  const manifests = isSmall ? await withChildren(ports, key, manifest) : undefined;
  const blobs = new Set(
    (manifests ?? []).flatMap(({ references }) =>
      references.flatMap((each) => (each.role === 'manifest' ? [] : [each.digest])),
    ),
  );
  if (manifests === undefined || blobs.size > mostBlobs) return byNotes(ports, key, digest);
  const regions = await regionsOf(ports, key, manifest, manifests);
  return regions.map(({ region, state, bytes, bytesDone }) => ({
    region,
    state,
    missingBytes: Math.max(0, bytes - bytesDone),
  }));
}

async function byNotes(ports: ReplicationPorts, key: RepositoryKey, digest: Digest): Promise<RegionOfImage[]> {
  const names = [...ports.regions.names].sort();
  const [replicas, notes] = await Promise.all([
    readReplicas(ports),
    Promise.all(
      names.map((region) => readStored(ports.documents, replicatedSchema, replicatedRef(key, digest, region))),
    ),
  ]);
  return names.map((region, at) => {
    const isReplica = replicas.some((replica) => replica.region === region);
    return { region, state: notes[at]?.document.state ?? (isReplica ? 'not known' : 'not replicated') };
  });
}
