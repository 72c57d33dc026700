import { ask } from './api.ts';

/**
 * Sends content to an address of the API. The generated types ask for every property that has a default, so content that
 * leaves some to the registry goes this way.
 */
export function send(method: 'PUT' | 'POST' | 'PATCH', path: readonly string[], content: object): Promise<unknown> {
  const headers = { 'Content-Type': 'application/json' };
  const address = `/api/v1/${path.map(encodeURIComponent).join('/')}`;
  return ask(address, { method, headers, body: JSON.stringify(content) });
}
