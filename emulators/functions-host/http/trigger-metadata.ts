import type { IncomingMessage } from 'node:http';
import { jsonIn } from '../../../bounds/json.ts';
import type { TypedData } from '../core-types.ts';
import type { RouteValues } from './route.ts';

/**
 * The binding data of an HTTP request in stream mode, from which `@azure/functions` builds `request.headers` and
 * `request.params`. It follows GetRequestBindingDataAsync of webjobs-sdk-extensions, with its trap: the top-level
 * properties of a JSON body come first, then the query, and neither is kept from taking the name `Headers`.
 */
export function httpTriggerMetadata(
  req: IncomingMessage,
  query: URLSearchParams,
  values: RouteValues,
  body: Buffer | undefined,
): Record<string, TypedData> {
  const data = new BindingData();
  for (const [name, value] of jsonProperties(body)) data.set(name, value);
  for (const name of new Set(query.keys())) {
    // The host takes "code" for a function key and binds it to nothing.
    if (name.toLowerCase() !== 'code') data.set(name, { string: query.getAll(name).join(',') });
  }
  for (const [name, value] of Object.entries(values)) data.set(name, { string: value });
  data.setIfAbsent('Query', () => ({ json: JSON.stringify(Object.fromEntries(query)) }));
  data.setIfAbsent('Headers', () => ({ json: JSON.stringify(joinedHeaders(req)) }));
  return data.toRecord();
}

/** Request headers with repeated lines joined by a comma, which is how ASP.NET hands them on. */
export function joinedHeaders(req: IncomingMessage): Record<string, string> {
  return Object.fromEntries(Object.entries(req.headersDistinct).map(([name, lines]) => [name, lines?.join(',') ?? '']));
}

/**
 * A .NET dictionary that ignores case: the first spelling of a key stays. So a body with "headers" leaves the library,
 * which looks for "Headers", without any.
 */
class BindingData {
  readonly #entries = new Map<string, { name: string; value: TypedData | null }>();

  set(name: string, value: TypedData | null): void {
    const spelled = this.#entries.get(name.toLowerCase())?.name ?? name;
    this.#entries.set(name.toLowerCase(), { name: spelled, value });
  }

  setIfAbsent(name: string, value: () => TypedData): void {
    if (!this.#entries.has(name.toLowerCase())) this.set(name, value());
  }

  /** A null holds its name but is not sent. */
  toRecord(): Record<string, TypedData> {
    return Object.fromEntries(
      [...this.#entries.values()].flatMap(({ name, value }) => (value === null ? [] : [[name, value]])),
    );
  }
}

// Utility.ApplyBindingData of the host: any content type, arrays are left out, scalars become text.
function jsonProperties(body: Buffer | undefined): [string, TypedData | null][] {
  const text = body?.toString('utf8').trim() ?? '';
  if (!text.startsWith('{') || !text.endsWith('}')) return [];
  return Object.entries(parseObject(text)).flatMap(([name, value]): [string, TypedData | null][] => {
    if (Array.isArray(value)) return [];
    if (value === null) return [[name, null]];
    if (typeof value === 'object') return [[name, { json: JSON.stringify(value) }]];
    return [[name, { string: scalarText(value) }]];
  });
}

function scalarText(value: unknown): string {
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  return String(value);
}

function parseObject(text: string): object {
  // The host reads "not JSON after all" as "nothing to bind", too, and so it does with what Json.NET finds nested too
  // deep.
  const value = jsonIn(text);
  return typeof value === 'object' && value !== null ? value : {};
}
