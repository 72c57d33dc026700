import type { Json } from '../json.ts';
import { notImplemented } from '../refusal.ts';
import type { Aggregate, AggregateFunction, Query, Selected, Selection } from './ast.ts';
import { compareStrings } from './compare.ts';
import { evaluate, objectOf } from './evaluate.ts';
import { queryError } from './lexer.ts';

/** Takes each value; an undefined one counts for no function. */
interface Accumulator {
  add(value: Json): void;
  result(): Json | undefined;
}

function counting(): Accumulator {
  let count = 0;
  return { add: () => void (count += 1), result: () => count };
}

/** SUM and AVG are undefined as soon as one value is no number; AVG also over nothing. */
function adding(finish: (sum: number, count: number) => Json | undefined): Accumulator {
  let sum = 0;
  let count = 0;
  let isNumeric = true;
  return {
    add(value) {
      if (typeof value === 'number') sum += value;
      else isNumeric = false;
      count += 1;
    },
    result: () => (isNumeric ? finish(sum, count) : undefined),
  };
}

const TYPES = ['null', 'boolean', 'number', 'string'];

/** The order among primitives of any type; arrays and objects make MIN and MAX undefined. */
function order(left: Json, right: Json): number {
  const types = TYPES.indexOf(primitiveType(left)) - TYPES.indexOf(primitiveType(right));
  if (types !== 0) return types;
  return typeof left === 'string' && typeof right === 'string'
    ? compareStrings(left, right)
    : Number(left) - Number(right);
}

const primitiveType = (value: Json): string => (value === null ? 'null' : typeof value);

function extreme(sign: 1 | -1): Accumulator {
  let best: Json | undefined;
  let isPrimitive = true;
  return {
    add(value) {
      if (typeof value === 'object' && value !== null) isPrimitive = false;
      else if (best === undefined || order(value, best) * sign > 0) best = value;
    },
    result: () => (isPrimitive ? best : undefined),
  };
}

const ACCUMULATORS: Readonly<Record<AggregateFunction, () => Accumulator>> = {
  COUNT: counting,
  SUM: () => adding((sum) => sum),
  AVG: () => adding((sum, count) => (count === 0 ? undefined : sum / count)),
  MIN: () => extreme(-1),
  MAX: () => extreme(1),
};

function selectedOf(selection: Selection): Selected[] {
  if (selection.kind === 'list') return selection.members.map(({ selected }) => selected);
  return selection.kind === 'value' ? [selection.selected] : [];
}

/** The aggregates of a selection; undefined for one without. A mixture needs GROUP BY, and is refused. */
export function aggregatesOf(selection: Selection): Aggregate[] | undefined {
  const selected = selectedOf(selection);
  const aggregates = selected.filter((item): item is Aggregate => item.kind === 'aggregate');
  if (aggregates.length === 0) return undefined;
  if (aggregates.length === selected.length) return aggregates;
  throw queryError('SC2102', 'The select list has expressions that are neither aggregates nor part of a GROUP BY.');
}

/** The service applies these to the items below the aggregate, which is rarely what the writer meant. */
export function assertPlainAggregate(query: Query): void {
  if (query.orderBy.length > 0 || query.limit !== undefined)
    throw notImplemented('aggregates together with ORDER BY, TOP or LIMIT');
}

/** `COUNT(1)`: it needs the number of items and none of their contents. */
export const countsItems = ([only, ...others]: readonly Aggregate[]): boolean =>
  others.length === 0 &&
  only?.name === 'COUNT' &&
  only.argument.kind === 'literal' &&
  only.argument.value !== undefined;

/** @returns the values, in the order of `aggregates` */
export function aggregate(aggregates: readonly Aggregate[], items: Iterable<Json>): (Json | undefined)[] {
  const running = aggregates.map(({ name, argument }) => ({ argument, accumulator: ACCUMULATORS[name]() }));
  for (const item of items) {
    for (const { argument, accumulator } of running) {
      const value = evaluate(argument, item);
      if (value !== undefined) accumulator.add(value);
    }
  }
  return running.map(({ accumulator }) => accumulator.result());
}

/** The one document that an aggregate query answers, or none for an undefined VALUE. */
export function aggregateResult(selection: Selection, values: readonly (Json | undefined)[]): Json | undefined {
  if (selection.kind !== 'list') return values[0];
  return objectOf(selection.members.map(({ name }, at) => [name, values[at]]));
}
