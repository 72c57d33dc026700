import { z } from 'zod';
import type { DigestAlgorithm } from '../oci/digest.ts';
import { RegistryError } from '../oci/faults.ts';
import { bodyHash } from './body-hash.ts';
import type { RegistryPorts } from './ports.ts';
import { blockId, maxBlocks, stageBody } from './stage-body.ts';
import { blockPrefix } from './upload-state.ts';
import type { Segment, UploadState } from './upload-state.ts';

/** The physical blob that an upload becomes: chosen when it starts, never renamed. */
export function physicalName(state: UploadState): string {
  return `blobs/${state.id}`;
}

export interface UploadBody {
  readonly stream: AsyncIterable<Uint8Array>;
  /** The request's `Content-Length`, where it has one. */
  readonly length: number | undefined;
  /** The request's `Content-Range`, where it has one. */
  readonly range: { readonly start: number; readonly end: number } | undefined;
}

/**
 * Adds a body to an upload and returns its new state. Throws `RegistryError`: `range-invalid` when a numbered chunk
 * is not the next one, `upload-invalid` when the body is not as long as its headers say.
 */
export async function appendToUpload(ports: RegistryPorts, state: UploadState, body: UploadBody, algorithm?: DigestAlgorithm): Promise<UploadState> {
  checkRange(state, body);
  const hash = await bodyHash(state.hash, { numbered: body.range !== undefined, ...(algorithm === undefined ? {} : { algorithm }) });
  // Two requests that start from one URL must not write each other's blocks: each has a prefix of its own.
  const prefix = state.next + blockPrefix(ports.ids.nextId());
  const { bytes, blocks } = await stageBody(ports.blobs, { name: physicalName(state), prefix }, body.stream, hash);
  checkLength(bytes, body);
  if (bytes === 0) return state;
  const grown = { ...state, offset: state.offset + bytes, next: blockPrefix(ports.ids.nextId()), hash: hash?.state() ?? ({ is: 'lost' } as const) };
  return spillSegments(ports, { ...grown, segments: [...state.segments, [prefix, blocks]] });
}

function checkRange(state: UploadState, body: UploadBody): void {
  if (body.range === undefined) return;
  if (body.range.start !== state.offset) {
    throw new RegistryError({ is: 'range-invalid', why: `the next byte is ${state.offset}, the chunk starts at ${body.range.start}`, received: state.offset });
  }
  const length = body.range.end - body.range.start + 1;
  if (body.length !== undefined && body.length !== length) {
    throw new RegistryError({ is: 'range-invalid', why: `Content-Range names ${length} bytes, Content-Length ${body.length}`, received: state.offset });
  }
}

function checkLength(bytes: number, body: UploadBody): void {
  const promised = body.range === undefined ? body.length : body.range.end - body.range.start + 1;
  if (promised !== undefined && promised !== bytes) throw new RegistryError({ is: 'upload-invalid', why: `the headers promise ${promised} bytes, ${bytes} came` });
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
  if (stream === undefined) throw new RegistryError({ is: 'upload-unknown', why: 'what it had received is gone' });
  const text = await new Response(stream).text();
  return [...spilledSchema.parse(JSON.parse(text)), ...state.segments];
}

/** The ids of an upload's blocks, in order. */
export async function uploadedBlocks(ports: RegistryPorts, state: UploadState): Promise<string[]> {
  const segments = await allSegments(ports, state);
  const ids = segments.flatMap(([prefix, count]) => Array.from({ length: count }, (_, index) => blockId(prefix, index)));
  if (ids.length > maxBlocks) throw new RegistryError({ is: 'upload-invalid', why: `it came in more than ${maxBlocks} pieces; send larger chunks` });
  return ids;
}

/**
 * Where an upload stands after a request of which the client saw no answer: the whole blocks that the interrupted
 * request staged are kept. Their hash is lost with the process that read them, so they are read back at the end.
 */
export async function recoverUpload(ports: RegistryPorts, state: UploadState): Promise<UploadState> {
  const staged = await ports.blobs.listStagedBlocks(physicalName(state));
  const attempts = Map.groupBy(staged.filter((block) => block.blockId.startsWith(state.next)), (block) => block.blockId.slice(0, -5));
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
