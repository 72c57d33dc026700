import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { TarBounds } from './tar-walk.ts';
import { TarWalk } from './tar-walk.ts';

/** The limits of a build's context. A context in git is smaller. */
export const contextBounds: TarBounds = { bytes: 2 * 1024 ** 3, entries: 250_000 };

/**
 * Unpacks an archive, gzip or not, to plain tar within its bounds. The tar breaks off with `TarRefused`, or with the
 * error of the damage.
 */
export async function unpackedTar(
  archive: ReadableStream<Uint8Array>,
  bounds: TarBounds,
): Promise<{ readonly tar: Readable; readonly end: () => void }> {
  const reader = archive.getReader();
  const first = await reader.read();
  const source = Readable.from(rest(reader, first.value ?? new Uint8Array()));
  const isZipped = first.value?.[0] === 0x1f && first.value[1] === 0x8b;
  const walk = new TarWalk(bounds);
  const steps = isZipped ? [source, createGunzip(), walk] : [source, walk];
  // Its error, if any, also breaks off the walk, where its reader sees it.
  pipeline(steps, () => undefined);
  return {
    tar: walk,
    end: () => {
      source.destroy();
    },
  };
}

async function* rest(reader: ReadableStreamDefaultReader<Uint8Array>, first: Uint8Array): AsyncIterable<Uint8Array> {
  try {
    yield first;
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
  } finally {
    await reader.cancel();
  }
}
