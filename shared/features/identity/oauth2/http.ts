import { RegistryError } from '../../../core/oci/faults.ts';
import { exchange } from './exchange.ts';
import type { OAuth2Ports } from './ports.ts';
import { tokenByForm, tokenByQuery } from './token.ts';

/**
 * Answers ACR's token endpoints, `/oauth2/token` and `/oauth2/exchange`. No cache may keep the answers. Throws
 * `RegistryError` and `StoreFailure`.
 */
export async function respondOAuth2(ports: OAuth2Ports, request: Request): Promise<Response> {
  const { pathname } = new URL(request.url);
  const answer = await answerOf(ports, request, pathname);
  return Response.json(answer, { headers: { 'Cache-Control': 'no-store' } });
}

async function answerOf(ports: OAuth2Ports, request: Request, path: string): Promise<object> {
  const { method } = request;
  if (path === '/oauth2/token' && method === 'GET') return tokenByQuery(ports, request);
  if (path === '/oauth2/token' && method === 'POST') return tokenByForm(ports, request);
  if (path === '/oauth2/token') throw new RegistryError({ is: 'method-not-allowed', allow: ['GET', 'POST'] });
  if (path === '/oauth2/exchange' && method === 'POST') return exchange(ports, request);
  if (path === '/oauth2/exchange') throw new RegistryError({ is: 'method-not-allowed', allow: ['POST'] });
  throw new RegistryError({ is: 'route-unknown', path });
}
