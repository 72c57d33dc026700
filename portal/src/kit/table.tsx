import type { ComponentChildren, VNode } from 'preact';
import { Fragment } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Selection } from './selection.ts';

export interface Column<Row> {
  readonly name: string;
  readonly head: string;
  readonly cell: (row: Row) => ComponentChildren;
  /** True if the server sorts by this name. */
  readonly isSorted?: boolean;
  readonly isNumber?: boolean;
  /** The cell that names the row. */
  readonly isHead?: boolean;
}

export interface Sorting {
  readonly by: string;
  readonly isDescending: boolean;
  readonly onSort: (by: string, isDescending: boolean) => void;
}

interface TableProps<Row> {
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  readonly sorting?: Sorting;
  readonly selection?: Selection;
}

/** So many rows are drawn at once; a slow device takes less than 50 ms for them. */
const portion = 25;

/**
 * Rows of one page. On a narrow screen each row is a card, whose cells say their column. A long table is drawn by
 * portions, between which the browser answers to people.
 */
export function Table<Row>(props: TableProps<Row>): VNode {
  const { label, columns, rows, keyOf, sorting, selection } = props;
  const portions = usePortions(props);
  const keys = rows.map(keyOf);
  return (
    <table class="table" role="table" aria-label={label} aria-busy={portions.isWhole ? undefined : 'true'}>
      <thead role="rowgroup">
        <tr role="row">
          {selection === undefined ? null : (
            <th role="columnheader" scope="col" class="select">
              <SelectPage keys={keys} selection={selection} />
            </th>
          )}
          {columns.map((column) => (
            <Head key={column.name} column={column} sorting={sorting} />
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {portions.of((from, to) =>
          rows.slice(from, to).map((row, at) => (
            <tr
              key={keys[from + at]}
              role="row"
              data-row
              aria-selected={selection?.has(keys[from + at] ?? '') === true ? 'true' : undefined}
            >
              {selection === undefined ? null : (
                <td role="cell" class="select">
                  <SelectRow name={keys[from + at] ?? ''} keys={keys} selection={selection} />
                </td>
              )}
              {columns.map((column) => cellOf(column, row))}
            </tr>
          )),
        )}
      </tbody>
    </table>
  );
}

/** Counts how far a table is drawn. The portions that were drawn of the same properties are not drawn again. */
function usePortions<Row>(props: TableProps<Row>) {
  const { length } = props.rows;
  const [count, setCount] = useState(1);
  const drawn = useRef<{ readonly props: TableProps<Row>; readonly portions: VNode[] }>({ props, portions: [] });
  if (drawn.current.props !== props) drawn.current = { props, portions: [] };
  const isWhole = count * portion >= length;
  useEffect(() => {
    if (isWhole) return undefined;
    const timer = setTimeout(() => setCount(count + 1));
    return () => clearTimeout(timer);
  }, [count, isWhole]);
  const of = (draw: (from: number, to: number) => VNode[]): VNode[] => {
    const { portions } = drawn.current;
    for (let at = portions.length; at < count && at * portion < length; at++)
      portions.push(<Fragment key={at}>{draw(at * portion, (at + 1) * portion)}</Fragment>);
    return [...portions];
  };
  return { isWhole, of };
}

function cellOf<Row>({ name, head, cell, isNumber, isHead }: Column<Row>, row: Row): VNode {
  const looks = isNumber === true ? 'number' : undefined;
  return isHead === true ? (
    <th key={name} role="rowheader" scope="row" class="row-head">
      {cell(row)}
    </th>
  ) : (
    <td key={name} role="cell" class={looks} data-label={head}>
      {cell(row)}
    </td>
  );
}

interface HeadProps<Row> {
  readonly column: Column<Row>;
  readonly sorting: Sorting | undefined;
}

function Head<Row>({ column: { name, head, isSorted, isNumber }, sorting }: HeadProps<Row>): VNode {
  const looks = isNumber === true ? 'number' : undefined;
  if (isSorted !== true || sorting === undefined)
    return (
      <th role="columnheader" scope="col" class={looks}>
        {head}
      </th>
    );
  const isBy = sorting.by === name;
  const direction = isBy ? (sorting.isDescending ? 'descending' : 'ascending') : undefined;
  // Names are read from the first, figures from the largest and newest.
  const next = isBy ? !sorting.isDescending : name !== 'name';
  return (
    <th role="columnheader" scope="col" class={looks} aria-sort={direction}>
      <button type="button" class="sort" onClick={() => sorting.onSort(name, next)}>
        {head}
        <span aria-hidden="true">{isBy ? (sorting.isDescending ? ' ↓' : ' ↑') : ''}</span>
      </button>
    </th>
  );
}

function SelectPage({ keys, selection }: { readonly keys: readonly string[]; readonly selection: Selection }): VNode {
  const chosen = keys.filter((key) => selection.has(key)).length;
  const isAll = chosen === keys.length && chosen > 0;
  return (
    <input
      type="checkbox"
      aria-label="Select all on this page"
      checked={isAll}
      ref={(element) => {
        if (element !== null) element.indeterminate = chosen > 0 && !isAll;
      }}
      onChange={() => selection.set(keys, !isAll)}
    />
  );
}

interface SelectRowProps {
  readonly name: string;
  readonly keys: readonly string[];
  readonly selection: Selection;
}

function SelectRow({ name, keys, selection }: SelectRowProps): VNode {
  return (
    <input
      type="checkbox"
      data-select
      aria-label={`Select ${name}`}
      checked={selection.has(name)}
      onClick={(event) => selection.toggle(name, keys, event.shiftKey)}
    />
  );
}
