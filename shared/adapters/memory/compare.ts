import type { Predicate, PropertyPredicate, Scalar } from '../../core/ports/documents.ts';
import { valueAt } from '../documentrules.ts';

/** A predicate whose values are next to each other in the order. */
export type Comparison = Exclude<PropertyPredicate, { is: 'in' | 'contains' }>;

/**
 * Compares strings by code point, which is also the order of their UTF-8 bytes; `<` of JavaScript compares UTF-16 units
 * and differs past U+FFFF.
 */
function compareStrings(a: string, b: string): number {
  const shorter = Math.min(a.length, b.length);
  for (let at = 0; at < shorter; at += 1) {
    const difference = utf8Rank(a.charCodeAt(at)) - utf8Rank(b.charCodeAt(at));
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** Surrogates stand for code points above U+FFFF, so they sort behind the units U+E000 to U+FFFF. */
function utf8Rank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}

/** Compares by the order of `ORDER BY` between types: null, booleans, numbers, strings. */
export function compareScalars(a: Scalar, b: Scalar): number {
  const rank = typeRank(a) - typeRank(b);
  return rank === 0 ? compareAlike(a, b) : rank;
}

export function isScalar(value: unknown): value is Scalar {
  return value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

/**
 * Says whether a predicate holds, as in Cosmos DB: a comparison with a missing value, or one of another type, is
 * undefined, and undefined is not true; so `!=` does not hold either.
 */
export function holds(document: unknown, predicate: Predicate): boolean {
  if (predicate.is === 'either') return predicate.of.some((all) => all.every((each) => holds(document, each)));
  const value = valueAt(document, predicate.path);
  if (predicate.is === 'contains')
    return (
      Array.isArray(value) &&
      value.some((each) => Object.entries(predicate.value).every(([name, wanted]) => valueAt(each, name) === wanted))
    );
  if (!isScalar(value)) return false;
  if (predicate.is === 'in') return predicate.values.some((each) => each === value);
  return typeRank(value) === typeRank(predicate.value) && holdsAlike(value, predicate);
}

function holdsAlike(value: Scalar, predicate: Comparison): boolean {
  if (predicate.is === 'starts-with') return typeof value === 'string' && value.startsWith(String(predicate.value));
  const order = compareAlike(value, predicate.value);
  switch (predicate.is) {
    case '=':
      return order === 0;
    case '!=':
      return order !== 0;
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

/**
 * Says on which side of a predicate's values a value lies; they are next to each other in the order. It is -1 before
 * them, 0 among them, 1 behind them.
 */
export function sideOfRange(value: Scalar, predicate: Comparison): number {
  const rank = typeRank(value) - typeRank(predicate.value);
  if (rank !== 0) return rank;
  if (holdsAlike(value, predicate)) return 0;
  return compareAlike(value, predicate.value) || (predicate.is === '<' ? 1 : -1);
}

function compareAlike(a: Scalar, b: Scalar): number {
  if (typeof a === 'string' && typeof b === 'string') return compareStrings(a, b);
  return Number(a) - Number(b);
}

function typeRank(value: Scalar): number {
  if (value === null) return 0;
  return ['boolean', 'number', 'string'].indexOf(typeof value) + 1;
}
