import type { BlockBuffers } from './block-buffers.ts';

export interface FilledBlock {
  readonly block: Uint8Array;
  /** Once it has been stored, or has failed to be. */
  readonly giveBack: (isDone: boolean) => void;
}

export interface BlockPace {
  /**
   * A block that has been filling for so long is stored as it is, so that an upload that stops, or trickles, holds no
   * memory. In milliseconds.
   */
  readonly patientMs: number;
  /** The same while others wait for a buffer. */
  readonly wantedMs: number;
}

/** What most of the small bodies fit in (configs, signatures): they need no buffer of a whole block. In bytes. */
const smallBytes = 64 * 1024;

interface Filling {
  buffer: Uint8Array;
  filled: number;
  since: number;
}

/**
 * Gathers what arrives into blocks of `size`; the last one, and one of a slow sender, is shorter. An empty body gives
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

/** What came, or `late` when the block has been filling for too long. The read goes on. */
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

/** The same buffer where `more` bytes fit, or it is as large as a block; else one that is, with what was in it. */
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
