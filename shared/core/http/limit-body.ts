import type { Patience as PatienceForBytes } from '../../../bounds/patience.ts';
import { RegistryError } from '../oci/faults.ts';
import { Patience } from './patience.ts';

/** The fault that a body which breaks off is, by what it is a body of. */
type BrokenBody = 'upload-invalid' | 'manifest-invalid';

/** A layer may take hours on a slow line, but not this many milliseconds without a byte. */
const uploadIdleMs = 60_000;

/**
 * Reads a body as it arrives, held to the length that its headers promise (`undefined`: none). Throws `RegistryError`:
 * `length-mismatch` at the first byte too many or at an early end, `broken` when the client goes away (that is no
 * failure of ours), `too-slow` when it sends nothing for longer than `patience` allows.
 */
export async function* limitBody(
  body: AsyncIterable<Uint8Array>,
  promised: number | undefined,
  broken: BrokenBody,
  patience: PatienceForBytes = new Patience({ idleMs: uploadIdleMs }),
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
  patience: PatienceForBytes,
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
    // A reader that stops early drops the rest; that it broke meanwhile does not matter.
    const letGo = chunks.return?.().catch(() => undefined);
    // This would wait for the read that was given up, which ends with the connection.
    if (!patience.isOver) await letGo;
  }
}

async function nextOf(
  chunks: AsyncIterator<Uint8Array>,
  broken: BrokenBody,
  patience: PatienceForBytes,
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

function mismatch(promised: number, arrived: string): RegistryError {
  return new RegistryError({ is: 'length-mismatch', why: `the headers promise ${promised} bytes, ${arrived} arrived` });
}
