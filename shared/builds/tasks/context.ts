import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import type { Extract } from 'tar-stream';
import { RegistryError } from '../../oci/faults.ts';
import { MAX_TEXT } from '../dockerfile/budget.ts';

/** A Dockerfile stands near the start of an archive, or it is a large one: so much is looked through. In bytes, unpacked. */
const mostLookedThrough = 1024 * 1024 * 1024;

function invalid(why: string): RegistryError {
  return new RegistryError({ is: 'request-invalid', why });
}

/** The text of one file of a tar archive, gzip or not. Throws `RegistryError` (`request-invalid`) when there is none, or it is no archive. */
export async function fileIn(archive: ReadableStream<Uint8Array>, path: string): Promise<string> {
  const reader = archive.getReader();
  const first = await reader.read();
  const source = Readable.from(rest(reader, first.value ?? new Uint8Array()));
  const isZipped = first.value?.[0] === 0x1f && first.value[1] === 0x8b;
  const unpacked = isZipped ? source.pipe(createGunzip()) : source;
  const entries = unpacked.pipe(extract());
  for (const stream of [source, unpacked]) stream.on('error', (error) => entries.destroy(error));
  try {
    return await found(entries, path);
  } catch (error) {
    throw error instanceof RegistryError ? error : invalid('the context is no tar archive, or it is damaged');
  } finally {
    for (const stream of [entries, unpacked, source]) stream.destroy();
  }
}

async function* rest(reader: ReadableStreamDefaultReader<Uint8Array>, first: Uint8Array): AsyncIterable<Uint8Array> {
  try {
    yield first;
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
  } finally {
    await reader.cancel();
  }
}

async function found(entries: Extract, path: string): Promise<string> {
  const wanted = plain(path);
  let seen = 0;
  for await (const entry of entries) {
    const { name, type, size } = entry.header;
    seen += size;
    if (seen > mostLookedThrough) break;
    // Awaited here: leaving the loop ends the entry, and what of it has not come yet.
    if (type === 'file' && plain(name) === wanted) return await textOf(entry, size);
    entry.resume();
  }
  throw invalid(`the context has no file "${path.slice(0, 200)}"`);
}

/** `./Dockerfile` is `Dockerfile`. */
function plain(path: string): string {
  return path.split('/').filter((part) => part !== '' && part !== '.').join('/');
}

async function textOf(entry: AsyncIterable<unknown>, size: number): Promise<string> {
  if (size > MAX_TEXT) throw invalid(`the Dockerfile has ${size} bytes; at most ${MAX_TEXT} are allowed`);
  const chunks: Uint8Array[] = [];
  for await (const chunk of entry) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks).toString('utf8');
}
