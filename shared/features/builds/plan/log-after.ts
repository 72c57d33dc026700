import { documentsOf, firstOf } from '../../../core/documents/pages.ts';
import { RegistryError } from '../../../core/oci/faults.ts';
import type { BuildPorts } from '../ports.ts';
import type { Node } from './documents.ts';
import { isEnded, nodesOf } from './documents.ts';

/** A part of a log, and the place where the next part begins. */
export interface LogPart {
  readonly text: string;
  readonly cursor: string;
  /** True if nothing will follow. */
  readonly isLast: boolean;
}

/** A place in the log of one attempt: behind so many pieces that were printed here, and so many by a runner. */
interface Place {
  readonly attempt: number;
  readonly here: number;
  readonly byRunner: number;
}

/** The pieces of one answer; each has at most 32 Ki characters here, and 256 Ki of a runner. */
const mostPieces = 64;
/** The attempts that one answer goes through; the next one goes on. */
const mostAttempts = 4;

/**
 * Reads the log of an image from a cursor on, as far as it is written; without a cursor, from its beginning. The node
 * was read before the log, so text that was printed before its end is there. Throws `RegistryError`
 * (`request-invalid`), `StoreFailure`.
 */
export async function logAfter(
  ports: Pick<BuildPorts, 'documents'>,
  node: Node,
  cursor: string | undefined,
): Promise<LogPart> {
  let place = placeIn(cursor);
  const texts: string[] = [];
  const last = Math.min(node.attempts, place.attempt + mostAttempts);
  for (;;) {
    const { attempt } = place;
    const [here, byRunner] = await Promise.all([
      piecesBehind(ports, node, `log:${node.id}:${attempt}:`, place.here),
      piecesBehind(ports, node, `log:${node.id}:r:${attempt}:`, place.byRunner),
    ]);
    texts.push(...here.texts, ...byRunner.texts);
    place = { attempt, here: here.last, byRunner: byRunner.last };
    const isFull = here.isFull || byRunner.isFull;
    if (isFull || attempt >= last)
      return {
        text: texts.join(''),
        cursor: `${place.attempt}.${place.here}.${place.byRunner}`,
        isLast: !isFull && attempt >= node.attempts && isEnded(node),
      };
    place = { attempt: attempt + 1, here: -1, byRunner: -1 };
  }
}

function placeIn(cursor: string | undefined): Place {
  if (cursor === undefined || cursor === '') return { attempt: 0, here: -1, byRunner: -1 };
  const [, attempt, here, byRunner] = /^(\d{1,6})\.(-1|\d{1,6})\.(-1|\d{1,6})$/.exec(cursor) ?? [];
  if (attempt === undefined)
    throw new RegistryError({
      is: 'request-invalid',
      code: 'invalidParameter',
      why: '"after" must be the X-Longshore-Log-Cursor of the answer before, or empty for the beginning of the log',
    });
  return { attempt: Number(attempt), here: Number(here), byRunner: Number(byRunner) };
}

async function piecesBehind(
  { documents }: Pick<BuildPorts, 'documents'>,
  { build, id }: Node,
  prefix: string,
  n: number,
): Promise<{ readonly texts: string[]; readonly last: number; readonly isFull: boolean }> {
  const found = await firstOf(
    mostPieces,
    documentsOf(documents, {
      container: 'builds',
      partition: [nodesOf(build)],
      where: [
        { path: 'type', is: '=', value: 'log' },
        { path: 'of', is: '=', value: id },
        { path: 'id', is: 'starts-with', value: prefix },
        { path: 'id', is: '>', value: `${prefix}${n < 0 ? '' : String(n).padStart(6, '0')}` },
      ],
      orderBy: { path: 'id', direction: 'asc' },
      limit: mostPieces,
    }),
  );
  const numbers = found.map(({ document }) => Number(document.id.slice(prefix.length)));
  return {
    texts: found.map(({ document }) => String(document.text)),
    last: numbers.at(-1) ?? n,
    isFull: found.length === mostPieces,
  };
}
