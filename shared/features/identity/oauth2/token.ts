import { defined } from '../../../core/documents/defined.ts';
import { originOf } from '../../../core/http/origin.ts';
import { RegistryError } from '../../../core/oci/faults.ts';
import { isRepositoryName } from '../../../core/oci/name.ts';
import { parseCredentials } from '../credentials.ts';
import type { Grants, ResourceActions } from '../grants.ts';
import { intersect, permits, readable } from '../grants.ts';
import type { IdentifyPorts } from '../identify.ts';
import { countAgainst, loginOf } from '../identify.ts';
import type { Proof } from '../identity.ts';
import { issueToken } from '../jwt.ts';
import { lifetimes } from '../lifetimes.ts';
import type { RepositoryPattern } from '../pattern.ts';
import { proveLogin, proveToken } from '../prove.ts';
import { parseScopes } from '../scope.ts';
import { readForm, requireField, requireService } from './form.ts';

/** One request for a token, whichever way it came. */
interface TokenRequest {
  readonly request: Request;
  readonly host: string;
  readonly asked: readonly ResourceActions[];
  /** True when a refresh token is requested too, which a client keeps instead of the password. */
  readonly offline: boolean;
}

/**
 * Answers `GET /oauth2/token` (Docker token specification): Basic or no credentials, `service`, `scope` (repeatable),
 * `offline_token`.
 */
export async function tokenByQuery(ports: IdentifyPorts, request: Request): Promise<object> {
  const { searchParams } = new URL(request.url);
  const { host } = originOf(request, ports.settings.publicUrl);
  requireService(searchParams, host);
  const asked = parseScopes(searchParams.getAll('scope'));
  const proof = await countingRefusals(ports, request, host, () => proofOfHeader(ports, request, host));
  const { tokens, expiresAt } = await issueTokens(ports, proof, {
    request,
    host,
    asked,
    offline: searchParams.get('offline_token') === 'true',
  });
  const now = ports.clock.now();
  // This is the specification's name for it beside ACR's; without `expires_in` docker assumes a minute.
  return {
    token: tokens.access_token,
    ...tokens,
    expires_in: Math.floor((expiresAt - now.getTime()) / 1000),
    issued_at: now.toISOString(),
  };
}

/**
 * Answers `POST /oauth2/token`: `grant_type=refresh_token` or `password`, the latter for everyone if it has no user and
 * password.
 */
export async function tokenByForm(ports: IdentifyPorts, request: Request): Promise<object> {
  const form = await readForm(request);
  const { host } = originOf(request, ports.settings.publicUrl);
  requireService(form, host);
  const asked = parseScopes(form.getAll('scope'));
  const proof = await countingRefusals(ports, request, host, () => proofOfForm(ports, request, form, host));
  return (await issueTokens(ports, proof, { request, host, asked, offline: form.get('access_type') === 'offline' }))
    .tokens;
}

/**
 * Returns the caller's proof. Throws `RegistryError` (`unauthorized`) when there is none, and counts that against the
 * address.
 */
async function countingRefusals(
  ports: IdentifyPorts,
  request: Request,
  host: string,
  prove: () => Promise<Proof | undefined>,
): Promise<Proof> {
  const proof = await prove();
  if (proof !== undefined) return proof;
  ports.limits?.countRefused(request);
  throw refused(host);
}

async function proofOfHeader(ports: IdentifyPorts, request: Request, host: string): Promise<Proof | undefined> {
  const header = request.headers.get('authorization');
  if (header === null) return nobody(ports);
  const credentials = parseCredentials(header);
  return credentials?.scheme === 'Basic' ? proveLogin(ports, loginOf(ports, request, credentials, host)) : undefined;
}

async function proofOfForm(
  ports: IdentifyPorts,
  request: Request,
  form: URLSearchParams,
  host: string,
): Promise<Proof | undefined> {
  const grantType = requireField(form, 'grant_type');
  if (grantType === 'refresh_token')
    return proveToken(ports, requireField(form, 'refresh_token'), host, 'refresh_token');
  if (grantType !== 'password')
    throw new RegistryError({ is: 'request-invalid', why: 'grant_type must be refresh_token or password' });
  const [user, password] = [form.get('username') ?? '', form.get('password') ?? ''];
  if (user === '' && password === '') return nobody(ports);
  return proveLogin(ports, loginOf(ports, request, { user, password }, host));
}

async function nobody(ports: IdentifyPorts): Promise<Proof> {
  return { identity: { is: 'anonymous' }, grants: await ports.anonymous.read() };
}

function refused(host: string): RegistryError {
  return new RegistryError({ is: 'unauthorized', needed: [], challenge: { scheme: 'Basic', realm: host } });
}

interface Issued {
  readonly tokens: { readonly access_token: string; readonly refresh_token?: string };
  /** The end of the access token, in milliseconds since 1970. */
  readonly expiresAt: number;
}

/**
 * Issues access to what was requested and is granted, and no more. A caller who gets nothing is not asked to log in.
 */
async function issueTokens(
  ports: IdentifyPorts,
  proof: Proof,
  { request, host, asked, offline }: TokenRequest,
): Promise<Issued> {
  const access = intersect(proof.grants, asked);
  const listing = listingFor(proof.grants, asked);
  const { identity } = proof;
  const isServed = identity.is !== 'anonymous' || access.length > 0 || (listing ?? []).length > 0;
  countAgainst(ports, request, identity, isServed);
  if (!isServed) throw refused(host);
  const until = (lifetimeMs: number) => Math.min(ports.clock.now().getTime() + lifetimeMs, proof.until ?? Infinity);
  const expiresAt = until(lifetimes.access);
  const accessToken = await issueToken(ports, {
    identity,
    host,
    access,
    ...defined({ listing, held: heldFor(proof.grants, access) }),
    expiresAt,
  });
  if (!offline || identity.is === 'anonymous' || proof.narrowed === true)
    return { tokens: { access_token: accessToken }, expiresAt };
  const refreshToken = await issueToken(ports, { identity, host, expiresAt: until(lifetimes.offline) });
  return { tokens: { access_token: accessToken, refresh_token: refreshToken }, expiresAt };
}

/**
 * Returns the repositories of which a caller may pull what is held, by its own rights. Signers, docker and buildx ask
 * for tokens of `pull` alone when they read what they have just pushed, so the token's scope cannot say it.
 */
function heldFor(grants: Grants, access: readonly ResourceActions[]): string[] | undefined {
  const may = (name: string, action: 'push' | 'quarantine_read') =>
    isRepositoryName(name) && permits(grants, { type: 'repository', name, action });
  const names = access
    .filter(({ type, actions }) => type === 'repository' && actions.includes('pull'))
    .filter(({ actions }) => !actions.includes('push') && !actions.includes('quarantine_read'))
    .map(({ name }) => name)
    .filter((name) => may(name, 'push') || may(name, 'quarantine_read'));
  return names.length === 0 ? undefined : names;
}

/** The characters of a listing: a token travels in a header of at most 16 KiB. */
const maxListing = 4_000;

/**
 * Returns the part of the catalog that a caller sees who asked for it and may not see the whole; it is cut off where it
 * is too long for a token.
 */
function listingFor(grants: Grants, asked: readonly ResourceActions[]): RepositoryPattern[] | undefined {
  const wanted = asked.some(
    ({ type, name, actions }) => type === 'registry' && name === 'catalog' && actions.includes('*'),
  );
  if (!wanted || grants.catalog) return undefined;
  let length = 0;
  return readable(grants).filter((pattern) => (length += pattern.length) <= maxListing);
}
