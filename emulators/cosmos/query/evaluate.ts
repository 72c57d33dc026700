import type { Json, JsonObject } from '../json.ts';
import { member } from '../json.ts';
import type { Expression } from './ast.ts';
import { compareValues } from './compare.ts';
import { FUNCTIONS } from './functions.ts';

/**
 * The value of an expression for one item; undefined is a value of the language, and spreads. This is what a query
 * means: an index only saves the work of it.
 */
export function evaluate(expression: Expression, item: Json): Json | undefined {
  switch (expression.kind) {
    case 'literal':
      return expression.value;
    case 'path':
      return expression.path.reduce<Json | undefined>((value, key) => member(value, key), item);
    case 'and':
      return conjunction(expression.left, expression.right, item);
    case 'or':
      return disjunction(expression.left, expression.right, item);
    case 'not': {
      const operand = evaluate(expression.operand, item);
      return typeof operand === 'boolean' ? !operand : undefined;
    }
    case 'compare':
      return compareValues(expression.operator, evaluate(expression.left, item), evaluate(expression.right, item));
    case 'in':
      return isIn(evaluate(expression.needle, item), expression.list, item);
    case 'call':
      return FUNCTIONS[expression.name](expression.arguments.map((argument) => evaluate(argument, item)));
    case 'array':
      return expression.items.map((element) => evaluate(element, item)).filter((value) => value !== undefined);
    case 'object':
      return objectOf(expression.members.map(([name, value]) => [name, evaluate(value, item)]));
  }
}

/** Only true selects an item: false, undefined and any other value do not. */
export const isTrue = (expression: Expression, item: Json): boolean => evaluate(expression, item) === true;

/** An object of the members that have a value. */
export const objectOf = (members: readonly (readonly [string, Json | undefined])[]): JsonObject =>
  Object.fromEntries(members.filter((entry): entry is readonly [string, Json] => entry[1] !== undefined));

const truth = (value: Json | undefined): boolean | undefined => (typeof value === 'boolean' ? value : undefined);

/** false AND undefined is false; true AND undefined is undefined. */
function conjunction(left: Expression, right: Expression, item: Json): boolean | undefined {
  const first = truth(evaluate(left, item));
  if (first === false) return false;
  const second = truth(evaluate(right, item));
  if (second === false) return false;
  return first === undefined || second === undefined ? undefined : true;
}

/** true OR undefined is true; false OR undefined is undefined. */
function disjunction(left: Expression, right: Expression, item: Json): boolean | undefined {
  const first = truth(evaluate(left, item));
  if (first === true) return true;
  const second = truth(evaluate(right, item));
  if (second === true) return true;
  return first === undefined || second === undefined ? undefined : false;
}

/** `x IN (a, b)` is `x = a OR x = b`, undefined and all. */
function isIn(needle: Json | undefined, list: readonly Expression[], item: Json): boolean | undefined {
  let result: boolean | undefined = false;
  for (const candidate of list) {
    const equal = compareValues('=', needle, evaluate(candidate, item));
    if (equal === true) return true;
    if (equal === undefined) result = undefined;
  }
  return result;
}
