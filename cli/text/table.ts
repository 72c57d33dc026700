import { cut, padded, widthOf } from './width.ts';

export interface TableColumn {
  readonly title: string;
  /** Numbers stand at the right. */
  readonly isNumber?: boolean;
  /** A column that is cut when the terminal is too narrow; without one the longest is. */
  readonly mayShrink?: boolean;
}

const gap = 2;
const least = 8;

/** Returns the widths of the columns, so that a row fits into the terminal; `undefined` has no limit. */
export function widthsOf(
  columns: readonly TableColumn[],
  rows: readonly (readonly string[])[],
  room: number | undefined,
): number[] {
  const widths = columns.map(({ title }, at) => Math.max(widthOf(title), ...rows.map((row) => widthOf(row[at] ?? ''))));
  if (room === undefined) return widths;
  const total = () => widths.reduce((sum, width) => sum + width + gap, -gap);
  const shrinkable = columns.flatMap(({ mayShrink = false }, at) => (mayShrink ? [at] : []));
  for (const candidates of [shrinkable, columns.map((_, at) => at)])
    while (total() > room) {
      const widest = candidates.reduce(
        (best, at) => ((widths[at] ?? 0) > (widths[best] ?? 0) ? at : best),
        candidates[0] ?? 0,
      );
      const width = widths[widest] ?? 0;
      if (candidates.length === 0 || width <= least) break;
      const next = Math.max(
        least,
        ...candidates.filter((at) => at !== widest && (widths[at] ?? 0) < width).map((at) => widths[at] ?? 0),
      );
      widths[widest] = Math.max(next, width - (total() - room), least);
      if (widths[widest] === width) widths[widest] = width - 1;
    }
  return widths;
}

/**
 * Returns one line of a table, without spaces at its end. A cell that is wider than its column is cut on a terminal alone:
 * what goes into a pipe is whole.
 */
export function lineOf(
  columns: readonly TableColumn[],
  cells: readonly string[],
  widths: readonly number[],
  {
    mayCut,
    paint = (cell) => cell,
  }: { readonly mayCut: boolean; readonly paint?: (cell: string, column: number) => string },
): string {
  return columns
    .map(({ isNumber = false }, at) => {
      const width = widths[at] ?? 0;
      const cell = cells[at] ?? '';
      return paint(padded(mayCut ? cut(cell, width) : cell, width, isNumber), at);
    })
    .join(' '.repeat(gap))
    .trimEnd();
}
