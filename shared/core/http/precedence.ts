import type { ClientAddress } from './client-address.ts';
import type { GiveWay } from './give-way.ts';
import { paceBody } from './request.ts';

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

export interface Turns {
  readonly giveWay: GiveWay;
  readonly addressOf: ClientAddress;
}

/** Strangers of whom nothing is known share one line. */
const unknownAddress = 'unknown';

/**
 * Answers a request in its turn: pulls at once, everything else when pulls leave time for it, each address in a line of
 * its own. Who is refused waits for the refusal instead, so that a flood of what is refused, or of guesses, is no
 * faster than what is let in.
 */
export function inTurn(
  request: Request,
  path: string,
  { giveWay, addressOf }: Turns,
  answer: () => Response | Promise<Response>,
): Response | Promise<Response> {
  const takeTurn = () => giveWay.turn(addressOf(request) ?? unknownAddress);
  if (goesFirst(request.method, path)) return afterwards(request, path, { giveWay, takeTurn }, answer());
  const turn = takeTurn();
  if (request.method !== 'GET' && request.method !== 'HEAD') paceBody(request, takeTurn);
  return turn === undefined ? answer() : turn.then(answer);
}

async function afterwards(
  { method, headers }: Request,
  path: string,
  { giveWay, takeTurn }: { readonly giveWay: GiveWay; readonly takeTurn: () => Promise<void> | undefined },
  answering: Response | Promise<Response>,
): Promise<Response> {
  const answer = await answering;
  if (method === 'GET' && answer.status < 400 && pullPath.test(path)) giveWay.pulled();
  // A pull without credentials is only told where to get some.
  const isRefused =
    (isRefusal(answer.status) && headers.has('authorization')) || (answer.status >= 400 && method === 'POST');
  if (isRefused) await takeTurn();
  return answer;
}
