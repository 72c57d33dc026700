import type { KeyScope } from '../partition-key.ts';
import { keyColumns } from '../partition-key.ts';
import { notImplemented } from '../refusal.ts';
import type { ItemTable } from '../store/item-table.ts';
import type { IndexedColumn } from '../store/path-columns.ts';
import { jsonPath } from '../store/path-columns.ts';
import type { OrderTerm } from './ast.ts';
import type { Alternatives, Constraint, Containment } from './constraint.ts';

/** The place where a page ended: the values of the order's columns there, and the item. */
export interface Position {
  readonly values: readonly (string | number)[];
  readonly seq: number;
}

export interface ScanRequest {
  readonly items: ItemTable;
  readonly scope: KeyScope;
  readonly constraints: readonly Constraint[];
  /** Used where there is no order: a walk in the order of `seq` over the items that it names. */
  readonly containment?: Containment | undefined;
  /** Used as `containment` is, where there is none. */
  readonly alternatives?: Alternatives | undefined;
  readonly orderBy: readonly OrderTerm[];
  /** Milliseconds since the epoch: what expired by then is not seen. */
  readonly now: number;
}

interface Fragment {
  readonly sql: string;
  readonly parameters: readonly (string | number)[];
}

/** Paths that are fixed by equality and lead the index; more would make an index per query and gain little. */
const MAX_LEADING = 3;

const isEquality = ({ test }: Constraint): boolean => test === 'equal' || test === 'any';

const join = (fragments: readonly Fragment[], separator: string): Fragment => ({
  sql: fragments.map(({ sql }) => sql).join(separator),
  parameters: fragments.flatMap(({ parameters }) => parameters),
});

/**
 * A query as one walk over one index: the key levels, then paths fixed by equality, then the order, then `seq`. The
 * index is made when the first such query comes, so no filter that an index can answer is ever a scan.
 */
export class Scan {
  readonly #request: ScanRequest;
  readonly #order: readonly IndexedColumn[];
  readonly #from: string;
  readonly #indexed: readonly IndexedColumn[];
  readonly #where: Fragment;

  constructor(request: ScanRequest) {
    this.#request = request;
    const named = request.orderBy.length === 0 ? this.#named() : undefined;
    if (named !== undefined) {
      this.#order = [{ name: 'seq', descending: false }];
      this.#indexed = this.#order;
      this.#from = `FROM ${request.items.name} INDEXED BY ${request.items.indexes.indexOn(this.#order)}`;
      this.#where = join([named, this.#conditions()], ' AND ');
      return;
    }
    const leading = this.#leading(request.constraints);
    const { fixed, order } = this.#orderColumns();
    // One direction throughout is an ascending index, walked backwards if need be. Mixed directions are built in.
    const isUniform = order.every(({ descending }) => descending === order[0]?.descending);
    const seq = { name: 'seq', descending: isUniform && order[0]?.descending === true };
    this.#order = [...order, seq];
    const tail = this.#order.map((column) => (isUniform ? { ...column, descending: false } : column));
    const head = [...this.#scopeColumns(), ...leading, ...fixed].map((name) => ({ name, descending: false }));
    const distinct = new Map([...head, ...tail].map((column) => [column.name, column]));
    this.#indexed = [...distinct.values()];
    this.#from = `FROM ${request.items.name} INDEXED BY ${request.items.indexes.indexOn(this.#indexed)}`;
    this.#where = this.#conditions();
  }

  /** Rows as `{ seq, body, k0, k1 … }`, in order, from the one after `position` on. */
  rows(after: Position | undefined): Generator<Record<string, unknown>> {
    const where = after === undefined ? this.#where : join([this.#where, this.#beyond(after)], ' AND ');
    const keys = this.#sortKeys.map(({ name }, at) => `, ${name} AS k${at}`).join('');
    const order = this.#order.map(({ name, descending }) => (descending ? `${name} DESC` : name)).join(', ');
    return this.#request.items.select(
      `SELECT seq, body${keys} ${this.#from} WHERE ${where.sql} ORDER BY ${order}`,
      where.parameters,
    );
  }

