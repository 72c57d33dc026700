/** The content of an `Authorization` header. */
export type Credentials =
  | { readonly scheme: 'Basic'; readonly user: string; readonly password: string }
  | { readonly scheme: 'Bearer'; readonly token: string };

/** The characters allowed: more than any token of ours with fifty scopes has, few enough to be parsed cheaply. */
const maxLength = 16_384;

/** Parses Basic (RFC 7617) or Bearer (RFC 6750); `undefined` for anything else. */
export function parseCredentials(header: string): Credentials | undefined {
  if (header.length > maxLength) return undefined;
  const [, scheme = '', rest = ''] = /^([A-Za-z]+) +(\S+) *$/.exec(header) ?? [];
  if (scheme.toLowerCase() === 'bearer') return { scheme: 'Bearer', token: rest };
  return scheme.toLowerCase() === 'basic' ? parseBasic(rest) : undefined;
}

/** Parses Basic. The user ends at the first colon: a password may hold more. */
function parseBasic(base64: string): Credentials | undefined {
  const text = Buffer.from(base64, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon === -1 ? undefined : { scheme: 'Basic', user: text.slice(0, colon), password: text.slice(colon + 1) };
}
