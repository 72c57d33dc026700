import { isIP } from 'node:net';
import type { Reach } from './public-address.ts';
import { isLocalhost } from './resolve-name.ts';

/** A URL may have this many characters: longer ones are refused by many servers. */
const maxLength = 2_048;

/**
 * Headers that belong to the connection or name the host: with them a request could mean another host, or two requests.
 */
const reservedHeaders = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/**
 * Returns what is wrong with a URL to post to, as the end of a sentence that starts with its name; `undefined` when
 * nothing is. The addresses of its name are not checked here but at each connection.
 */
export function checkTarget(
  target: string | URL,
  reach: Reach,
  ports: 'usual ports' | 'any port' = 'usual ports',
): string | undefined {
  if (typeof target === 'string') return checkText(target) ?? checkTarget(new URL(target), reach, ports);
  if (target.protocol !== 'https:' && target.protocol !== 'http:') return 'must be an https or http URL';
  if (target.username !== '' || target.password !== '')
    return 'must not have a user or password: put credentials into a custom header';
  if (target.href.includes('#')) return 'must not have a fragment: it is never sent';
  const port = Number(target.port);
  if (ports === 'usual ports' && target.port !== '' && port !== 80 && port !== 443 && port < 1024)
    return `must not have port ${port}: 80, 443 and those from 1024 up are allowed`;
  return checkHost(target.hostname, reach);
}

/**
 * Refuses texts that the URL parser would silently change, as it drops line ends and blanks: the log would show another
 * URL than the one that is called.
 */
function checkText(text: string): string | undefined {
  if (text.length > maxLength) return `must not be longer than ${maxLength} characters`;
  if (/[\u0000-\u0020\u007f\\]/.test(text)) return 'must not contain spaces, control characters or backslashes';
  return URL.canParse(text) ? undefined : 'must be a URL, as in https://example.com/hook';
}

/**
 * Refuses hosts that `reach` does not allow. The parser has turned every spelling of an IPv4 address (octal,
 * hexadecimal, one number, full-width digits) into the usual one.
 */
function checkHost(hostname: string, reach: Reach): string | undefined {
  const host = hostname.replace(/^\[|\]$/g, '');
  const isHere = isIP(host) === 0 && isLocalhost(host) && !reach.allows('127.0.0.1');
  const isElsewhere = isIP(host) !== 0 && !reach.allows(host);
  return isHere || isElsewhere
    ? `must not lead to ${hostname}: only public addresses are allowed, and networks in LONGSHORE_OUTBOUND`
    : undefined;
}

/** Returns the first fault of a request's headers, as a sentence; `undefined` when there is none. */
export function checkHeaders(headers: Readonly<Record<string, string>>): string | undefined {
  for (const [name, value] of Object.entries(headers)) {
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) return `${JSON.stringify(name)} is not a valid header name`;
    if (reservedHeaders.has(name.toLowerCase()) || /^proxy-/i.test(name))
      return `the header ${name} cannot be set: it belongs to the connection`;
    // The value is not shown: it may be a credential.
    if (!/^[\t\u0020-\u007e\u0080-\u00ff]*$/.test(value))
      return `the value of ${name} contains control characters, or others that a header cannot carry`;
  }
  return undefined;
}
