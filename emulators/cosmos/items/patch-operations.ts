import { z } from 'zod';
import type { Json, JsonObject } from '../json.ts';
import { isJsonObject, member } from '../json.ts';
import { badRequest } from '../refusal.ts';
import { READ_ONLY } from './document.ts';

const MAX_OPERATIONS = 10;

const pointer = z.string().regex(/^\//, "A path starts with '/'.");
const value = z.custom<Json>((given) => given !== undefined, 'A value is required.');

const operation = z.discriminatedUnion('op', [
  z.object({ op: z.enum(['add', 'set', 'replace']), path: pointer, value }),
  z.object({ op: z.literal('remove'), path: pointer }),
  z.object({ op: z.literal('incr'), path: pointer, value: z.number() }),
  z.object({ op: z.literal('move'), path: pointer, from: pointer }),
]);

const operations = z.array(operation).min(1).max(MAX_OPERATIONS, `A patch holds at most ${MAX_OPERATIONS} operations.`);
const patch = z.object({ operations, condition: z.string().optional() });

export type Patch = z.infer<typeof patch>;
type Operation = Patch['operations'][number];

export function parsePatch(body: Json | undefined): Patch {
  const parsed = patch.safeParse(Array.isArray(body) ? { operations: body } : body);
  if (!parsed.success) throw badRequest(`The patch is not valid. ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

/** RFC 6901: '~1' is '/', '~0' is '~'. */
const pointerKeys = (text: string): string[] =>
  text
    .slice(1)
    .split('/')
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));

/** A place to write to: an object and a name, or an array and a position in it. */
type Place = { readonly object: JsonObject; readonly key: string } | { readonly array: Json[]; readonly index: number };

/** '-' is the place behind the last element, as in RFC 6902. */
const arrayIndex = (key: string, length: number): number => {
  if (key === '-') return length;
  if (/^(0|[1-9]\d*)$/.test(key) && Number(key) <= length) return Number(key);
  throw badRequest(`'${key}' is not a position in an array of ${length}.`);
};

/** Finds the place without making anything: a missing parent is the caller's error (400). */
function placeOf(document: JsonObject, path: string): Place {
  const keys = pointerKeys(path);
  const last = keys.pop() ?? '';
  if (READ_ONLY.has(keys[0] ?? last)) throw badRequest(`The path '${path}' cannot be changed by a patch.`);
  let parent: Json | undefined = document;
  for (const key of keys)
    parent = Array.isArray(parent) ? member(parent, arrayIndex(key, parent.length)) : member(parent, key);
  if (Array.isArray(parent)) return { array: parent, index: arrayIndex(last, parent.length) };
  if (isJsonObject(parent)) return { object: parent, key: last };
  throw badRequest(`The parent of the path '${path}' does not exist.`);
}

const valueIn = (place: Place): Json | undefined =>
  'array' in place ? place.array[place.index] : member(place.object, place.key);

/** A plain assignment would walk into the prototype for '__proto__'. */
const assign = (target: JsonObject, key: string, written: Json): void =>
  void Object.defineProperty(target, key, { value: written, writable: true, enumerable: true, configurable: true });

/** `insert` shifts the rest of an array to the right; in an object both modes are the same. */
function write(place: Place, written: Json, mode: 'insert' | 'overwrite'): void {
  if ('object' in place) assign(place.object, place.key, written);
  else place.array.splice(place.index, mode === 'insert' ? 0 : 1, written);
}

function removeFrom(place: Place): void {
  if ('array' in place) place.array.splice(place.index, 1);
  else Reflect.deleteProperty(place.object, place.key);
}

function existing(document: JsonObject, path: string, op: string): { place: Place; current: Json } {
  const place = placeOf(document, path);
  const current = valueIn(place);
  if (current === undefined)
    throw badRequest(`The ${op} operation needs an existing path, and '${path}' does not exist.`);
  return { place, current };
}

function increment(document: JsonObject, path: string, by: number): void {
  const place = placeOf(document, path);
  const current = valueIn(place) ?? 0;
  if (typeof current !== 'number') throw badRequest(`The incr operation needs a number at '${path}'.`);
  write(place, current + by, 'overwrite');
}

/** The source goes first, so positions in `path` are those after it is gone. */
function move(document: JsonObject, from: string, path: string): void {
  if (path === from || path.startsWith(`${from}/`)) throw badRequest(`'${from}' cannot be moved into itself.`);
  const { place, current } = existing(document, from, 'move');
  removeFrom(place);
  write(placeOf(document, path), current, 'insert');
}

function apply(document: JsonObject, step: Operation): void {
  switch (step.op) {
    case 'add':
      write(placeOf(document, step.path), step.value, 'insert');
      break;
    case 'set':
      write(placeOf(document, step.path), step.value, 'overwrite');
      break;
    case 'replace':
      write(existing(document, step.path, step.op).place, step.value, 'overwrite');
      break;
    case 'remove':
      removeFrom(existing(document, step.path, step.op).place);
      break;
    case 'incr':
      increment(document, step.path, step.value);
      break;
    case 'move':
      move(document, step.from, step.path);
  }
}

/** Applies the operations in order, in place. One that cannot be applied refuses the whole patch (400). */
export function applyOperations(document: JsonObject, steps: readonly Operation[]): void {
  for (const step of steps) apply(document, step);
}
