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

/** In which regions a digest's bytes are, beside the reading of the link; nothing is read where there is one region. */
export async function findCopies(ports: Pick<CopyPorts, 'nearby' | 'regions'>, digest: Digest): Promise<Copies> {
  return ports.regions.names.length === 1 ? {} : readCopies(ports, digest);
}

async function readCopies({ nearby }: Pick<CopyPorts, 'nearby'>, digest: Digest): Promise<Copies> {
  return (await readStored(nearby, copiesSchema, blobRef(digest)))?.document.copies ?? {};
}

/**
 * Where a blob is read, the best first: here, in regions that are up, in regions that seem down. What is not here is
 * asked to be brought sooner. `found` may be behind: a copy that is forgotten keeps its bytes for longer than any
 * region is.
 */
export async function copiesOf(ports: CopyPorts, link: LinkedBlob, found: Copies): Promise<readonly [Copy, ...Copy[]]> {
  const { regions } = ports;
  if (regions.names.length === 1 && link.region === regions.here) return [{ name: link.name, blobs: ports.blobs }];
  // The region that the link names may have been emptied since.
  const known = Object.keys(found).length > 0 ? found : await readCopies(ports, link.digest);
  const names = new Map(Object.entries(known).map(([region, { name }]) => [region, name]));
  if (!names.has(regions.here)) ports.replication.hastenCopy(link.digest);
  const [first, ...rest] = (await byHealth(regions)).flatMap((region) => copyIn(regions, region, names.get(region)));
  // A region that was taken out of the deployment before it was emptied.
  if (first === undefined)
    throw new StoreFailure({
      dependency: 'blobs',
      kind: 'unavailable',
      message: `${link.digest} lies in ${[...names.keys()].join(', ')}, which this app does not reach`,
    });
  return [first, ...rest];
}

function copyIn(regions: Regions, region: string, name: string | undefined): Copy[] {
  const blobs = regions.blobsIn(region);
  return name === undefined || blobs === undefined ? [] : [{ name, blobs }];
}

/** This region's first, those that do not answer last. */
async function byHealth(regions: Regions): Promise<string[]> {
  const health = await Promise.all(regions.names.map(async (name) => ({ name, up: await regions.isUp(name) })));
  return [...health.filter(({ up }) => up), ...health.filter(({ up }) => !up)].map(({ name }) => name);
}

/**
 * The first of these regions that has a blob of this name. Throws the last `StoreFailure` where none has it and one did
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

/** Opens the first copy that can be opened. Throws the last `StoreFailure` where none can be and one did not answer. */
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
