import type { paths } from '../../generated/api.d.ts';
import { Failure } from '../failure.ts';
import type { Registry } from './registry.ts';

type AnswerOf<P extends keyof paths> = paths[P] extends {
  readonly get: {
    readonly responses: { readonly 200: { readonly content: { readonly 'application/json': infer Answer } } };
  };
}
  ? Answer
  : never;

/** The paths whose answer is a page of a list. */
export type ListPath = {
  [P in keyof paths]: AnswerOf<P> extends { items: readonly unknown[] } ? P : never;
}[keyof paths];

export type ItemOf<P extends ListPath> = AnswerOf<P> extends { items: readonly (infer Item)[] } ? Item : never;
type QueryOf<P extends keyof paths> = paths[P] extends { get: { parameters: { query?: infer Query } } } ? Query : never;

export interface PageOptions<P extends ListPath> {
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: Partial<Exclude<QueryOf<P>, undefined>>;
}

interface Page {
  readonly items?: unknown;
  readonly nextLink?: unknown;
}

/**
 * Yields the items of a list. The next page is asked for when somebody wants an item of it, and the reader may stop at
 * any time: `longshore tags team/app | head -1` reads one page.
 */
export async function* itemsOf<P extends ListPath>(
  registry: Registry,
  list: P,
  { path = {}, query = {} }: PageOptions<P> = {},
): AsyncGenerator<ItemOf<P>> {
  const search = new URLSearchParams(
    Object.entries(query).flatMap(([name, value]): [string, string][] =>
      value === undefined ? [] : [[name, String(value as string | number)]],
    ),
  );
  let next = `/api/v1${filled(list, path)}${search.size === 0 ? '' : `?${search.toString()}`}`;
  const seen = new Set<string>();
  for (;;) {
    seen.add(next);
    const page = (await registry.getJson(next)) as Page;
    if (!Array.isArray(page.items))
      throw new Failure(`${registry.host} answered with no list: is it a Longshore? Run longshore doctor`);
    yield* page.items as ItemOf<P>[];
    if (typeof page.nextLink !== 'string') return;
    // A list that leads back to a page of its own would never end.
    if (seen.has(page.nextLink))
      throw new Failure(`${registry.host} named the same page twice: tell whoever runs the registry`);
    next = page.nextLink;
  }
}

function filled(list: string, path: Readonly<Record<string, string>>): string {
  return list.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(path[name] ?? ''));
}
