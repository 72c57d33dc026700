import { z } from 'zod';
import { limitBody } from '../../core/http/limit-body.ts';
import type { DigestAlgorithm } from '../../core/oci/digest.ts';
import { RegistryError } from '../../core/oci/faults.ts';
import { bodyHash } from './body-hash.ts';
import type { RegistryPorts } from './ports.ts';
import { blockId, maxBlocks, requireRoom, stageBody } from './stage-body.ts';
import type { Segment, UploadState } from './upload-state.ts';
import { blockPrefix, physicalName } from './upload-state.ts';

export interface UploadBody {
  readonly stream: AsyncIterable<Uint8Array>;
  /** The request's `Content-Length`, if it has one. */
  readonly length: number | undefined;
  /** The request's `Content-Range`, if it has one. */
  readonly range: { readonly start: number; readonly end: number } | undefined;
}

/**
 * Adds a body to an upload and returns its new state. Throws `RegistryError`: `range-invalid` if a numbered chunk is
 * not the next one, `length-mismatch` if the body does not have the length in its headers, `upload-invalid` if it
 * breaks off, `too-large` before the first byte if its headers announce too much, or else at the block that is too
 * many.
 */
export async function appendToUpload(
  ports: RegistryPorts,
  state: UploadState,
  body: UploadBody,
  algorithm: DigestAlgorithm = state.algorithm,
): Promise<UploadState> {
  checkRange(state, body);
  const promised = promisedBytes(body);
  requireRoom(state.offset + (promised ?? 0));
  const hash = await bodyHash(state.hash, { numbered: body.range !== undefined, algorithm });
  // Two requests that start from one URL must not write each other's blocks, so each has a prefix of its own.
  const prefix = state.next + blockPrefix(ports.ids.nextId());
  const repeated = refuseRepeatedChunk(ports, state, body, prefix);
  // It is awaited below. If the body fails first, the client gets that error.
  repeated.catch(() => undefined);
  const { bytes, blocks } = await stageBody(
    ports.blobs,
    { name: physicalName(state), prefix, offset: state.offset },
    limitBody(body.stream, promised, 'upload-invalid'),
    hash,
  );
  ports.traffic.countBytes('received', bytes);
  await repeated;
  if (bytes === 0) return state;
  const grown = {
    ...state,
    offset: state.offset + bytes,
    next: blockPrefix(ports.ids.nextId()),
    hash: hash?.state() ?? ({ is: 'lost' } as const),
  };
  return spillSegments(ports, { ...grown, segments: [...state.segments, [prefix, blocks]] });
}

function checkRange(state: UploadState, { range, length }: UploadBody): void {
  if (range === undefined) return;
  if (range.start !== state.offset)
    throw new RegistryError({
      is: 'range-invalid',
      why: `the next byte is ${state.offset}, but the chunk starts at ${range.start}`,
    });
  const named = range.end - range.start + 1;
  if (length !== undefined && length !== named)
    throw new RegistryError({
      is: 'length-mismatch',
      why: `Content-Range is ${named} bytes long, and Content-Length is ${length}`,
    });
}

function promisedBytes({ range, length }: UploadBody): number | undefined {
  return range === undefined ? length : range.end - range.start + 1;
}

/**
 * The chunks after which repeated ones are not refused any more but appended: listing an upload's blocks costs more
 * with each chunk.
 */
const chunksLookedUp = 64;

/**
 * Refuses a numbered chunk that arrived whole before, by this same URL: it is out of order (416), as it would be where
 * a server stores the upload's state. One that broke off may be sent again. The blocks are listed while the body
 * streams, so this costs a chunk no time.
 */
async function refuseRepeatedChunk(
  ports: RegistryPorts,
  state: UploadState,
  body: UploadBody,
  ownPrefix: string,
): Promise<void> {
  if (body.range === undefined || state.spilled !== undefined || state.segments.length >= chunksLookedUp) return;
  const { offset } = await recoverUpload(ports, state, ownPrefix);
  if (offset > body.range.end)
    throw new RegistryError({
      is: 'range-invalid',
      why: `${offset} bytes were received already: ask by GET on this URL where to continue`,
      received: offset,
    });
}

/** A URL may have some 8,000 characters: this many segments and a saved hash fit well. */
const maxSegmentsInUrl = 64;
const spilledSchema = z.array(z.tuple([z.string(), z.int().positive()]));

/** Moves the segments of an upload in many small chunks out of the URL, into a small blob beside the upload. */
async function spillSegments(ports: RegistryPorts, state: UploadState): Promise<UploadState> {
  if (state.segments.length <= maxSegmentsInUrl) return state;
  const all = await allSegments(ports, state);
  const spilled = `uploads/${state.id}/${ports.ids.nextId()}`;
  await ports.blobs.putBlob(spilled, Buffer.from(JSON.stringify(all)), {});
  return { ...state, segments: [], spilled };
}

async function allSegments(ports: RegistryPorts, state: UploadState): Promise<Segment[]> {
  if (state.spilled === undefined) return state.segments;
  const stream = await ports.blobs.readBlob(state.spilled);
  if (stream === undefined) throw new RegistryError({ is: 'upload-unknown', why: 'its stored bytes are gone' });
  const text = await new Response(stream).text();
  return [...spilledSchema.parse(JSON.parse(text)), ...state.segments];
}

/** Returns the ids of an upload's blocks, in order. */
export async function uploadedBlocks(ports: RegistryPorts, state: UploadState): Promise<string[]> {
  const segments = await allSegments(ports, state);
  const ids = segments.flatMap(([prefix, count]) =>
    Array.from({ length: count }, (_, index) => blockId(prefix, index)),
  );
  if (ids.length > maxBlocks)
    throw new RegistryError({
      is: 'upload-invalid',
      why: `it has more than ${maxBlocks} chunks: send larger chunks`,
    });
  return ids;
}

/**
 * Returns the state of an upload after a request whose answer the client did not get: the whole blocks that the
 * interrupted request staged are kept. Their hash is lost with the process that read them, so they are read back at the
 * end. `except` is the prefix of a request that is still staging.
 */
export async function recoverUpload(ports: RegistryPorts, state: UploadState, except?: string): Promise<UploadState> {
  const staged = await ports.blobs.listStagedBlocks(physicalName(state));
  const own = staged.filter(
    ({ blockId }) => blockId.startsWith(state.next) && (except === undefined || !blockId.startsWith(except)),
  );
  const attempts = Map.groupBy(own, (block) => block.blockId.slice(0, -5));
  const best = [...attempts].map(([prefix, blocks]) => contiguous(prefix, blocks)).sort((a, b) => b.bytes - a.bytes)[0];
  if (best === undefined || best.blocks === 0) return state;
  return {
    ...state,
    offset: state.offset + best.bytes,
    segments: [...state.segments, [best.prefix, best.blocks]],
    next: blockPrefix(ports.ids.nextId()),
    hash: { is: 'lost' },
  };
}

function contiguous(prefix: string, blocks: readonly { blockId: string; size: number }[]) {
  const sizes = new Map(blocks.map((block) => [block.blockId, block.size]));
  let bytes = 0;
  let count = 0;
  for (let size = sizes.get(blockId(prefix, count)); size !== undefined; size = sizes.get(blockId(prefix, count))) {
    bytes += size;
    count++;
  }
  return { prefix, bytes, blocks: count };
}
