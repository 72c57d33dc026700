import { z } from 'zod';
import { maxStrangersBody } from '../../../core/http/held-bodies.ts';
import { originOf } from '../../../core/http/origin.ts';
import { parseBody } from '../../../core/http/parse-body.ts';
import { readSmallBody } from '../../../core/http/request.ts';
import { errorResponse } from '../../../core/http/respond.ts';
import { RegistryError } from '../../../core/oci/faults.ts';
import { parseJson } from '../../../core/oci/json.ts';
import { countAgainst, loginOf } from '../identify.ts';
import type { Proof } from '../identity.ts';
import { actorOf } from '../identity.ts';
import { proveLogin } from '../prove.ts';
import { clearCookie, cookieNames } from './cookies.ts';
import { failedPage, SignInFailed } from './failed.ts';
import type { SignInPorts } from './oidc.ts';
import { beginSignIn, endedSignIn, finishSignIn } from './oidc.ts';
import { isFromOwnPage, isFromPortal, portalPath } from './own-page.ts';

const loginSchema = z.strictObject({
  username: z.string().min(1).max(200),
  password: z.string().min(1).max(16_384),
});

/** No page may frame these, no cache may keep them, and none of their addresses goes to another site. */
const headersOfAll = {
  'Cache-Control': 'no-store',
  Vary: 'Cookie',
  'Content-Security-Policy': "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'X-Frame-Options': 'DENY',
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
} as const;

/**
 * Answers `/ui/session` and what is below it: how people sign in to the portal and out again. `ports` are absent where
 * everyone may do everything, and there is nothing to sign in to.
 */
export function respondSession(ports: SignInPorts | undefined, log: SignInPorts['log']) {
  return async (request: Request): Promise<Response> => {
    const answer = await answered(ports, log, request);
    for (const [name, value] of Object.entries(headersOfAll)) answer.headers.set(name, value);
    return answer;
  };
}

async function answered(ports: SignInPorts | undefined, log: SignInPorts['log'], request: Request): Promise<Response> {
  const { pathname } = new URL(request.url);
  try {
    return await (ports === undefined ? whereOpen(request, pathname) : route(ports, request, pathname));
  } catch (error) {
    return error instanceof SignInFailed ? failedPage(error) : errorResponse(error, log, 'api');
  }
}

const session = '/ui/session';
const oidc = `${session}/oidc/`;

async function route(ports: SignInPorts, request: Request, path: string): Promise<Response> {
  const { method } = request;
  if (path === session && method === 'POST') return signIn(ports, request);
  if (path === session && method === 'DELETE') return signOut(ports, request);
  if (path === session) throw new RegistryError({ is: 'method-not-allowed', allow: ['POST', 'DELETE'] });
  const isKnown = path === `${session}/issuers` || path === `${session}/callback` || path.startsWith(oidc);
  if (!isKnown) throw new RegistryError({ is: 'route-unknown', path });
  if (method !== 'GET') throw new RegistryError({ is: 'method-not-allowed', allow: ['GET'] });
  if (path === `${session}/issuers`) return issuers(ports);
  if (path !== `${session}/callback`) return beginSignIn(ports, request, nameIn(path));
  const cookie = endedSignIn(ports, request);
  const answer = await finishSignIn(ports, request).catch((error: unknown) =>
    error instanceof SignInFailed ? failedPage(error) : errorResponse(error, ports.log, 'api'),
  );
  answer.headers.append('Set-Cookie', cookie);
  return answer;
}

function nameIn(path: string): string {
  try {
    return decodeURIComponent(path.slice(oidc.length));
  } catch {
    return '';
  }
}

async function issuers({ trusted, settings }: SignInPorts): Promise<Response> {
  const items = (await trusted.allRecent())
    .filter((entry) => entry.signIn !== undefined)
    .map(({ name, signIn: way }) => ({
      name,
      displayName: way?.displayName ?? name,
      url: `${oidc}${encodeURIComponent(name)}`,
    }))
    .toSorted((one, other) => one.displayName.localeCompare(other.displayName));
  return Response.json({ open: false, password: true, admin: settings.administrator !== undefined, items });
}

