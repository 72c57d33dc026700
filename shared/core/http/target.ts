/** The target of a request, cut out of its URL as it stands. */
export interface RequestTarget {
  readonly host: string;
  /** The path, still percent-encoded. */
  readonly path: string;
  readonly query: URLSearchParams;
}

const noQuery: Readonly<URLSearchParams> = new URLSearchParams();

/**
 * Cuts the target out of an absolute `http` URL, as every `Request` has one. A `new URL` costs more than the rest of a
 * manifest's answer from memory.
 */
export function targetOf(url: string): RequestTarget {
  const hostStart = url.indexOf('://') + 3;
  const pathStart = url.indexOf('/', hostStart);
  const fragmentStart = url.indexOf('#', pathStart);
  const end = fragmentStart === -1 ? url.length : fragmentStart;
  const queryStart = url.indexOf('?', pathStart);
  const host = url.slice(hostStart, pathStart);
  if (queryStart === -1 || queryStart > end) return { host, path: url.slice(pathStart, end), query: noQuery };
  return { host, path: url.slice(pathStart, queryStart), query: new URLSearchParams(url.slice(queryStart + 1, end)) };
}
