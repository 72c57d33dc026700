import { isIP } from 'node:net';
import type { Reach } from './public-address.ts';
import { isLocalhost } from './resolve-name.ts';

/** Longer URLs are refused by many servers. In characters. */
const maxLength = 2_048;

/** They belong to the connection, or say who is asked: with them a request could mean another host, or two requests. */
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
 * What is wrong with a URL as one to post to, as the end of a sentence that starts with its name; `undefined` when
 * nothing is. What its name means is not asked for: that is checked at each connection.
 */
export function checkTarget(target: string | URL, reach: Reach): string | undefined {
  if (typeof target === 'string') return checkText(target) ?? checkTarget(new URL(target), reach);
  if (target.protocol !== 'https:' && target.protocol !== 'http:') return 'must be an https or http URL';
  if (target.username !== '' || target.password !== '')
    return 'must not hold a user or password: put credentials into a custom header';
  if (target.href.includes('#')) return 'must not have a fragment: it is never sent';
  const port = Number(target.port);
  if (target.port !== '' && port !== 80 && port !== 443 && port < 1024)
    return `must not have port ${port}: 80, 443 and those from 1024 up are allowed`;
  return checkHost(target.hostname, reach);
}

/**
 * The URL parser would take line ends and blanks out, or the log would show another URL than the one that is called.
 */
function checkText(text: string): string | undefined {
  if (text.length > maxLength) return `must not be longer than ${maxLength} characters`;
  if (/[\u0000-\u0020\u007f\\]/.test(text)) return 'must not contain blanks, control characters or backslashes';
  return URL.canParse(text) ? undefined : 'must be a URL, as in https://example.com/hook';
}

/**
 * The parser has turned every spelling of an IPv4 address (octal, hexadecimal, one number, full-width digits) into the
 * usual one.
 */
function checkHost(hostname: string, reach: Reach): string | undefined {
  const host = hostname.replace(/^\[|\]$/g, '');
  const isHere = isIP(host) === 0 && isLocalhost(host) && !reach.allows('127.0.0.1');
  const isElsewhere = isIP(host) !== 0 && !reach.allows(host);
  return isHere || isElsewhere
    ? `must not lead to ${hostname}: only public addresses are called, and networks that LONGSHORE_OUTBOUND opens`
    : undefined;
}

/** The first fault of the headers of a request, as a sentence; `undefined` when there is none. */
export function checkHeaders(headers: Readonly<Record<string, string>>): string | undefined {
  for (const [name, value] of Object.entries(headers)) {
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) return `${JSON.stringify(name)} is not a name of a header`;
    if (reservedHeaders.has(name.toLowerCase()) || /^proxy-/i.test(name))
      return `the header ${name} cannot be set: it belongs to the connection`;
    // The value is not shown: it may be a credential.
    if (!/^[\t\u0020-\u007e\u0080-\u00ff]*$/.test(value))
      return `the value of ${name} contains control characters, or some that no header can carry`;
  }
  return undefined;
}
