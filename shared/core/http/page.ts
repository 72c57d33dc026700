import { RegistryError } from '../oci/faults.ts';

/** The number of entries on one page of a list: the usual one if the client does not say, and the largest allowed. */
export interface PageSizes {
  readonly usual: number;
  readonly largest: number;
}

/**
 * Reads `n` of a list: the number of entries that the client wants, at most `largest`; `usual` if it does not say.
 * Throws `RegistryError` (`page-size-invalid`).
 */
export function pageSizeIn(query: URLSearchParams, { usual, largest }: PageSizes): number {
  const given = query.get('n');
  if (given === null || given === '') return usual;
  if (!/^\d{1,9}$/.test(given)) throw new RegistryError({ is: 'page-size-invalid', given });
  return Math.min(Number(given), largest);
}

/**
 * Makes the `Link` to the page behind this one (RFC 8288). Some clients split each parameter at `=`, so none is
 * without.
 */
export function nextPage(path: string, parameters: readonly (readonly [string, string])[]): Record<string, string> {
  const query = parameters.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&');
  return { Link: `<${path}?${query}>; rel="next"` };
}
