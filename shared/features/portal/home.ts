import { homePage } from '../../core/http/home.ts';
import { RegistryError } from '../../core/oci/faults.ts';
import type { ReadPortal } from '../../core/ports/portal.ts';

/** Sends a person who opens the registry in a browser to the portal; everybody else gets the text about what this is. */
export async function homeOrPortal(read: ReadPortal, request: Request): Promise<Response> {
  if (request.method !== 'GET' && request.method !== 'HEAD')
    throw new RegistryError({ is: 'route-unknown', path: '/' });
  const isPortal = asksForPage(request) && (await read()) !== undefined;
  const answer = isPortal
    ? new Response(null, { status: 302, headers: { Location: '/ui/', 'Cache-Control': 'no-store' } })
    : homePage(request);
  answer.headers.set('Vary', 'Accept, Sec-Fetch-Mode');
  return answer;
}

/** Browsers name `text/html` when they navigate, and curl, docker and probes do not. */
function asksForPage({ headers }: Request): boolean {
  const mode = headers.get('sec-fetch-mode');
  return (mode === null || mode === 'navigate') && /(^|,)\s*text\/html\s*(;|,|$)/i.test(headers.get('accept') ?? '');
}
