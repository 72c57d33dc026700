/** What an `Authorization` header holds. */
export type Credentials =
  | { readonly scheme: 'Basic'; readonly user: string; readonly password: string }
  | { readonly scheme: 'Bearer'; readonly token: string };

/** Longer than any token of ours with fifty scopes, shorter than what would be a burden to look at. In characters. */
const maxLength = 16_384;

/** `undefined` for what is neither Basic (RFC 7617) nor Bearer (RFC 6750). */
export function parseCredentials(header: string): Credentials | undefined {
  if (header.length > maxLength) return undefined;
  const [, scheme = '', rest = ''] = /^([A-Za-z]+) +(\S+) *$/.exec(header) ?? [];
  if (scheme.toLowerCase() === 'bearer') return { scheme: 'Bearer', token: rest };
  return scheme.toLowerCase() === 'basic' ? parseBasic(rest) : undefined;
}

/** The user ends at the first colon: a password may hold more. */
function parseBasic(base64: string): Credentials | undefined {
  const text = Buffer.from(base64, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon === -1 ? undefined : { scheme: 'Basic', user: text.slice(0, colon), password: text.slice(colon + 1) };
}
