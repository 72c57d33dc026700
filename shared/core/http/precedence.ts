import type { ClientAddress } from './client-address.ts';
import type { GiveWay } from './give-way.ts';
import { paceBody } from './request.ts';

/** Matches the path of a pull by its names alone: the routes decide what they mean. */
const pullPath = /^\/v2\/.+\/(?:manifests|blobs)\/[^/]+$/;

/** Says whether a request goes first, as those that clients pull by do. A token is half of a pull. */
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

/** Clients without a known address share one line. */
const unknownAddress = 'unknown';

/**
 * Answers a request in its turn: pulls at once, everything else when pulls leave time for it, each address in a line of
 * its own. A request that goes first and is refused waits for its refusal instead, so that a flood of refused requests,
 * or of guesses, is no faster than one of accepted requests.
 */
export function inTurn(
  request: Request,
  path: string,
  { giveWay, addressOf }: Turns,
  answer: () => Response | Promise<Response>,
): Response | Promise<Response> {
  const takeTurn = () => giveWay.turn(addressOf(request) ?? unknownAddress);
  if (goesFirst(request.method, path)) return answerFirst(request, path, { giveWay, takeTurn }, answer());
  const turn = takeTurn();
  if (request.method !== 'GET' && request.method !== 'HEAD') paceBody(request, takeTurn);
  return turn === undefined ? answer() : turn.then(answer);
}

async function answerFirst(
  { method, headers }: Request,
  path: string,
  { giveWay, takeTurn }: { readonly giveWay: GiveWay; readonly takeTurn: () => Promise<void> | undefined },
  answering: Response | Promise<Response>,
): Promise<Response> {
  const answer = await answering;
  if (method === 'GET' && answer.status < 400 && pullPath.test(path)) giveWay.pulled();
  // A pull without credentials is not refused, but answered with where to get some.
  const isRefused =
    (isRefusal(answer.status) && headers.has('authorization')) || (answer.status >= 400 && method === 'POST');
  if (isRefused) await takeTurn();
  return answer;
}
