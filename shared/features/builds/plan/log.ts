import { documentsOf } from '../../../core/documents/pages.ts';
import { StoreFailure } from '../../../core/ports/failures.ts';
import type { BuildPorts } from '../ports.ts';
import type { Node } from './documents.ts';
import { nodesOf } from './documents.ts';
import { Mask } from './mask.ts';

/** The length of a piece, in characters. */
const pieceLength = 32 * 1024;
const mostPieces = 500;
/** The most that one call of a runner may append, in characters. */
export const mostAppended = 256 * 1024;
/** The milliseconds between two writes. */
const writtenEvery = 1_000;
/** The seconds for which a log is kept. */
const keptFor = 30 * 24 * 3600;

type LogOf = Pick<Node, 'build' | 'id' | 'attempts'>;

function pieceId({ id, attempts }: LogOf, n: number): string {
  return `log:${id}:${attempts}:${String(n).padStart(6, '0')}`;
}

/**
 * Writes the output of a builder, piece by piece in documents beside its image's, so that it can be read while it
 * grows. Text beyond the limit is left out, and the log says so.
 */
export class LogWriter {
  readonly #ports: Pick<BuildPorts, 'documents' | 'log'>;
  readonly #of: LogOf;
  #text = '';
  #mask = new Mask([]);
  #pieces = 0;
  #writing: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;

  constructor(ports: Pick<BuildPorts, 'documents' | 'log'>, of: LogOf) {
    this.#ports = ports;
    this.#of = of;
  }

  /** Has these secrets hidden from now on. */
  hide(secrets: readonly string[]): void {
    this.#text += this.#mask.end();
    this.#mask = new Mask(secrets);
  }

  write(text: string): void {
    if (this.#pieces >= mostPieces) return;
    this.#text += this.#mask.push(text);
    if (this.#text.length >= pieceLength) this.#flush();
    else
      this.#timer ??= setTimeout(() => {
        this.#flush();
      }, writtenEvery);
  }

  /** Resolves when everything is written. */
  async end(): Promise<void> {
    this.#text += this.#mask.end();
    this.#flush();
    await this.#writing;
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (; this.#text !== ''; this.#pieces += 1) {
      const [piece, n] = [
        this.#pieces === mostPieces - 1
          ? '\n(the log is too long: the rest is left out)\n'
          : this.#text.slice(0, pieceLength),
        this.#pieces,
      ];
      this.#text = n === mostPieces - 1 ? '' : this.#text.slice(pieceLength);
      this.#writing = this.#writing.then(() => this.#put(n, piece));
    }
  }

  /** Writes one piece. A log that cannot be written stops no build. */
  async #put(n: number, text: string): Promise<void> {
    const { build } = this.#of;
    const document = {
      id: pieceId(this.#of, n),
      scope: nodesOf(build),
      type: 'log',
      schemaVersion: 1,
      of: this.#of.id,
      text,
      ttl: keptFor,
    };
    try {
      await this.#ports.documents.commitDocuments('builds', [nodesOf(build)], [{ do: 'upsert', document }]);
    } catch (error) {
      if (!(error instanceof StoreFailure)) throw error;
      this.#ports.log.warn({ err: error, build }, "a piece of a build's log is lost");
    }
  }
}

/**
 * Writes the `n`th piece of the output of a runner, after all that was written here. Throws `StoreFailure`.
 */
export async function appendLog(
  { documents }: Pick<BuildPorts, 'documents'>,
  of: LogOf,
  n: number,
  text: string,
): Promise<void> {
  if (n > mostPieces) return;
  // Ids with digits sort before ids with letters.
  const id = `log:${of.id}:r:${of.attempts}:${String(n).padStart(6, '0')}`;
  await documents.commitDocuments(
    'builds',
    [nodesOf(of.build)],
    [
      {
        do: 'upsert',
        document: {
          id,
          scope: nodesOf(of.build),
          type: 'log',
          schemaVersion: 1,
          of: of.id,
          text: text.slice(0, mostAppended),
          ttl: keptFor,
        },
      },
    ],
  );
}

/** A piece of a log; pieces are in the order of their ids. */
export interface Piece {
  readonly id: string;
  readonly text: string;
}

/** Reads the pieces that are written by now, of all attempts, or those behind one. Throws `StoreFailure`. */
export async function* piecesOf(
  { documents }: Pick<BuildPorts, 'documents'>,
  { build, id }: Pick<Node, 'build' | 'id'>,
  behind?: string,
): AsyncIterable<Piece> {
  const where = [
    { path: 'type', is: '=' as const, value: 'log' },
    { path: 'of', is: '=' as const, value: id },
    ...(behind === undefined ? [] : [{ path: 'id', is: '>' as const, value: behind }]),
  ];
  const pieces = documentsOf(documents, {
    container: 'builds',
    partition: [nodesOf(build)],
    where,
    orderBy: { path: 'id', direction: 'asc' },
    limit: 100,
  });
  for await (const { document } of pieces) yield { id: document.id, text: String(document.text) };
}

/** Reads the text that is written so far, of all attempts. */
export async function readLog(ports: Pick<BuildPorts, 'documents'>, of: Pick<Node, 'build' | 'id'>): Promise<string> {
  const texts: string[] = [];
  for await (const { text } of piecesOf(ports, of)) texts.push(text);
  return texts.join('');
}
