import { useCallback, useMemo } from 'preact/hooks';
import { useLocation, useSearch } from 'wouter-preact';
import { linkTo } from './links.ts';

/** The query of the page's address, in which a page keeps all that it shows by: it can be linked, and gone back to. */
export interface PageQuery {
  get(name: string): string | undefined;
  /** Changes some of it; a value of `undefined` takes one out. */
  set(changes: Readonly<Record<string, string | undefined>>, options?: SetOptions): void;
}

interface SetOptions {
  readonly replace?: boolean;
  /** Kept by the browser with this entry of its history, and nowhere else. */
  readonly state?: object;
}

export function usePageQuery(): PageQuery {
  const search = useSearch();
  const [path, navigate] = useLocation();
  const given = useMemo(() => new URLSearchParams(search), [search]);
  const set = useCallback<PageQuery['set']>(
    (changes, options) => navigate(linkTo(path, { ...Object.fromEntries(given), ...changes }), options),
    [given, path],
  );
  return { get: (name) => given.get(name) ?? undefined, set };
}
