import { giveWay } from './give-way.ts';
import { paceBody } from './request.ts';
import type { ClientAddress } from './client-address.ts';

/** Read by their names alone: what they mean is for the routes to say. */
const pullPath = /^\/v2\/.+\/(?:manifests|blobs)\/[^/]+$/;

/** What a client pulls by: it goes first. A token is half of a pull. */
function goesFirst(method: string, path: string): boolean {
  if (method !== 'GET' && method !== 'HEAD') return path.startsWith('/oauth2/');
  return path === '/v2/' || path === '/v2' || path === '/healthz' || path.startsWith('/oauth2/') || pullPath.test(path);
}

function isRefusal(status: number): boolean {
  return status === 401 || status === 403 || status === 429;
}

/** Strangers of whom nothing is known share one line. */
const unknownAddress = 'unknown';

/**
 * Answers a request in its turn: pulls at once, everything else when pulls leave time for it, each address in a line of its own. Who is refused waits for
 * the refusal instead, so that a flood of what is refused, or of guesses, is no faster than what is let in.
 */
export function inTurn(request: Request, path: string, addressOf: ClientAddress, answer: () => Response | Promise<Response>): Response | Promise<Response> {
  const line = () => addressOf(request) ?? unknownAddress;
  if (goesFirst(request.method, path)) return afterwards(request, path, line, answer());
  const turn = giveWay.turn(line());
  if (request.method !== 'GET' && request.method !== 'HEAD') paceBody(request, line);
  return turn === undefined ? answer() : turn.then(answer);
}

async function afterwards({ method, headers }: Request, path: string, line: () => string, answering: Response | Promise<Response>): Promise<Response> {
  const answer = await answering;
  if (method === 'GET' && answer.status < 400 && pullPath.test(path)) giveWay.pulled();
  // Who sends no credentials is only told where to get some.
  if (isRefusal(answer.status) && headers.has('authorization')) await giveWay.turn(line());
  if (answer.status >= 400 && method === 'POST') await giveWay.turn(line());
  return answer;
}
