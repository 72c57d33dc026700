/** The portal's addresses, below `/ui`. Names are in the query: a slash in a path would part it. */

type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** Encodes a text for an address. Half of a pair, which no address can hold, would end the page that shows it. */
export function encoded(text: string): string {
  return encodeURIComponent(text.replace(/\p{Cs}/gu, '\ufffd'));
}

/** Writes an address. Slashes and colons stay readable: a query may hold them. */
export function linkTo(path: string, query: Query = {}): string {
  const pairs = Object.entries(query)
    .filter(([, value]) => value !== undefined && value !== '' && value !== false)
    .map(([name, value]) => `${name}=${encoded(String(value)).replace(/%2F/g, '/').replace(/%3A/g, ':')}`);
  return pairs.length === 0 ? path : `${path}?${pairs.join('&')}`;
}

export const linkToTags = (repository: string, more: Query = {}): string => linkTo('/tags', { repository, ...more });

export const linkToImage = (repository: string, reference: string, more: Query = {}): string =>
  linkTo('/image', { repository, reference, ...more });

export const linkToCompare = (from: string, to: string): string => linkTo('/compare', { from, to });