  positionOf(row: Record<string, unknown>): Position {
    return { values: this.#sortKeys.map((_, at) => row[`k${at}`] as string | number), seq: row['seq'] as number };
  }

  /** Counts the items that the constraints select, from an index that has all that is asked for, without the items. */
  count(): number {
    const { name, indexes } = this.#request.items;
    const index = indexes.indexOn([...this.#indexed, { name: 'expires', descending: false }]);
    const statement = this.#request.items.statement(
      `SELECT count(*) AS n FROM ${name} INDEXED BY ${index} WHERE ${this.#where.sql}`,
    );
    return Number(statement.get(...this.#where.parameters)?.['n']);
  }

  get #sortKeys(): readonly IndexedColumn[] {
    return this.#order.slice(0, -1);
  }

  /** The condition that names the items to walk, from another index than that of the walk. */
  #named(): Fragment | undefined {
    const { containment, alternatives } = this.#request;
    if (containment !== undefined) return this.#members(containment);
    if (alternatives === undefined) return undefined;
    const each = join(
      alternatives.map((constraints) => this.#alternative(constraints)),
      ' UNION ',
    );
    return { sql: `seq IN (${each.sql})`, parameters: each.parameters };
  }

  /** One of several lists of constraints, as a walk over the index of its equalities and its first range. */
  #alternative(constraints: readonly Constraint[]): Fragment {
    const range = constraints.find((constraint) => !isEquality(constraint));
    const { rank, value } = range === undefined ? { rank: 'seq', value: 'seq' } : this.#columns(range.column);
    const names = [...this.#scopeColumns(), ...this.#leading(constraints), rank, value, 'seq'];
    const { name, indexes } = this.#request.items;
    const index = indexes.indexOn([...new Set(names)].map((each) => ({ name: each, descending: false })));
    const where = join([...this.#scoped(), ...constraints.map((each) => this.#condition(each))], ' AND ');
    const filter = where.sql === '' ? '' : ` WHERE ${where.sql}`;
    return { sql: `SELECT seq FROM ${name} INDEXED BY ${index}${filter}`, parameters: where.parameters };
  }

  /** The key is in both, so that what other partitions share is not walked. */
  #members({ path, member, value }: Containment): Fragment {
    const key = keyColumns(this.#request.scope).slice(0, this.#request.scope.length);
    const scope = key.map((text, level) => ({ sql: `p${level + 1} = ?`, parameters: [text] }));
    const members = join([{ sql: 'value = ?', parameters: [value] }, ...scope], ' AND ');
    return {
      sql: `seq IN (SELECT seq FROM ${this.#request.items.indexes.membersOf(path, member)} WHERE ${members.sql})`,
      parameters: members.parameters,
    };
  }

  #columns(path: string): { rank: string; value: string } {
    return this.#request.items.indexes.columnsOf(path);
  }

  /** One column per level, so that a prefix of a hierarchical key is an equality like any other. */
  #scopeColumns(): string[] {
    return ['p1', 'p2', 'p3'].slice(0, this.#request.scope.length);
  }

  /** Sorted by path: the same conditions in another order share one index. */
  #leading(constraints: readonly Constraint[]): string[] {
    const equal = constraints.filter(isEquality);
    const paths = [...new Set(equal.map(({ column }) => column))].sort().slice(0, MAX_LEADING);
    return paths.flatMap((path) => {
      const { rank, value } = this.#columns(path);
      // A rank without a value (true, false, null) fixes no value: one in between would break the order that follows.
      return equal.some(({ column, test }) => column === path && test === 'equal') ? [rank, value] : [rank];
    });
  }

  /** A rank that a constraint fixes is no part of the order, and a value that one fixes neither. */
  #orderColumns(): { fixed: string[]; order: IndexedColumn[] } {
    const fixed: string[] = [];
    const order: IndexedColumn[] = [];
    for (const { column, descending } of this.#orderPaths()) {
      const known = this.#request.constraints.filter((constraint) => constraint.column === column);
      if (known.some(isEquality)) continue;
      const { rank, value } = this.#columns(column);
      if (known.some(({ test }) => test !== 'defined')) fixed.push(rank);
      else order.push({ name: rank, descending });
      order.push({ name: value, descending });
    }
    return { fixed, order };
  }

  /** Without ORDER BY the first range is the order: so its index is walked once, and pages can resume in it. */
  #orderPaths(): { column: string; descending: boolean }[] {
    if (this.#request.orderBy.length === 0) {
      const range = this.#request.constraints.find((constraint) => !isEquality(constraint));
      return range === undefined ? [] : [{ column: range.column, descending: false }];
    }
    return this.#request.orderBy.map(({ path, descending }) => {
      const column = jsonPath(path);
      if (column === undefined) throw notImplemented('ORDER BY a name with quotes or backslashes');
      return { column, descending };
    });
  }

  /** All constraints, also those that the index does not hold: SQLite tests them cheaper than a parsed item. */
  #conditions(): Fragment {
    const constraints = this.#request.constraints.map((constraint) => this.#condition(constraint));
    const alive = { sql: '(expires IS NULL OR expires > ?)', parameters: [this.#request.now] };
    return join([...this.#scoped(), ...constraints, alive], ' AND ');
  }

  #scoped(): Fragment[] {
    const key = keyColumns(this.#request.scope);
    return this.#scopeColumns().map((name, level) => ({ sql: `${name} = ?`, parameters: [key[level] ?? ''] }));
  }

  /** Types are never mixed: the rank confines the comparison to one, where SQLite's order is the service's. */
  #condition({ column, rank, test, operands }: Constraint): Fragment {
    const { rank: rankColumn, value } = this.#columns(column);
    const ofType = { sql: `${rankColumn} ${test === 'defined' ? '>' : '='} ${rank}`, parameters: [] };
    return join([ofType, ...valueConditions(value, test, operands)], ' AND ');
  }

  /** Makes the condition of the rows that follow a position, in this order. */
  #beyond({ values, seq }: Position): Fragment {
    const parameters = [...values, seq];
    const change = this.#order.findIndex(({ descending }) => descending !== this.#order[0]?.descending);
    if (change === -1) return rowComparison(this.#order, parameters, '');
    // The bound on the columns before the first change of direction is implied by the rest, but it is what lets
    // SQLite seek into the index.
    const bound = rowComparison(this.#order.slice(0, change), parameters.slice(0, change), '=');
    return join([bound, lexicographic(this.#order, parameters)], ' AND ');
  }
}

function valueConditions(value: string, test: Constraint['test'], operands: Constraint['operands']): Fragment[] {
  switch (test) {
    case 'any':
    case 'defined':
      return [];
    case 'equal':
      return [{ sql: `${value} = ?`, parameters: operands }];
    case 'in':
      return [{ sql: `${value} IN (${operands.map(() => '?').join(', ')})`, parameters: operands }];
    case 'prefix': {
      const bounds = [`${value} >= ?`, `${value} < ?`].slice(0, operands.length);
      return [{ sql: bounds.join(' AND '), parameters: operands }];
    }
    case '<':
    case '<=':
    case '>':
    case '>=':
      return [{ sql: `${value} ${test} ?`, parameters: operands }];
  }
}

/** (a, b) > (x, y) for columns of one direction, which SQLite answers by one seek. */
function rowComparison(
  columns: readonly IndexedColumn[],
  values: readonly (string | number)[],
  orEqual: '=' | '',
): Fragment {
  const names = columns.map(({ name }) => name).join(', ');
  const marks = values.map(() => '?').join(', ');
  const operator = columns[0]?.descending === true ? '<' : '>';
  return { sql: `(${names}) ${operator}${orEqual} (${marks})`, parameters: values };
}

/** (a, b) after (x, y): a beyond x, or a = x and b beyond y; each column in its own direction. */
function lexicographic(columns: readonly IndexedColumn[], values: readonly (string | number)[]): Fragment {
  const [column, ...others] = columns;
  const [value, ...rest] = values;
  if (column === undefined || value === undefined) return { sql: 'FALSE', parameters: [] };
  const beyond = `${column.name} ${column.descending ? '<' : '>'} ?`;
  const tie = lexicographic(others, rest);
  return { sql: `(${beyond} OR (${column.name} = ? AND ${tie.sql}))`, parameters: [value, value, ...tie.parameters] };
}
