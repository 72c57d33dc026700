import { openText, sealingKeyFor, sealText } from '../secrets/sealed-text.ts';
import { notOfThisList } from './sealed-pages.ts';

/**
 * Pages of a list that is read whole, because it is short; they show clients where the next one begins, as
 * `sealedPages` does.
 */
export interface Places {
  /** Returns one page of `all`, which is in the order of `nameOf`. Throws `RegistryError` (`request-invalid`). */
  pageOf<T>(
    list: string,
    all: readonly T[],
    nameOf: (item: T) => string,
    page: { readonly limit: number; readonly continuation?: string | undefined },
  ): { readonly items: readonly T[]; readonly continuation?: string };
  /** Seals the place in a list that is neither short nor of the store. */
  sealed(list: string, place: string): string;
  /** Returns the place that was sealed for the list. Throws `RegistryError` (`request-invalid`). */
  opened(list: string, continuation: string): string;
}

export function sealedPlaces(key: Uint8Array): Places {
  const secret = sealingKeyFor('place in a list', key);
  const contextOf = (list: string) => Buffer.from(`place ${list}`);
  return {
    sealed: (list, place) => sealText(place, secret, contextOf(list)),
    opened(list, continuation) {
      const place = openText(continuation, secret, contextOf(list));
      if (place === undefined) throw notOfThisList();
      return place;
    },
    pageOf(list, all, nameOf, { limit, continuation }) {
      const context = Buffer.from(`whole ${list}`);
      const last = continuation === undefined ? undefined : openText(continuation, secret, context);
      if (continuation !== undefined && last === undefined) throw notOfThisList();
      // The last item of the page before may be gone meanwhile: the next page begins with the first one behind it.
      const rest = last === undefined ? all : all.filter((item) => nameOf(item) > last);
      const items = rest.slice(0, limit);
      const end = items.at(-1);
      return end === undefined || rest.length <= limit
        ? { items }
        : { items, continuation: sealText(nameOf(end), secret, context) };
    },
  };
}
