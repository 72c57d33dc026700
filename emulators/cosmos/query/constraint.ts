import type { Json } from '../json.ts';
import { isJsonObject } from '../json.ts';
import type { PropertyPath } from '../store/path-columns.ts';
import { jsonPath, RANKS } from '../store/path-columns.ts';
import type { ComparisonOperator, Expression, ScalarFunction } from './ast.ts';

/** A part of a filter that an index can answer exactly, about one path. */
export interface Constraint {
  readonly path: PropertyPath;
  /** The path in SQLite's notation. */
  readonly column: string;
  /** The type that the value must have; for 'defined', the one that it must not have. */
  readonly rank: number;
  /** The condition on the value, with `operands`. 'any' and 'defined' have none: the rank says it all. */
  readonly test: 'any' | 'defined' | 'equal' | 'in' | '<' | '<=' | '>' | '>=' | 'prefix';
  readonly operands: readonly (string | number)[];
}

/**
 * An array at `path` may have an object whose `member` is `value`: an index narrows to these, and the filter itself
 * decides.
 */
export interface Containment {
  /** In SQLite's notation. */
  readonly path: string;
  readonly member: string;
  readonly value: string;
}

export type Alternatives = readonly (readonly Constraint[])[];

export interface Filter {
  readonly constraints: readonly Constraint[];
  readonly containment: Containment | undefined;
  /** Lists of constraints of which at least one holds whole: they narrow, and the filter itself decides. */
  readonly alternatives: Alternatives | undefined;
  /** The rest, which is evaluated item by item. */
  readonly residual: Expression | undefined;
}

/** The parts of a filter that must all be true: undefined and false reject an item alike, at this level only. */
function conjuncts(expression: Expression): Expression[] {
  return expression.kind === 'and' ? [...conjuncts(expression.left), ...conjuncts(expression.right)] : [expression];
}

/** Splits a filter. Only conjuncts whose meaning in SQL is exactly the language's become constraints. */
export function splitFilter(where: Expression | undefined): Filter {
  const constraints: Constraint[] = [];
  let residual: Expression | undefined;
  let containment: Containment | undefined;
  let alternatives: Alternatives | undefined;
  for (const conjunct of where === undefined ? [] : conjuncts(where)) {
    const constraint = constraintOf(conjunct);
    containment ??= containmentOf(conjunct);
    alternatives ??= alternativesOf(conjunct);
    if (constraint !== undefined) constraints.push(constraint);
    else residual = residual === undefined ? conjunct : { kind: 'and', left: residual, right: conjunct };
  }
  return { constraints, containment, alternatives, residual };
}

function disjuncts(expression: Expression): Expression[] {
  return expression.kind === 'or' ? [...disjuncts(expression.left), ...disjuncts(expression.right)] : [expression];
}

/** `a AND b OR c`: each side must have a part that an index can answer. */
function alternativesOf(expression: Expression): Alternatives | undefined {
  if (expression.kind !== 'or') return undefined;
  const all = disjuncts(expression).map((side) => conjuncts(side).flatMap((each) => constraintOf(each) ?? []));
  return all.some((constraints) => constraints.length === 0) ? undefined : all;
}

/** `ARRAY_CONTAINS(c.a, { b: "text" }, true)`. With several members the first narrows enough. */
function containmentOf(expression: Expression): Containment | undefined {
  if (expression.kind !== 'call' || expression.name !== 'ARRAY_CONTAINS') return undefined;
  const [array, sought, partial] = expression.arguments;
  if (
    array?.kind !== 'path' ||
    sought?.kind !== 'literal' ||
    partial?.kind !== 'literal' ||
    partial.value !== true ||
    !isJsonObject(sought.value)
  )
    return undefined;
  const [first] = Object.entries(sought.value);
  const [path, member] = [
    array.path.length === 0 ? undefined : jsonPath(array.path),
    first === undefined ? undefined : jsonPath([first[0]]),
  ];
  if (
    first === undefined ||
    path === undefined ||
    member === undefined ||
    typeof first[1] !== 'string' ||
    !isPlain(first[1])
  )
    return undefined;
  return { path, member, value: first[1] };
}

const MIRRORED: Readonly<Record<ComparisonOperator, ComparisonOperator>> = {
  '=': '=',
  '!=': '!=',
  '<': '>',
  '<=': '>=',
  '>': '<',
  '>=': '<=',
};

