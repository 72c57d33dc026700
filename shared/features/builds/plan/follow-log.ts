import { setTimeout as sleep } from 'node:timers/promises';
import { readStored } from '../../../core/documents/stored.ts';
import type { BuildPorts } from '../ports.ts';
import type { Node } from './documents.ts';
import { isEnded, nodeSchema, nodesOf } from './documents.ts';
import { piecesOf } from './log.ts';

export interface Following {
  /** The milliseconds between two reads. */
  readonly everyMs: number;
  /**
   * The milliseconds until the answer ends, since Azure ends a request after 230 s: a client that follows a log then
   * asks again.
   */
  readonly forMs: number;
}

const usually: Following = { everyMs: 1_000, forMs: 210_000 };

/**
 * Streams the log of an image as it grows, until the image has ended or the time is over. The stream fails with
 * `StoreFailure`.
 */
export function followLog(
  ports: Pick<BuildPorts, 'documents'>,
  of: Pick<Node, 'build' | 'id'>,
  following: Following = usually,
): ReadableStream<Uint8Array> {
  const text = textOf(ports, of, following);
  const encoder = new TextEncoder();
  return new ReadableStream({
    async pull(stream) {
      const next = await text.next();
      if (next.done === true) stream.close();
      else stream.enqueue(encoder.encode(next.value));
    },
    async cancel() {
      await text.return(undefined);
    },
  });
}

async function* textOf(
  ports: Pick<BuildPorts, 'documents'>,
  of: Pick<Node, 'build' | 'id'>,
  { everyMs, forMs }: Following,
): AsyncGenerator<string, undefined> {
  const until = performance.now() + forMs;
  const shown = new Set<string>();
  let last: string | undefined;
  for (;;) {
    // This is read first: text that was printed before the end is there then.
    const hasEnded = await isOver(ports, of);
    const isLast = hasEnded || performance.now() >= until;
    // Text that is printed here after a runner has ended comes before the text of that runner.
    for await (const { id, text } of piecesOf(ports, of, isLast ? undefined : last)) {
      if (!shown.has(id)) yield text;
      shown.add(id);
      last = id;
    }
    if (isLast) return undefined;
    await sleep(everyMs);
  }
}

async function isOver(
  { documents }: Pick<BuildPorts, 'documents'>,
  { build, id }: Pick<Node, 'build' | 'id'>,
): Promise<boolean> {
  const found = await readStored(documents, nodeSchema, { container: 'builds', partition: [nodesOf(build)], id });
  return found === undefined || isEnded(found.document);
}
