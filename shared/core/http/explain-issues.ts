import type { z } from 'zod';
import { withSuggestion } from '../dockerfile/suggest.ts';
import type { JsonSchema } from './json-shape.ts';
import { exampleOf, kindOf, propertiesOf, schemaAt, shapeOf } from './json-shape.ts';

export interface Explained {
  /** The part of the request that was parsed. */
  readonly value: unknown;
  /** The shape that it should have, as the OpenAPI document says it. */
  readonly schema: JsonSchema | undefined;
  /** The name of the part, which decides how its properties are written. */
  readonly part: Part;
}

export type Part = 'query' | 'path' | 'body';

type Issue = z.core.$ZodIssue;

/**
 * Explains the faults of a part of a request in sentences: what is missing or of another shape, what is allowed with an
 * example, and what was probably meant. A schema's own message is kept, behind the name of the property.
 */
export function explainIssues(issues: readonly Issue[], explained: Explained): string {
  return issues.flatMap((issue) => sentencesOf(issue, explained)).join('; ');
}

/** Matches the library's own messages; ours begin with a verb in lower case. */
const ofTheLibrary = /^(Invalid|Too (big|small)|Unrecognized)/;

function sentencesOf(issue: Issue, explained: Explained): string[] {
  const { value, schema, part } = explained;
  const path = issue.path.map(String);
  const name = path.join('.') || (part === 'body' ? 'the body' : `the ${part}`);
  const [given, wanted] = [valueAt(value, issue.path), schemaAt(schema, path)];
  if (!ofTheLibrary.test(issue.message)) return [path.length === 0 ? issue.message : `${name} ${issue.message}`];
  if (given === undefined && path.length > 0) return [missing(path, wanted, part)];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey(key, path, wanted));
    case 'invalid_value':
      return [
        withSuggestion(
          `${name} must be ${listed(issue.values)}, not ${kindOf(given)}`,
          text(given),
          issue.values.map(String),
        ),
      ];
    case 'too_big':
      return [`${name} must ${sizeOf(issue.origin, 'most', Number(issue.maximum))}${notNumber(given)}`];
    case 'too_small':
      return [`${name} must ${sizeOf(issue.origin, 'least', Number(issue.minimum))}${notNumber(given)}`];
    case 'invalid_union':
      return ofUnion(issue, explained, name);
    case 'invalid_key':
    case 'invalid_element':
      return issue.issues.flatMap((each) => sentencesOf({ ...each, path: [...issue.path, ...each.path] }, explained));
    default:
      return [`${name} must be ${shapeOf(wanted)}${as(wanted)}, not ${kindOf(given)}`];
  }
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let at = value;
  for (const key of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return undefined;
    at = (at as Record<PropertyKey, unknown>)[key];
  }
  return at;
}

function missing(path: readonly string[], wanted: JsonSchema | undefined, part: Part): string {
  const [name, example] = [path.join('.'), exampleOf(wanted)];
  const last = path.at(-1) ?? '';
  if (example === undefined) return `${name} is missing: it is ${shapeOf(wanted)}`;
  return part === 'body'
    ? `${name} is missing, as in ${JSON.stringify({ [last]: example })}`
    : `${name} is missing, as in ?${last}=${text(example)}`;
}

function unknownKey(key: string, path: readonly string[], wanted: JsonSchema | undefined): string {
  const known = propertiesOf(wanted);
  const of = path.length === 0 ? 'the body' : path.join('.');
  const allowed = known.length === 0 ? '' : `: it has ${known.join(', ')}`;
  return withSuggestion(`${of} has no property ${JSON.stringify(key.slice(0, 100))}${allowed}`, key, known);
}

/** Explains the option that the value comes nearest to; if none is near, names all that are allowed. */
function ofUnion(issue: Issue & { code: 'invalid_union' }, explained: Explained, name: string): string[] {
  const depth = (issues: readonly Issue[]) => Math.max(0, ...issues.map(({ path }) => path.length));
  const nearest = [...issue.errors].sort((a, b) => depth(b) - depth(a) || a.length - b.length)[0];
  const wanted = schemaAt(explained.schema, issue.path.map(String));
  if (nearest === undefined || depth(nearest) === 0)
    return [`${name} must be ${shapeOf(wanted)}${as(wanted)}, not ${kindOf(valueAt(explained.value, issue.path))}`];
  return nearest.flatMap((each) => sentencesOf({ ...each, path: [...issue.path, ...each.path] }, explained));
}

function sizeOf(origin: string, end: 'most' | 'least', bound: number): string {
  switch (origin) {
    case 'string':
      return `have at ${end} ${bound} ${bound === 1 ? 'character' : 'characters'}`;
    case 'array':
    case 'set':
      return `have at ${end} ${bound} ${bound === 1 ? 'entry' : 'entries'}`;
    default:
      return `be at ${end} ${bound}`;
  }
}

function notNumber(given: unknown): string {
  return typeof given === 'number' || (typeof given === 'string' && /^-?\d{1,20}$/.test(given)) ? `, not ${given}` : '';
}

function listed(values: readonly unknown[]): string {
  const shown = values.map(String);
  return shown.length === 1 ? (shown[0] ?? '') : `one of ${shown.join(', ')}`;
}

function as(wanted: JsonSchema | undefined): string {
  const example = exampleOf(wanted);
  return example === undefined ? '' : `, as ${JSON.stringify(example)}`;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