function constraintOf(expression: Expression): Constraint | undefined {
  switch (expression.kind) {
    case 'compare': {
      const { operator, left, right } = expression;
      if (left.kind === 'path' && right.kind === 'literal') return comparison(left.path, operator, right.value);
      if (left.kind === 'literal' && right.kind === 'path')
        return comparison(right.path, MIRRORED[operator], left.value);
      return undefined;
    }
    case 'in':
      return membership(expression.needle, expression.list);
    case 'call':
      return call(expression.name, expression.arguments);
    case 'not':
      return absence(expression.operand);
    case 'literal':
    case 'path':
    case 'and':
    case 'or':
    case 'array':
    case 'object':
      return undefined;
  }
}

/** SQLite and JavaScript disagree about text with lone surrogates or NUL: such text is compared item by item. */
const isPlain = (value: Json | undefined): value is string | number =>
  typeof value === 'number' || (typeof value === 'string' && value.isWellFormed() && !value.includes('\0'));

const rankOf = (value: string | number): number => (typeof value === 'string' ? RANKS.string : RANKS.number);

function constraint(path: PropertyPath, rest: Omit<Constraint, 'path' | 'column'>): Constraint | undefined {
  const column = path.length === 0 ? undefined : jsonPath(path);
  return column === undefined ? undefined : { path, column, ...rest };
}

function comparison(path: PropertyPath, operator: ComparisonOperator, value: Json | undefined): Constraint | undefined {
  if (operator === '!=') return undefined;
  if (isPlain(value))
    return constraint(path, { rank: rankOf(value), test: operator === '=' ? 'equal' : operator, operands: [value] });
  if (operator !== '=') return undefined;
  if (value === null) return constraint(path, { rank: RANKS.null, test: 'any', operands: [] });
  if (typeof value === 'boolean')
    return constraint(path, { rank: value ? RANKS.true : RANKS.false, test: 'any', operands: [] });
  return undefined;
}

function call(name: ScalarFunction, given: readonly Expression[]): Constraint | undefined {
  if (name === 'STARTSWITH') return prefix(given);
  const [only] = given;
  if (name !== 'IS_DEFINED' || only?.kind !== 'path') return undefined;
  return constraint(only.path, { rank: RANKS.undefined, test: 'defined', operands: [] });
}

/** `NOT IS_DEFINED(c.a)`: undefined is a type like the others, and has its place in the index. */
function absence(operand: Expression): Constraint | undefined {
  const tested = operand.kind === 'call' && operand.name === 'IS_DEFINED' ? operand.arguments[0] : undefined;
  if (tested?.kind !== 'path') return undefined;
  return constraint(tested.path, { rank: RANKS.undefined, test: 'any', operands: [] });
}

/** Only lists of one type: one rank then confines them all. */
function membership(needle: Expression, list: readonly Expression[]): Constraint | undefined {
  const values = list.map((item) => (item.kind === 'literal' && isPlain(item.value) ? item.value : undefined));
  const operands = values.filter((value) => value !== undefined);
  const first = operands[0];
  if (needle.kind !== 'path' || first === undefined || operands.length !== list.length) return undefined;
  if (operands.some((value) => typeof value !== typeof first)) return undefined;
  return constraint(needle.path, { rank: rankOf(first), test: 'in', operands: [...new Set(operands)] });
}

/** A prefix is a range of texts, unless it ignores case. */
function prefix([text, start, ignoreCase]: readonly Expression[]): Constraint | undefined {
  if (text?.kind !== 'path' || start?.kind !== 'literal' || ignoreCase !== undefined) return undefined;
  if (typeof start.value !== 'string' || !isPlain(start.value)) return undefined;
  const end = afterPrefix(start.value);
  return constraint(text.path, {
    rank: RANKS.string,
    test: 'prefix',
    operands: end === undefined ? [start.value] : [start.value, end],
  });
}

/** The least string above all that start with `start`; undefined if there is none. */
function afterPrefix(start: string): string | undefined {
  const points = Array.from(start);
  while (points.length > 0) {
    const last = points.pop()?.codePointAt(0) ?? 0;
    if (last === 0x10ffff) continue;
    const next = last === 0xd7ff ? 0xe000 : last + 1; // Surrogates are no code points of their own.
    return points.join('') + String.fromCodePoint(next);
  }
  return undefined;
}
