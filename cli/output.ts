import { harmless, harmlessJson } from './text/harmless.ts';
import type { TableColumn } from './text/table.ts';
import { lineOf, widthsOf } from './text/table.ts';
import { shownState } from './text/tint.ts';
import { padded, widthOf } from './text/width.ts';
import type { World } from './world.ts';

export type Format = 'table' | 'json' | 'tsv' | 'name';

/** A column of a list: the text for people in a table, and the value as it is for programs. */
interface Column<Item> extends TableColumn {
  readonly text: (item: Item) => string | undefined;
  /** The value in `-o tsv`; absent, the same text. */
  readonly raw?: (item: Item) => string | number | boolean | undefined;
  /** A state such as `failed`, which has a colour. */
  readonly isState?: boolean;
}

export interface List<Item> {
  readonly columns: readonly Column<Item>[];
  readonly nameOf: (item: Item) => string;
  /** One sentence for a person who sees an empty table: the next step. */
  readonly whenEmpty: string;
}

/** The rows whose widths decide for the first screen; a longer list is shown while it is read. */
const rowsAtOnce = 100;

/** Writes what a verb found, in the format that was asked for. */
export class Output {
  readonly #world: World;
  readonly format: Format;
  readonly #isColoured: boolean;

  constructor(world: World, format: Format) {
    this.#world = world;
    this.format = format;
    const { NO_COLOR: noColour = '', TERM: terminal } = world.env;
    this.#isColoured = world.out.isTerminal && noColour === '' && terminal !== 'dumb';
  }

  /** Writes a list while its pages arrive. The JSON of it is an array of the API's items, unchanged. */
  async list<Item extends object>(items: AsyncIterable<Item> | Iterable<Item>, shape: List<Item>): Promise<void> {
    if (this.format === 'table') return this.#table(items, shape);
    if (this.format === 'json') return this.#array(items);
    for await (const item of items) {
      const line = this.format === 'name' ? [shape.nameOf(item)] : shape.columns.map((column) => rawOf(column, item));
      await this.#line(line.map(harmless).join('\t'));
    }
  }

  /** Writes one thing. Its table is a line for each property; its name is the one for scripts. */
  async one(
    value: object,
    { lines, name }: { lines: readonly Pair[]; name: string | readonly string[] },
  ): Promise<void> {
    if (this.format === 'json') return this.#line(harmlessJson(value, 2));
    if (this.format === 'name') return this.#names(typeof name === 'string' ? [name] : name);
    // A title may be from outside, too: a right, or a pattern of a scope map.
    const shown = lines.flatMap(([title, text]) =>
      text === undefined || text === '' ? [] : [[harmless(title), harmless(String(text))] as const],
    );
    if (this.format === 'tsv') {
      for (const [title, text] of shown) await this.#line(`${title}\t${text}`);
      return;
    }
    const width = Math.max(0, ...shown.map(([title]) => widthOf(title)));
    for (const [title, text] of shown) await this.#line(`${padded(title, width, false)}  ${this.#state(text)}`);
  }

  async #names(names: readonly string[]): Promise<void> {
    for (const name of names) if (name !== '') await this.#line(harmless(name));
  }

  /** Writes a sentence for people; programs do not get it. */
  async say(text: string): Promise<void> {
    if (this.format === 'table') await this.#line(harmless(text));
  }

  /** Writes text from outside as one line. */
  async lineOf(text: string): Promise<void> {
    await this.#line(harmless(text));
  }

  /** Writes a line that is harmless already. */
  async line(text: string): Promise<void> {
    await this.#line(text);
  }

  async #table<Item>(items: AsyncIterable<Item> | Iterable<Item>, shape: List<Item>): Promise<void> {
    let widths: number[] | undefined;
    let waiting: string[][] = [];
    const flush = async () => {
      if (waiting.length === 0) return;
      if (widths === undefined) {
        widths = widthsOf(shape.columns, waiting, this.#world.out.isTerminal ? this.#world.out.columns : undefined);
        await this.#line(
          lineOf(
            shape.columns,
            shape.columns.map(({ title }) => title),
            widths,
            { mayCut: this.#world.out.isTerminal },
          ),
        );
      }
      const [rows, fixed] = [waiting, widths];
      waiting = [];
      await this.#line(rows.map((row) => this.#row(shape, row, fixed)).join('\n'));
    };
    for await (const item of items) {
      waiting.push(shape.columns.map(({ text }) => harmless(text(item) ?? '')));
      if (waiting.length >= rowsAtOnce) await flush();
    }
    await flush();
    // Scripts that read a table from a pipe get an empty one; a person gets the next step.
    if (widths === undefined && this.#world.out.isTerminal) await this.#line(harmless(shape.whenEmpty));
    else if (widths === undefined) await this.#world.err.write(`${harmless(shape.whenEmpty)}\n`);
  }

  #row<Item>({ columns }: List<Item>, row: readonly string[], widths: readonly number[]): string {
    const paint = (cell: string, at: number) => (columns[at]?.isState === true ? this.#state(cell) : cell);
    return lineOf(columns, row, widths, { mayCut: this.#world.out.isTerminal, paint });
  }

  async #array(items: AsyncIterable<object> | Iterable<object>): Promise<void> {
    let before = '[\n';
    for await (const item of items) {
      await this.#world.out.write(`${before}${harmlessJson(item, 2).replaceAll(/^/gm, '  ')}`);
      before = ',\n';
    }
    await this.#world.out.write(before === '[\n' ? '[]\n' : '\n]\n');
  }

  #state(text: string): string {
    return this.#isColoured ? shownState(text) : text;
  }

  async #line(text: string): Promise<void> {
    await this.#world.out.write(`${text}\n`);
  }
}

export type Pair = readonly [title: string, text: string | number | undefined];

function rawOf<Item>({ raw, text }: Column<Item>, item: Item): string {
  return String((raw === undefined ? text(item) : raw(item)) ?? '');
}
