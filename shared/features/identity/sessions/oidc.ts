import { createHash, randomBytes } from 'node:crypto';
import { z } from 'zod';
import { type Origin, originOf } from '../../../core/http/origin.ts';
import { StoreFailure } from '../../../core/ports/failures.ts';
import { OutboundRefused } from '../../../core/ports/outbound.ts';
import type { IssuerDocument, SignIn } from '../documents.ts';
import type { IdentifyPorts } from '../identify.ts';
import { countAgainst } from '../identify.ts';
import { satisfies } from '../issuers/conditions.ts';
import type { TrustedIssuers } from '../issuers/trusted.ts';
import { clearCookie, cookieNames, cookieOf, setCookie } from './cookies.ts';
import { SignInFailed } from './failed.ts';
import { ownPath } from './own-page.ts';
import type { Discovery, Providers } from './provider.ts';
import { sessionTimes } from './session.ts';
import type { Sessions } from './sessions.ts';

export interface SignInPorts extends IdentifyPorts {
  readonly sessions: Sessions;
  readonly providers: Providers;
  readonly trusted: TrustedIssuers;
}

/** A sign-in that is under way: the browser holds it, sealed, until the issuer sends the person back. */
const pendingSchema = z.object({
  issuer: z.string(),
  state: z.string(),
  nonce: z.string(),
  verifier: z.string(),
  to: z.string(),
  until: z.number(),
});
type Pending = z.infer<typeof pendingSchema>;

const callbackPath = '/ui/session/callback';
const maxCode = 4_096;
const maxSubjectLength = 200;

/** Sends a person to an issuer (authorization code flow with PKCE). Throws `SignInFailed` and `RegistryError`. */
export async function beginSignIn(ports: SignInPorts, request: Request, name: string): Promise<Response> {
  const origin = originOf(request, ports.settings.publicUrl);
  const { entry, signIn } = await entryOf(ports, name);
  const { authorization_endpoint: endpoint } = await discovered(ports, request, entry);
  const [state, nonce, verifier] = [secret(), secret(), secret()];
  const pending: Pending = {
    issuer: name,
    state,
    nonce,
    verifier,
    to: ownPath(new URL(request.url).searchParams.get('returnTo')),
    until: ports.clock.now().getTime() + sessionTimes.signIn,
  };
  const url = new URL(endpoint);
  const parameters = {
    response_type: 'code',
    client_id: signIn.clientId,
    redirect_uri: redirectUri(origin),
    scope: signIn.scopes ?? 'openid profile',
    state,
    nonce,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  };
  for (const [key, value] of Object.entries(parameters)) url.searchParams.set(key, value);
  const { signIn: cookie, isSecure } = cookieNames(origin);
  const sealed = await ports.sessions.keys.seal(pending, ports.sessions.placeOf('sign-in', origin));
  return new Response(null, {
    status: 302,
    headers: { Location: url.href, 'Set-Cookie': setCookie(cookie, sealed, sessionTimes.signIn / 1000, isSecure) },
  });
}

/**
 * Finishes a sign-in when the issuer has sent the person back: it must be the one that this browser began, answered by
 * the issuer that it was begun at. Throws `SignInFailed` and `RegistryError`.
 */
