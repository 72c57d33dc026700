import type { Json, JsonObject } from '../json.ts';
import { isJsonObject } from '../json.ts';
import type { ScalarFunction } from './ast.ts';
import { compareValues, deepEqual } from './compare.ts';

type Argument = Json | undefined;

/** STARTSWITH and its like: undefined unless both are strings; a third argument of true ignores case. */
function overStrings(test: (text: string, part: string) => boolean) {
  return ([text, part, ignoreCase]: readonly Argument[]): Argument => {
    if (typeof text !== 'string' || typeof part !== 'string') return undefined;
    if (ignoreCase === undefined || ignoreCase === false) return test(text, part);
    return ignoreCase === true ? test(text.toLowerCase(), part.toLowerCase()) : undefined;
  };
}

/** Every member of `part` is in `whole` with an equal value. */
const holds = (whole: Json, part: JsonObject): boolean =>
  isJsonObject(whole) &&
  Object.entries(part).every(([key, value]) => Object.hasOwn(whole, key) && deepEqual(whole[key] ?? null, value));

/**
 * A third argument of true asks for a part of an object. Unlike an operator, the function is false for a wrong type.
 */
function arrayContains([array, sought, partial]: readonly Argument[]): Argument {
  if (array === undefined || sought === undefined) return undefined;
  if (!Array.isArray(array)) return false;
  if (partial === true && isJsonObject(sought)) return array.some((item) => holds(item, sought));
  return array.some((item) => compareValues('=', item, sought) === true);
}

export const FUNCTIONS: Readonly<Record<ScalarFunction, (given: readonly Argument[]) => Argument>> = {
  STARTSWITH: overStrings((text, part) => text.startsWith(part)),
  ENDSWITH: overStrings((text, part) => text.endsWith(part)),
  CONTAINS: overStrings((text, part) => text.includes(part)),
  ARRAY_CONTAINS: arrayContains,
  IS_DEFINED: ([value]) => value !== undefined,
};