/**
 * Signs in by a name and a password, through the same proof and the same limits as `docker login`. Throws
 * `RegistryError`.
 */
async function signIn(ports: SignInPorts, request: Request): Promise<Response> {
  const origin = originOf(request, ports.settings.publicUrl);
  // Another site's form would sign people in as somebody else, who then sees what they do.
  requireOwnPage(isFromOwnPage(request, origin));
  requireVouching(request, origin.url);
  const isForm = request.headers.get('content-type')?.startsWith('application/x-www-form-urlencoded') === true;
  const text = Buffer.from(await readSmallBody(request, 'sign-in', maxStrangersBody)).toString();
  const { username, password } = parseBody(loginSchema, isForm ? formOf(text) : jsonOf(text));
  const proof = await proveLogin(ports, loginOf(ports, request, { user: username, password }, origin.host));
  if (proof === undefined || !isOwnPassword(proof, username)) {
    ports.limits?.countRefused(request);
    throw new RegistryError({ is: 'unauthorized', needed: [], why: 'invalid_token' });
  }
  const { identity, until } = proof;
  countAgainst(ports, request, identity, true);
  const begun = await ports.sessions.begin(request, origin, { identity, until });
  const times = {
    idleUntil: new Date(begun.session.idleUntil).toISOString(),
    until: new Date(begun.session.until).toISOString(),
  };
  const answer = isForm
    ? new Response(null, { status: 303, headers: { Location: portalPath } })
    : Response.json(times, { status: 201 });
  answer.headers.append('Set-Cookie', begun.cookie);
  return answer;
}

/**
 * Says whether the password is that of the name itself. One of ACR's users sends a token of ours as its password: its
 * session would outlive that token, and have rights that an access token has not.
 */
function isOwnPassword({ identity, narrowed }: Proof, username: string): boolean {
  const isNamed = identity.is === 'administrator' || identity.is === 'token';
  return isNamed && actorOf(identity) === username && narrowed !== true;
}

/** Signs out: the cookie goes, and every copy of it is worth nothing. Throws `RegistryError` and `StoreFailure`. */
async function signOut(ports: SignInPorts, request: Request): Promise<Response> {
  const origin = originOf(request, ports.settings.publicUrl);
  requireOwnPage(isFromPortal(request, origin));
  await ports.sessions.end(request, origin);
  const { session: name, isSecure } = cookieNames(origin);
  return new Response(null, { status: 204, headers: { 'Set-Cookie': clearCookie(name, isSecure) } });
}

function requireOwnPage(isOwn: boolean): void {
  if (!isOwn)
    throw new RegistryError({
      is: 'denied',
      why: 'only a page of this registry may sign in or out: open /ui/ here, and do it there',
    });
}

/** Without https a browser vouches for nothing but its own machine: the session would never be accepted. */
function requireVouching({ headers }: Request, url: string): void {
  if (headers.get('sec-fetch-site') === null && url.startsWith('http:'))
    throw new RegistryError({
      is: 'denied',
      why:
        'this browser does not say where requests come from, for the connection is not encrypted: open the portal ' +
        'by https, or on the machine itself by http://127.0.0.1',
    });
}

function formOf(text: string): unknown {
  return Object.fromEntries(new URLSearchParams(text));
}

function jsonOf(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    throw new RegistryError({ is: 'request-invalid', code: 'malformedBody', why: 'the body is not JSON' });
  }
}

/** Says that there is no sign-in where everyone may do everything. Throws `RegistryError`. */
function whereOpen({ method }: Request, path: string): Promise<Response> {
  if (path === `${session}/issuers` && method === 'GET')
    return Promise.resolve(Response.json({ open: true, password: false, admin: false, items: [] }));
  if (path === session && method === 'DELETE') return Promise.resolve(new Response(null, { status: 204 }));
  if (path === session && method === 'POST')
    throw new RegistryError({
      is: 'conflict',
      code: 'conflict',
      why: 'everyone may do everything here, so there is no sign-in: start with LONGSHORE_AUTH=required to have one',
    });
  throw new RegistryError({ is: 'route-unknown', path });
}
