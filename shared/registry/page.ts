import { RegistryError } from '../oci/faults.ts';

/** The most that one page of a list holds, and what it holds where the client does not say. */
export interface PageSizes {
  readonly most: number;
  readonly usual: number;
}

/** `n` of a list's query. Throws `RegistryError` (`page-size-invalid`). */
export function pageSizeIn(query: URLSearchParams, { most, usual }: PageSizes): number {
  const given = query.get('n');
  if (given === null || given === '') return usual;
  if (!/^\d{1,9}$/.test(given)) throw new RegistryError({ is: 'page-size-invalid', given });
  return Math.min(Number(given), most);
}

/**
 * `Link` to the next page (RFC 8288); the path is relative, as ACR's is. Its clients split each parameter at `=` and fail where
 * there is none, so every parameter has one, empty values too.
 */
export function nextLink(path: string, parameters: Readonly<Record<string, string>>): { Link: string } {
  const query = Object.entries(parameters).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  return { Link: `<${path}?${query.join('&')}>; rel="next"` };
}
