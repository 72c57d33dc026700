import type { BlobDocument } from '../../core/documents/blob.ts';
import { defined } from '../../core/documents/defined.ts';
import type { ManifestDocument } from '../../core/documents/manifest.ts';
import { tagDocumentSchema, tagRef } from '../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import { readStored } from '../../core/documents/stored.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { isDigest } from '../../core/oci/digest.ts';
import { imageUnknown } from '../../core/oci/faults.ts';
import type { Tag } from '../../core/oci/name.ts';
import { blobsOf, readManifest, withChildren } from './contents.ts';
import type { Copy, Replica } from './documents.ts';
import { copyRef, copySchema, replicatedRef, replicatedSchema } from './documents.ts';
import type { ReplicationPorts } from './ports.ts';
import { readReplicas } from './replicas.ts';
import { isTaken } from './within.ts';

/**
 * The progress of an image in one region. `bytesDone` counts its blobs, with the staged bytes of those under way as of
 * their last report.
 */
interface ImageInRegion {
  readonly region: string;
  readonly state: 'complete' | 'copying' | 'queued' | 'failing' | 'paused' | 'filtered' | 'not replicated';
  readonly bytes: number;
  readonly bytesDone: number;
  readonly queuedAt?: string;
  /** The time at which all of it was there, its sizes or hashes checked. */
  readonly verifiedAt?: string;
  readonly error?: string;
  readonly nextTry?: string;
}

export interface ImageStatus {
  readonly digest: Digest;
  readonly regions: readonly ImageInRegion[];
}

/**
 * Returns the status of an image, reading its own documents alone. Throws `RegistryError` (`thing-unknown`),
 * `StoreFailure`.
 */
export async function statusOf(
  ports: ReplicationPorts,
  key: RepositoryKey,
  reference: Tag | Digest,
): Promise<ImageStatus> {
  const digest = isDigest(reference)
    ? reference
    : (await readStored(ports.documents, tagDocumentSchema, tagRef(key, reference)))?.document.digest;
  const manifest = digest === undefined ? undefined : await readManifest(ports, key, digest);
  if (digest === undefined || manifest === undefined) throw imageUnknown(key.repository, reference);
  return { digest, regions: await regionsOf(ports, key, manifest, await withChildren(ports, key, manifest)) };
}

/** Returns the status of an image whose manifests are read. Throws `StoreFailure`. */
export async function regionsOf(
  ports: ReplicationPorts,
  key: RepositoryKey,
  manifest: ManifestDocument,
  manifests: readonly ManifestDocument[],
): Promise<ImageInRegion[]> {
  const [replicas, blobs] = await Promise.all([readReplicas(ports), blobsOf(ports, manifests)]);
  const byRegion = new Map(replicas.map((replica) => [replica.region, replica]));
  const isFiltered = async ({ settings: { filters } }: Replica) => !(await isTaken(ports, key, manifest, filters));
  const regions = await Promise.all(
    ports.regions.names.map((region) =>
      inRegion(ports, key, manifest.digest, blobs, { region, replica: byRegion.get(region), isFiltered }),
    ),
  );
  return regions.sort((a, b) => (a.region < b.region ? -1 : 1));
}

interface Asked {
  readonly region: string;
  readonly replica: Replica | undefined;
  readonly isFiltered: (replica: Replica) => Promise<boolean>;
}

async function inRegion(
  ports: ReplicationPorts,
  key: RepositoryKey,
  digest: Digest,
  blobs: readonly BlobDocument[],
  { region, replica, isFiltered }: Asked,
): Promise<ImageInRegion> {
  const missing = blobs.filter(({ copies }) => copies[region] === undefined);
  const [note, copies] = await Promise.all([
    readStored(ports.documents, replicatedSchema, replicatedRef(key, digest, region)),
    Promise.all(missing.map((blob) => readStored(ports.documents, copySchema, copyRef(blob.digest, region)))),
  ]);
  const underWay = copies.flatMap((copy) => copy?.document ?? []);
  const sum = (sizes: readonly number[]) => sizes.reduce((total, size) => total + size, 0);
  const bytes = sum(blobs.map(({ size }) => size));
  const bytesDone = bytes - sum(missing.map(({ size }) => size)) + sum(underWay.map((copy) => copy.bytesDone));
  const state = missing.length === 0 ? 'complete' : await stateOf(replica, underWay, isFiltered, note !== undefined);
  const { queuedAt, completedAt } = note?.document ?? {};
  return {
    region,
    state,
    bytes,
    bytesDone,
    ...defined({ queuedAt, verifiedAt: state === 'complete' && completedAt !== undefined ? completedAt : undefined }),
    ...failureOf(underWay),
  };
}

async function stateOf(
  replica: Replica | undefined,
  copies: readonly Copy[],
  isFiltered: Asked['isFiltered'],
  isNoted: boolean,
): Promise<ImageInRegion['state']> {
  if (replica === undefined) return 'not replicated';
  if (copies.some(({ error }) => error !== undefined)) return 'failing';
  if (replica.settings.paused) return 'paused';
  if (copies.some(({ begun }) => begun)) return 'copying';
  return copies.length === 0 && !isNoted && (await isFiltered(replica)) ? 'filtered' : 'queued';
}

function failureOf(copies: readonly Copy[]): Pick<ImageInRegion, 'error' | 'nextTry'> {
  const failing = copies.find(({ error }) => error !== undefined);
  return failing?.error === undefined ? {} : { error: failing.error, nextTry: failing.dueAt };
}
