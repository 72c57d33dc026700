/** A frozen JSON copy, and its size as Cosmos DB counts it: bytes of UTF-8. */
export interface FrozenJson<T> {
  readonly value: T;
  readonly bytes: number;
}

/**
 * Copies by way of JSON, as the wire does, and freezes all of it: one copy can then be returned to every reader. Throws
 * `TypeError` for what JSON would change in silence (NaN, Date, Map, a hole in an array); an undefined property is left
 * out.
 */
export function freezeJson<T>(value: T): FrozenJson<T> {
  if (!isLossless(value)) refuseLossy(value, '$');
  const text = JSON.stringify(value);
  return { value: deepFreeze(JSON.parse(text) as T), bytes: Buffer.byteLength(text) };
}

/** Says what `refuseLossy` says, without the paths: they take longer than all the rest. */
function isLossless(value: unknown): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object') return false;
  if (Array.isArray(value)) {
    for (let at = 0; at < value.length; at += 1) if (!isLossless(value[at])) return false;
    return true;
  }
  if (!isPlainObject(value)) return false;
  for (const name of Object.keys(value)) {
    const each = value[name];
    if (each !== undefined && !isLossless(each)) return false;
  }
  return true;
}

function refuseLossy(value: unknown, path: string): void {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return;
  if (typeof value === 'number' && Number.isFinite(value)) return;
  if (typeof value !== 'object')
    throw new TypeError(`${path} is not JSON: ${typeof value === 'number' ? value : typeof value}`);
  if (Array.isArray(value)) {
    for (const [index, each] of value.entries()) refuseLossy(each, `${path}[${index}]`);
    return;
  }
  if (!isPlainObject(value)) throw new TypeError(`${path} is not JSON: it is no plain object`);
  for (const [name, each] of Object.entries(value)) {
    if (each !== undefined) refuseLossy(each, `${path}.${name}`);
  }
}

function isPlainObject(value: object): value is Record<string, unknown> {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  for (const each of Object.values(value)) if (typeof each === 'object') deepFreeze(each);
  return Object.freeze(value);
}
