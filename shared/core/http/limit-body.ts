import { RegistryError } from '../oci/faults.ts';
import { Patience } from './patience.ts';

/** What a body is of, and so what is wrong when it breaks off. */
type BrokenBody = 'upload-invalid' | 'manifest-invalid';

/** A layer may take hours on a slow line, but not a minute without a byte. In milliseconds. */
const uploadIdleMs = 60_000;

/**
 * A body as it arrives, held to the length that its headers promise (`undefined`: none). Throws `RegistryError`:
 * `length-mismatch` at the first byte too many or at an early end, `broken` when the client goes away (that is no
 * failure of ours), `too-slow` when it sends nothing for longer than `patience` has.
 */
export async function* limitBody(
  body: AsyncIterable<Uint8Array>,
  promised: number | undefined,
  broken: BrokenBody,
  patience = new Patience({ idleMs: uploadIdleMs }),
): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of readable(body, broken, patience)) {
    bytes += chunk.length;
    if (promised !== undefined && bytes > promised) throw mismatch(promised, 'more');
    yield chunk;
  }
  if (promised !== undefined && bytes < promised) throw mismatch(promised, `only ${bytes}`);
}

async function* readable(
  body: AsyncIterable<Uint8Array>,
  broken: BrokenBody,
  patience: Patience,
): AsyncGenerator<Uint8Array> {
  const chunks = body[Symbol.asyncIterator]();
  try {
    for (
      let next = await nextOf(chunks, broken, patience);
      next.done !== true;
      next = await nextOf(chunks, broken, patience)
    )
      yield next.value;
  } finally {
    // Who stops early lets go of the rest; that it broke meanwhile is no news.
    const letGo = chunks.return?.().catch(() => undefined);
    // It waits for the read that was given up, which ends with the connection.
    if (!patience.isOver) await letGo;
  }
}

async function nextOf(
  chunks: AsyncIterator<Uint8Array>,
  broken: BrokenBody,
  patience: Patience,
): Promise<IteratorResult<Uint8Array>> {
  return patience
    .next(() => chunks.next())
    .catch((error: unknown) => {
      if (error instanceof RegistryError) throw error;
      throw new RegistryError({
        is: broken,
        why: `the body broke off: ${error instanceof Error ? error.message : String(error)}`,
      });
    });
}

function mismatch(promised: number, came: string): RegistryError {
  return new RegistryError({ is: 'length-mismatch', why: `the headers promise ${promised} bytes, ${came} came` });
}
