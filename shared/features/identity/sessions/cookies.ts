import { trimEnd } from '../../../core/dockerfile/spaces.ts';
import type { Origin } from '../../../core/http/origin.ts';

/** A longer value is none of ours: browsers keep no cookie that is longer. */
const maxValue = 4_096;

/** The cookies of one registry's portal, and what kind of connection they are for. */
export interface CookieNames {
  readonly session: string;
  /** The cookie of a sign-in that is under way at an issuer. */
  readonly signIn: string;
  readonly isSecure: boolean;
}

/**
 * Names the cookies. A browser takes a cookie with the prefix `__Host-` from this very host alone, and by https. By
 * plain http it refuses it, so the local stack has other names; they contain the port, because a browser gives the
 * cookies of one port to all others.
 */
export function cookieNames({ url, host }: Origin): CookieNames {
  if (url.startsWith('https:'))
    return { session: '__Host-longshore', signIn: '__Host-longshore-signin', isSecure: true };
  const port = /:(\d+)$/.exec(host)?.[1] ?? '80';
  return { session: `longshore-${port}`, signIn: `longshore-signin-${port}`, isSecure: false };
}

/**
 * Returns the value of a cookie. Of two with one name somebody else has set one, and nothing tells which: neither
 * counts.
 */
export function cookieOf(request: Request, name: string): string | undefined {
  const header = request.headers.get('cookie');
  if (header === null) return undefined;
  const values = header.split(';').flatMap((pair) => {
    const equals = pair.indexOf('=');
    return equals !== -1 && withoutSpace(pair.slice(0, equals)) === name ? [withoutSpace(pair.slice(equals + 1))] : [];
  });
  const [value] = values;
  return values.length === 1 && value !== undefined && value.length <= maxValue && value !== '' ? value : undefined;
}

/**
 * Takes away spaces and tabs alone (RFC 6265). `trim()` also takes away a space that does not break: to a browser a name
 * that begins with that one has no prefix, so another host could set it.
 */
function withoutSpace(text: string): string {
  return trimEnd(text.replace(/^[ \t]+/, ''), (character) => character === ' ' || character === '\t');
}

/**
 * Makes a `Set-Cookie` header. No script reads the cookie. `Lax` and not `Strict`: the answer of an issuer arrives by a
 * navigation from another site, and must find its sign-in.
 */
export function setCookie(name: string, value: string, seconds: number, isSecure: boolean): string {
  const secure = isSecure ? '; Secure' : '';
  return `${name}=${value}; Path=/; Max-Age=${Math.max(0, Math.floor(seconds))}; HttpOnly${secure}; SameSite=Lax`;
}

export function clearCookie(name: string, isSecure: boolean): string {
  return setCookie(name, '', 0, isSecure);
}
