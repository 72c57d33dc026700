import type { z } from 'zod';
import { notOfThisList } from '../../core/documents/sealed-pages.ts';
import { openText, sealingKeyFor, sealText } from '../../core/secrets/sealed-text.ts';

/**
 * Says where the next page of a view begins. Some views are made of two lists of the store, so a place says more than
 * the store's own token does. Clients hold it encrypted, bound to its list.
 */
export interface Places {
  /** `list` is all that must not change from page to page. */
  seal(list: readonly unknown[], place: object): string;
  /** Returns `undefined` for the first page. Throws `RegistryError` (`request-invalid`). */
  open<T>(list: readonly unknown[], continuation: string | undefined, schema: z.ZodType<T>): T | undefined;
}

export function sealedViewPlaces(key: Uint8Array): Places {
  const secret = sealingKeyFor('place in a view', key);
  const contextOf = (list: readonly unknown[]) => Buffer.from(JSON.stringify(list));
  return {
    seal: (list, place) => sealText(JSON.stringify(place), secret, contextOf(list)),
    open(list, continuation, schema) {
      if (continuation === undefined) return undefined;
      const text = openText(continuation, secret, contextOf(list));
      const parsed = schema.safeParse(text === undefined ? undefined : (JSON.parse(text) as unknown));
      if (!parsed.success) throw notOfThisList();
      return parsed.data;
    },
  };
}
