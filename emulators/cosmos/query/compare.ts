import type { Json } from '../json.ts';
import { isJsonObject } from '../json.ts';
import type { ComparisonOperator } from './ast.ts';

/** Moves surrogates above the rest of UTF-16, so that code units compare as the code points they belong to. */
const weigh = (unit: number): number => (unit < 0xd800 ? unit : unit < 0xe000 ? unit + 0x2000 : unit - 0x800);

/** By code point, which is the order of UTF-8 bytes and so of the indexes. Plain `<` differs beyond U+FFFF. */
export function compareStrings(left: string, right: string): number {
  const length = Math.min(left.length, right.length);
  for (let at = 0; at < length; at += 1) {
    const difference = weigh(left.charCodeAt(at)) - weigh(right.charCodeAt(at));
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

type JsonType = 'null' | 'boolean' | 'number' | 'string' | 'array' | 'object';

function typeOf(value: Json): JsonType {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value as Exclude<JsonType, 'null' | 'array'>;
}

/** Equality of two values in depth; members of an object in any order. */
export function deepEqual(left: Json, right: Json): boolean {
  if (Array.isArray(left)) {
    return (
      Array.isArray(right) &&
      left.length === right.length &&
      left.every((item, at) => deepEqual(item, right[at] ?? null))
    );
  }
  if (!isJsonObject(left)) return left === right;
  if (!isJsonObject(right)) return false;
  const entries = Object.entries(left);
  const sameCount = entries.length === Object.keys(right).length;
  return (
    sameCount && entries.every(([key, value]) => Object.hasOwn(right, key) && deepEqual(value, right[key] ?? null))
  );
}

function orderOf(left: Json, right: Json): number | undefined {
  if (typeof left === 'string' && typeof right === 'string') return compareStrings(left, right);
  if (typeof left === 'number' && typeof right === 'number') return left - right;
  if (typeof left === 'boolean' && typeof right === 'boolean') return Number(left) - Number(right);
  return left === null && right === null ? 0 : undefined;
}

/**
 * The service's comparison: undefined unless both sides exist and are of one type; arrays and objects are equal or
 * not, and have no order.
 * @see https://learn.microsoft.com/azure/cosmos-db/nosql/query/equality-comparison-operators
 */
export function compareValues(
  operator: ComparisonOperator,
  left: Json | undefined,
  right: Json | undefined,
): boolean | undefined {
  if (left === undefined || right === undefined || typeOf(left) !== typeOf(right)) return undefined;
  if (operator === '=') return deepEqual(left, right);
  if (operator === '!=') return !deepEqual(left, right);
  const order = orderOf(left, right);
  if (order === undefined) return undefined;
  switch (operator) {
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    case '>=':
      return order >= 0;
  }
}