export async function finishSignIn(ports: SignInPorts, request: Request): Promise<Response> {
  const origin = originOf(request, ports.settings.publicUrl);
  const { searchParams } = new URL(request.url);
  const pending = await pendingOf(ports, request, origin);
  if (pending === undefined || only(searchParams, 'state') !== pending.state) {
    ports.limits?.countRefused(request);
    throw new SignInFailed(
      400,
      'This sign-in was not begun in this browser, or it has taken more than ten minutes. Begin it again.',
    );
  }
  const { entry, signIn } = await entryOf(ports, pending.issuer);
  const discovery = await discovered(ports, request, entry);
  requireIssuer(only(searchParams, 'iss'), entry, discovery);
  const code = only(searchParams, 'code');
  if (code === undefined || code.length > maxCode)
    throw new SignInFailed(
      403,
      `The issuer has not signed you in (${errorOf(searchParams)}). Begin again, or ask it why.`,
    );
  // The issuer is asked with our secret: a browser that sends made-up codes again and again is slowed first.
  ports.limits?.takeLookup(request, 'issuer');
  const claims = await reaching(ports, () =>
    ports.providers.claimsOf(entry, signIn, { ...pending, code, redirectUri: redirectUri(origin) }),
  );
  if (claims === undefined || !satisfies(claims, entry.conditions)) {
    ports.limits?.countRefused(request);
    throw new SignInFailed(
      403,
      claims === undefined
        ? 'The issuer has not confirmed this sign-in. Begin it again.'
        : `The issuer knows you, but the conditions of the trusted issuer "${entry.name}" do not let you in. Ask an administrator.`,
    );
  }
  const identity = {
    is: 'workload' as const,
    subject: `${entry.name}:${claims.sub ?? ''}`.slice(0, maxSubjectLength),
    issuers: [entry.name],
  };
  countAgainst(ports, request, identity, true);
  const { cookie } = await ports.sessions.begin(request, origin, {
    identity,
    client: { issuer: entry.name, clientId: signIn.clientId },
    name: nameIn(claims),
  });
  const headers = new Headers({ Location: pending.to });
  headers.append('Set-Cookie', cookie);
  return new Response(null, { status: 303, headers });
}

/** Makes the cookie that ends a sign-in under way, however it went: its code is used, or will never be. */
export function endedSignIn(ports: SignInPorts, request: Request): string {
  const { signIn, isSecure } = cookieNames(originOf(request, ports.settings.publicUrl));
  return clearCookie(signIn, isSecure);
}

async function entryOf({ trusted }: SignInPorts, name: string): Promise<{ entry: IssuerDocument; signIn: SignIn }> {
  const entry = (await trusted.allRecent()).find((each) => each.name === name);
  if (entry?.signIn === undefined)
    throw new SignInFailed(404, 'There is no such way to sign in. Begin again from the page of the portal.');
  return { entry, signIn: entry.signIn };
}

/** Calls an issuer only as often as strangers may have this process call somebody. */
async function discovered(ports: SignInPorts, request: Request, { issuer }: IssuerDocument): Promise<Discovery> {
  if (!ports.providers.has(issuer)) ports.limits?.takeLookup(request, 'issuer');
  return reaching(ports, () => ports.providers.discover(issuer));
}

async function reaching<T>({ log }: SignInPorts, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof OutboundRefused) && !(error instanceof StoreFailure && error.dependency === 'issuer'))
      throw error;
    log.warn({ err: error }, 'an issuer cannot be asked for a sign-in');
    throw new SignInFailed(
      503,
      'The issuer cannot be asked now. Try again, or ask an administrator: the log has the reason.',
    );
  }
}

async function pendingOf({ sessions, clock }: SignInPorts, request: Request, origin: Origin) {
  const value = cookieOf(request, cookieNames(origin).signIn);
  if (value === undefined) return undefined;
  const parsed = pendingSchema.safeParse(await sessions.keys.open(value, sessions.placeOf('sign-in', origin)));
  return parsed.success && clock.now().getTime() < parsed.data.until ? parsed.data : undefined;
}

/** RFC 9207: an answer of another issuer than the one that was asked may carry a code that it has got of that one. */
function requireIssuer(iss: string | undefined, entry: IssuerDocument, discovery: Discovery): void {
  const isRequired = discovery.authorization_response_iss_parameter_supported === true;
  if (iss === entry.issuer || (iss === undefined && !isRequired)) return;
  throw new SignInFailed(400, 'The answer comes from another issuer than the one that you chose. Begin again.');
}

/** Returns a parameter that is there once: of two nobody knows which one the issuer has sent. */
function only(parameters: URLSearchParams, name: string): string | undefined {
  const [value, ...more] = parameters.getAll(name);
  return more.length === 0 ? value : undefined;
}

function errorOf(parameters: URLSearchParams): string {
  const error = only(parameters, 'error') ?? '';
  return /^[a-z_]{1,40}$/.test(error) ? error : 'it gives no reason';
}

function nameIn(claims: Readonly<Record<string, unknown>>): string | undefined {
  const names = [claims['name'], claims['preferred_username'], claims['email']];
  return names.find((name) => typeof name === 'string' && name !== '') as string | undefined;
}

function redirectUri({ url }: Origin): string {
  return `${url}${callbackPath}`;
}

function secret(): string {
  return randomBytes(32).toString('base64url');
}
