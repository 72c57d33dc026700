import { RegistryError } from '../oci/faults.ts';

/** What one page of a list holds where the client does not say, and the most that it may. */
export interface PageSizes {
  readonly usual: number;
  readonly largest: number;
}

/**
 * `n` of a list: how many entries the client wants, at most `largest`; `usual` where it does not say. Throws
 * `RegistryError` (`page-size-invalid`).
 */
export function pageSizeIn(query: URLSearchParams, { usual, largest }: PageSizes): number {
  const given = query.get('n');
  if (given === null || given === '') return usual;
  if (!/^\d{1,9}$/.test(given)) throw new RegistryError({ is: 'page-size-invalid', given });
  return Math.min(Number(given), largest);
}

/** `Link` to the page behind this one (RFC 8288). Some clients split each parameter at `=`, so none is without. */
export function nextPage(path: string, parameters: readonly (readonly [string, string])[]): Record<string, string> {
  const query = parameters.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&');
  return { Link: `<${path}?${query}>; rel="next"` };
}
