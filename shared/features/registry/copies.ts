import type { z } from 'zod';
import { blobDocumentSchema, blobRef } from '../../core/documents/blob.ts';
import { readStored } from '../../core/documents/stored.ts';
import type { Digest } from '../../core/oci/digest.ts';
import type { ReadBlob, SignBlobUrl } from '../../core/ports/blobs.ts';
import { StoreFailure } from '../../core/ports/failures.ts';
import type { Regions } from '../../core/ports/regions.ts';
import type { LinkedBlob } from './links.ts';
import type { RegistryPorts } from './ports.ts';

/** A blob's bytes in one region. */
export interface Copy {
  readonly name: string;
  readonly blobs: ReadBlob & SignBlobUrl;
}

type CopyPorts = Pick<RegistryPorts, 'blobs' | 'nearby' | 'regions' | 'replication'>;

const copiesSchema = blobDocumentSchema.pick({ type: true, schemaVersion: true, copies: true });
export type Copies = z.infer<typeof copiesSchema>['copies'];

/** Reads the copies of a digest by region, beside the reading of the link; reads nothing if there is one region. */
export async function findCopies(ports: Pick<CopyPorts, 'nearby' | 'regions'>, digest: Digest): Promise<Copies> {
  return ports.regions.names.length === 1 ? {} : readCopies(ports, digest);
}

async function readCopies({ nearby }: Pick<CopyPorts, 'nearby'>, digest: Digest): Promise<Copies> {
  return (await readStored(nearby, copiesSchema, blobRef(digest)))?.document.copies ?? {};
}

/**
 * Returns the copies of a blob, the best first: of this region, of regions that are up, of regions that seem down. If
 * this region has none, its copy is requested. `found` may be out of date: after a copy is forgotten its bytes are kept
 * for longer than any region is behind.
 */
export async function copiesOf(ports: CopyPorts, link: LinkedBlob, found: Copies): Promise<readonly [Copy, ...Copy[]]> {
  const { regions } = ports;
  if (regions.names.length === 1 && link.region === regions.here) return [{ name: link.name, blobs: ports.blobs }];
  // The region that the link names may have been emptied since.
  const known = Object.keys(found).length > 0 ? found : await readCopies(ports, link.digest);
  const names = new Map(Object.entries(known).map(([region, { name }]) => [region, name]));
  if (!names.has(regions.here)) ports.replication.hastenCopy(link.digest);
  const [first, ...rest] = (await byHealth(regions)).flatMap((region) => copyIn(regions, region, names.get(region)));
  // Only regions that are no longer in the deployment have the blob.
  if (first === undefined)
    throw new StoreFailure({
      dependency: 'blobs',
      kind: 'unavailable',
      message: `${link.digest} is stored in ${[...names.keys()].join(', ')}, which this app cannot reach`,
    });
  return [first, ...rest];
}

function copyIn(regions: Regions, region: string, name: string | undefined): Copy[] {
  const blobs = regions.blobsIn(region);
  return name === undefined || blobs === undefined ? [] : [{ name, blobs }];
}

/** Returns the regions, this one first, and those that do not answer last. */
async function byHealth(regions: Regions): Promise<string[]> {
  const health = await Promise.all(regions.names.map(async (name) => ({ name, up: await regions.isUp(name) })));
  return [...health.filter(({ up }) => up), ...health.filter(({ up }) => !up)].map(({ name }) => name);
}

/**
 * Opens a blob of this name in the first region that has it. Throws the last `StoreFailure` if none has it and one did
 * not answer.
 */
export async function readFromAny(
  { regions, blobs }: Pick<RegistryPorts, 'regions' | 'blobs'>,
  name: string,
  preferred?: string,
): Promise<ReadableStream<Uint8Array> | undefined> {
  if (regions.names.length === 1) return blobs.readBlob(name);
  const order = await byHealth(regions);
  const sorted =
    preferred === undefined ? order : [...order.filter((region) => region === regions.here), preferred, ...order];
  return firstThatHas([...new Set(sorted)].flatMap((region) => copyIn(regions, region, name)));
}

/** Opens the first copy that can be opened. Throws the last `StoreFailure` if none can be and one did not answer. */
export async function firstThatHas(
  copies: readonly Copy[],
  range?: { readonly offset: number; readonly length: number },
): Promise<ReadableStream<Uint8Array> | undefined> {
  let failure: StoreFailure | undefined;
  for (const { name, blobs } of copies) {
    try {
      const stream = await blobs.readBlob(name, range);
      if (stream !== undefined) return stream;
    } catch (error) {
      if (!(error instanceof StoreFailure)) throw error;
      failure = error;
    }
  }
  if (failure !== undefined) throw failure;
  return undefined;
}
