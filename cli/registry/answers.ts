import type { Exit } from '../failure.ts';
import { exits, Failure } from '../failure.ts';
import { harmless } from '../text/harmless.ts';

/** The most of an answer's text that a message repeats. */
const longest = 300;

interface WireError {
  readonly code?: unknown;
  readonly message?: unknown;
  readonly detail?: unknown;
}

/** The codes of `/api/v1`, `/v2` and `/acr/v1` by which a lock refuses. */
const lockCodes = ['locked', 'REGISTRY_DISALLOWED_OPERATION'];

/** The next step by the code of the error, where the registry's own words do not say it. */
function nextStep(status: number, host: string, hasCredentials: boolean): string {
  if (status === 401 && !hasCredentials) return `; run longshore login ${host}`;
  if (status === 401) return `; the credentials are wrong or have ended: run longshore login ${host}`;
  if (status === 403) return '; longshore me shows what you may do';
  if (status === 429 || status === 503) return '; ask again later';
  return '';
}

/** Makes the failure of an answer that is no success. Reads the answer's body. */
export async function failureOf(response: Response, request: Request, hasCredentials: boolean): Promise<Failure> {
  const { host } = new URL(request.url);
  const text = await response.text().catch(() => '');
  const error = errorIn(text);
  if (error === undefined) return foreignAnswer(response, request, text);
  const message = `${messageOf(error)}${nextStep(response.status, host, hasCredentials)}`;
  const id = response.headers.get('x-request-id');
  const found = response.status >= 500 && id !== null ? ` (request ${harmless(id.slice(0, 100))})` : '';
  return new Failure(`${message}${found}`, exitOf(response.status, error), { code: String(error.code) });
}

function exitOf(status: number, { code }: WireError): Exit {
  return status === 401 || status === 403 || lockCodes.includes(String(code)) ? exits.refused : exits.failed;
}

function errorIn(text: string): WireError | undefined {
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body !== 'object' || body === null || !('errors' in body) || !Array.isArray(body.errors))
      return undefined;
    const [first] = body.errors as unknown[];
    return typeof first === 'object' && first !== null ? first : undefined;
  } catch {
    return undefined;
  }
}

function messageOf({ code, message, detail }: WireError): string {
  // Codes of the distribution-spec have a fixed message; what was wrong with this request is their detail.
  const said = [message, typeof detail === 'string' && detail !== message ? detail : undefined]
    .filter((part) => typeof part === 'string' && part !== '')
    .join(': ');
  return cutText(said === '' ? `the registry refused with ${String(code)}` : said);
}

/** Says what answered in place of a Longshore: a proxy's page, another registry, or nothing that can be read. */
function foreignAnswer({ status, headers, redirected }: Response, { method, url }: Request, text: string): Failure {
  const { origin, host, pathname } = new URL(url);
  const exit = status === 401 || status === 403 ? exits.refused : exits.failed;
  const location = headers.get('location');
  if (redirected || (status >= 300 && status < 400))
    return new Failure(
      `${host} redirects ${method} ${pathname} to ${harmless(cutText(location ?? 'nowhere'))}, ` +
        `which longshore does not follow: give the registry's own URL with --registry`,
    );
  const type = headers.get('content-type') ?? '';
  const page =
    type.includes('html') || /^\s*<(?:!doctype|html)/i.test(text) ? 'a page of HTML' : 'no answer of Longshore';
  return new Failure(
    `${host} answered ${method} ${pathname} with ${status} and ${page}: ` +
      `a proxy may stand before the registry, or the URL ${origin} is another's; run longshore doctor ${host}`,
    exit,
  );
}

/** Makes the failure of a body that should be JSON. */
export function unreadable(request: Request): Failure {
  const { origin, host, pathname } = new URL(request.url);
  return new Failure(
    `${host} answered ${request.method} ${pathname} with something that is not JSON: ` +
      `is ${origin} a Longshore? Run longshore doctor ${host}`,
  );
}

/** The reasons for which no connection comes about, with the next step. */
const reasons: Readonly<Record<string, (host: string) => string>> = {
  ECONNREFUSED: (host) => `nothing listens at ${host}: check the address and whether the registry runs`,
  ENOTFOUND: (host) => `there is no host ${host}: check its name`,
  EAI_AGAIN: (host) => `the name ${host} cannot be looked up now: check the network`,
  ECONNRESET: (host) => `${host} ended the connection: try again, and check whether it takes http or https`,
  EHOSTUNREACH: (host) => `${host} cannot be reached: check the network`,
  ENETUNREACH: (host) => `${host} cannot be reached: check the network`,
  ETIMEDOUT: (host) => `${host} does not answer: check the address, the network and any firewall`,
  UND_ERR_CONNECT_TIMEOUT: (host) => `${host} does not answer: check the address, the network and any firewall`,
  UND_ERR_SOCKET: (host) => `${host} ended the connection: try again, and check whether it takes http or https`,
  ERR_SSL_WRONG_VERSION_NUMBER: (host) => `${host} speaks no TLS: give its URL with http://`,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: (host) => `${host} speaks no TLS: give its URL with http://`,
  HPE_INVALID_CONSTANT: (host) => `${host} does not speak HTTP there: try its URL with https://`,
};

/** Makes the failure of a request without an answer. */
export function connectionFailure(error: unknown, request: Request, seconds: number): Failure {
  const { host } = new URL(request.url);
  const name = (error as Error).name;
  if (name === 'TimeoutError')
    return new Failure(
      `${host} did not answer within ${seconds} s: try again, or allow more with --timeout`,
      exits.failed,
      { cause: error },
    );
  const code = codeIn(error);
  // The standard has a list of ports that belong to other protocols, 6000 and 10080 among them.
  if (error instanceof Error && error.cause instanceof Error && error.cause.message === 'bad port')
    return new Failure(
      `${host} is at a port that no client that follows the Fetch standard may call: give the registry another port`,
    );
  const said = reasons[code]?.(host) ?? (isOfCertificate(code) ? certificateWords(host, code) : undefined);
  return new Failure(
    said ?? `${host} cannot be asked (${harmless(code)}): run longshore doctor ${host}`,
    exits.failed,
    { cause: error },
  );
}

function isOfCertificate(code: string): boolean {
  return /CERT|SIGNATURE|ALTNAME|ISSUER/.test(code);
}

function certificateWords(host: string, code: string): string {
  return code === 'ERR_TLS_CERT_ALTNAME_INVALID'
    ? `the certificate of ${host} is for another name: check the address`
    : `the certificate of ${host} is not trusted (${code}): if its authority is your own, give its file in NODE_EXTRA_CA_CERTS`;
}

/** Returns the code of the deepest cause: fetch wraps what happened. */
function codeIn(error: unknown): string {
  let found = 'unknown';
  for (let each = error; each instanceof Error; each = each.cause) {
    const [first] = each instanceof AggregateError ? (each.errors as unknown[]) : [];
    for (const one of [each, first])
      if (one instanceof Error && 'code' in one && typeof one.code === 'string') found = one.code;
  }
  return found;
}

function cutText(text: string): string {
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}
