import type { Extract } from 'tar-stream';
import { extract } from 'tar-stream';
import { MAX_TEXT } from '../../../core/dockerfile/budget.ts';
import { RegistryError } from '../../../core/oci/faults.ts';
import { TarRefused } from '../../../core/oci/tar-walk.ts';
import { contextBounds, unpackedTar } from '../../../core/oci/unpacked-tar.ts';

function invalid(why: string): RegistryError {
  return new RegistryError({ is: 'request-invalid', why });
}

/**
 * Reads the text of one file of a tar archive, gzip or not. Throws `RegistryError` (`request-invalid`) if it has no
 * such file, or is no archive.
 */
export async function fileIn(archive: ReadableStream<Uint8Array>, path: string): Promise<string> {
  const { tar, end } = await unpackedTar(archive, contextBounds);
  const entries = tar.pipe(extract());
  tar.on('error', (error) => entries.destroy(error));
  try {
    return await found(entries, path);
  } catch (error) {
    if (error instanceof TarRefused) throw invalid(`the context cannot be used: ${error.message}`);
    throw error instanceof RegistryError ? error : invalid('the context is not a tar archive, or it is damaged');
  } finally {
    entries.destroy();
    end();
  }
}

async function found(entries: Extract, path: string): Promise<string> {
  const wanted = plain(path);
  for await (const entry of entries) {
    const { name, type, size } = entry.header;
    // Awaited here: leaving the loop ends the entry, with the part of it that has not arrived yet.
    if (type === 'file' && plain(name) === wanted) return await textOf(entry, size);
    entry.resume();
  }
  throw invalid(`the context has no file "${path.slice(0, 200)}"`);
}

/** Normalizes a path: `./Dockerfile` is `Dockerfile`. */
function plain(path: string): string {
  return path
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/');
}

async function textOf(entry: AsyncIterable<unknown>, size: number): Promise<string> {
  if (size > MAX_TEXT) throw invalid(`the Dockerfile has ${size} bytes, and at most ${MAX_TEXT} are allowed`);
  const chunks: Uint8Array[] = [];
  for await (const chunk of entry) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks).toString('utf8');
}
