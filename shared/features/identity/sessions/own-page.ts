import type { Origin } from '../../../core/http/origin.ts';

/** The header that the portal sends with every request: no form, link or image of another page can. */
const portalHeader = 'x-longshore-portal';

/**
 * Says whether the browser vouches that one of our own pages sent the request. `Sec-Fetch-Site` is set by the browser
 * alone; one that does not know it sends `Origin` with whatever changes something. A request with neither is not
 * vouched for: it may come from anywhere.
 */
export function isFromOwnPage({ headers }: Request, { url }: Pick<Origin, 'url'>): boolean {
  const site = headers.get('sec-fetch-site');
  return site === null ? headers.get('origin') === url : site === 'same-origin';
}

/** Says whether the session's cookie counts for a request of `/api/v1`. */
export function isFromPortal(request: Request, origin: Origin): boolean {
  return request.headers.get(portalHeader) === '1' && isFromOwnPage(request, origin);
}

/** The place of the portal, where people land who have signed in. */
export const portalPath = '/ui/';

/**
 * Returns the page to go to after a sign-in: the asked one if it is a page of the portal, else its first. It is parsed
 * as a browser does, because `//evil.example` and `/\evil.example` are paths to the eye and other hosts to a browser.
 */
export function ownPath(asked: string | null): string {
  if (asked === null || asked.length > 1_000 || /[\u0000-\u0020\u007f\\]/.test(asked)) return portalPath;
  const base = 'https://own.invalid';
  if (!asked.startsWith(portalPath) || !URL.canParse(asked, base)) return portalPath;
  const { origin, pathname, search, hash } = new URL(asked, base);
  // Dots in the path may lead out of the portal.
  return origin === base && pathname.startsWith(portalPath) ? `${pathname}${search}${hash}` : portalPath;
}
