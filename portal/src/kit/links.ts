/** The portal's addresses, below `/ui`. Names are in the query: a slash in a path would part it. */

type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** Writes an address. Slashes and colons stay readable: a query may hold them. */
export function linkTo(path: string, query: Query = {}): string {
  const pairs = Object.entries(query)
    .filter(([, value]) => value !== undefined && value !== '' && value !== false)
    .map(([name, value]) => `${name}=${encodeURIComponent(String(value)).replace(/%2F/g, '/').replace(/%3A/g, ':')}`);
  return pairs.length === 0 ? path : `${path}?${pairs.join('&')}`;
}

export const linkToTags = (repository: string, more: Query = {}): string => linkTo('/tags', { repository, ...more });

export const linkToImage = (repository: string, reference: string, more: Query = {}): string =>
  linkTo('/image', { repository, reference, ...more });

export const linkToCompare = (from: string, to: string): string => linkTo('/compare', { from, to });
