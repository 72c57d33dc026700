import { RegistryError } from '../oci/faults.ts';

/** What a body is of, and so what is wrong when it breaks off. */
type BrokenBody = 'upload-invalid' | 'manifest-invalid';

/**
 * A body as it arrives, held to the length that its headers promise (`undefined`: none). Throws `RegistryError`: `length-mismatch` at
 * the first byte too many or at an early end, `broken` when the client goes away: that is no failure of ours.
 */
export async function* limitBody(body: AsyncIterable<Uint8Array>, promised: number | undefined, broken: BrokenBody): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of readable(body, broken)) {
    bytes += chunk.length;
    if (promised !== undefined && bytes > promised) throw mismatch(promised, 'more');
    yield chunk;
  }
  if (promised !== undefined && bytes < promised) throw mismatch(promised, `only ${bytes}`);
}

async function* readable(body: AsyncIterable<Uint8Array>, broken: BrokenBody): AsyncGenerator<Uint8Array> {
  const chunks = body[Symbol.asyncIterator]();
  try {
    for (let next = await nextOf(chunks, broken); next.done !== true; next = await nextOf(chunks, broken)) yield next.value;
  } finally {
    // Who stops early lets go of the rest; that it broke meanwhile is no news.
    await chunks.return?.().catch(() => undefined);
  }
}

async function nextOf(chunks: AsyncIterator<Uint8Array>, broken: BrokenBody): Promise<IteratorResult<Uint8Array>> {
  return chunks.next().catch((error: unknown) => {
    throw new RegistryError({ is: broken, why: `the body broke off: ${error instanceof Error ? error.message : String(error)}` });
  });
}

function mismatch(promised: number, came: string): RegistryError {
  return new RegistryError({ is: 'length-mismatch', why: `the headers promise ${promised} bytes, ${came} came` });
}
