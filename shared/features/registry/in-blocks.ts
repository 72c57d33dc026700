import type { BlockBuffers } from './block-buffers.ts';

export interface FilledBlock {
  readonly block: Uint8Array;
  /** Returns the buffer after the block was stored, or the write has failed. */
  readonly giveBack: (isDone: boolean) => void;
}

export interface BlockPace {
  /**
   * The milliseconds after which a block that is still filling is stored as it is, so that an upload that stops, or
   * trickles, holds no memory.
   */
  readonly patientMs: number;
  /** The same time while others wait for a buffer. */
  readonly wantedMs: number;
}

/** The bytes up to which a body needs no buffer of a whole block; most configs and signatures are smaller. */
const smallBytes = 64 * 1024;

interface Filling {
  buffer: Uint8Array;
  filled: number;
  since: number;
}

/**
 * Gathers chunks into blocks of `size`; the last block, and those of a slow sender, are shorter. An empty body gives
 * none.
 */
export async function* inBlocks(
  body: AsyncIterable<Uint8Array>,
  size: number,
  buffers: BlockBuffers,
  pace: BlockPace,
): AsyncGenerator<FilledBlock> {
  const chunks = body[Symbol.asyncIterator]();
  let filling: Filling | undefined;
  const full = (): FilledBlock[] => {
    if (filling === undefined) return [];
    const { buffer, filled } = filling;
    filling = undefined;
    const giveBack = (isDone: boolean) => {
      if (buffer.length === size) buffers.giveBack(buffer, isDone);
    };
    return [{ block: buffer.subarray(0, filled), giveBack }];
  };
  try {
    let next = chunks.next();
    for (;;) {
      const came =
        filling === undefined || filling.buffer.length < size
          ? await next
          : await nextOrLate(next, filling.since, buffers, pace);
      if (came === 'late') {
        yield* full();
        continue;
      }
      if (came.done === true) break;
      const chunk = came.value;
      for (let taken = 0; taken < chunk.length;) {
        filling = await withRoom(filling, chunk.length - taken, size, buffers);
        const part = chunk.subarray(taken, taken + filling.buffer.length - filling.filled);
        filling.buffer.set(part, filling.filled);
        filling.filled += part.length;
        taken += part.length;
        if (filling.filled === size) yield* full();
      }
      next = chunks.next();
    }
    yield* full();
  } finally {
    if (filling?.buffer.length === size) buffers.giveBack(filling.buffer, true);
    await chunks.return?.();
  }
}

/** Returns the next chunk, or `late` if the block has been filling for too long; the read goes on then. */
async function nextOrLate<T>(
  next: Promise<T>,
  since: number,
  buffers: BlockBuffers,
  pace: BlockPace,
): Promise<T | 'late'> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    const look = () => {
      const age = performance.now() - since;
      if (age >= (buffers.areWanted ? pace.wantedMs : pace.patientMs)) resolve('late');
      else timer = setTimeout(look, Math.min(pace.wantedMs, pace.patientMs - age) + 1).unref();
    };
    look();
  });
  return Promise.race([late, next]).finally(() => clearTimeout(timer));
}

/**
 * Returns the same buffer if `more` bytes fit or it has the size of a block; otherwise one of that size with the same
 * content.
 */
async function withRoom(
  filling: Filling | undefined,
  more: number,
  size: number,
  buffers: BlockBuffers,
): Promise<Filling> {
  if (filling !== undefined && (filling.buffer.length === size || filling.filled + more <= filling.buffer.length))
    return filling;
  if (filling === undefined && more <= smallBytes && smallBytes < size)
    return { buffer: Buffer.allocUnsafe(smallBytes), filled: 0, since: performance.now() };
  const whole = await buffers.take();
  if (filling !== undefined) whole.set(filling.buffer.subarray(0, filling.filled));
  return { buffer: whole, filled: filling?.filled ?? 0, since: performance.now() };
}
