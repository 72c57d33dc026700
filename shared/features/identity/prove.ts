import { defined } from '../../core/documents/defined.ts';
import { namePattern } from '../../core/rules/name.ts';
import type { Attempt, FailedAttempts } from './attempts.ts';
import type { PasswordName, TokenDocument } from './documents.ts';
import { passwordNames } from './documents.ts';
import { allGrants, grantsOfAccess } from './grants.ts';
import type { Proof } from './identity.ts';
import { administratorName } from './identity.ts';
import type { Claims, JwtPorts } from './jwt.ts';
import { verifyToken } from './jwt.ts';
import { hashMadePassword, isFastHash, isMadePassword, nobody, sameHash } from './password.ts';
import type { IdentityPorts, IdentitySettings } from './ports.ts';
import type { ProvenCredentials } from './proven.ts';
import { administratorId, grantsOf, isPasswordGood, scopeMapGrants } from './resolve.ts';
import type { SlowHashes } from './slow-hashes.ts';
import type { TokenDocuments } from './token-documents.ts';

/** The user of clients that send a token of ours as the password (`az acr login`). */
const tokenUser = '00000000-0000-0000-0000-000000000000';

export interface ProvePorts extends IdentityPorts, JwtPorts {
  readonly settings: IdentitySettings;
  readonly attempts: FailedAttempts;
  readonly proven: ProvenCredentials;
  readonly slowHashes: SlowHashes;
  readonly tokens: TokenDocuments;
}

export interface Login {
  readonly user: string;
  readonly password: string;
  /** The address that it came from, where that is known. */
  readonly address: string | undefined;
  /** The host whose tokens count. */
  readonly host: string;
  /** Called before a store is read for a caller of whom nothing is known; throws when strangers have asked enough. */
  readonly beforeStore: () => void;
}

/**
 * Proves a user and a password; `undefined` when they are wrong, and nothing tells why. A proof of this instance is not
 * made again within a minute. Throws `RegistryError` (`too-many-requests`) for failures that come too fast, and
 * `StoreFailure`.
 */
export async function proveLogin(ports: ProvePorts, login: Login): Promise<Proof | undefined> {
  const { user, password, host } = login;
  // Only a password that somebody may have chosen can be guessed.
  const isGuessable = user === administratorName;
  const attempt: Attempt = {
    kind: isGuessable ? 'administrator' : 'token',
    name: namePattern.test(user) ? user : 'no name',
    address: login.address,
  };
  if (isGuessable) ports.attempts.requireTurn(attempt);
  const proof = await ports.proven.prove(JSON.stringify([user, password]), host, 'documents', () =>
    prove(ports, login, attempt),
  );
  if (proof !== undefined && isGuessable) ports.attempts.welcome(attempt);
  else if (proof !== undefined) ports.attempts.succeeded(attempt);
  return proof;
}

async function prove(ports: ProvePorts, login: Login, attempt: Attempt): Promise<Proof | undefined> {
  // A signed token cannot be guessed, and its user is everyone's: slowing that user down would lock everyone out.
  if (login.user === tokenUser) return proveToken(ports, login.password, login.host);
  if (login.user === administratorName) return proveAdministrator(ports, login.password, attempt);
  return proveNamedToken(ports, login, attempt);
}

/**
 * Proves a token. A refresh token stands for its identity, an access token for no more than it was issued for. `only`
 * refuses the other kind.
 */
export async function proveToken(
  ports: ProvePorts,
  token: string,
  host: string,
  only?: Claims['grant_type'],
): Promise<Proof | undefined> {
  const claims = await verifyToken(ports, token, host);
  if (claims === undefined || (only !== undefined && claims.grant_type !== only)) return undefined;
  const identity = claims.longshore;
  const until = claims.exp * 1000;
  if (claims.grant_type === 'access_token') return { identity, ...accessOf(claims), until, narrowed: true };
  const grants = await grantsOf(ports, ports.settings, identity, new Date(claims.iat * 1000));
  return grants === undefined ? undefined : { identity, grants, until };
}

function accessOf({ access = [], listing, held = [] }: Claims): Pick<Proof, 'grants' | 'withoutCatalog'> {
  const ofHeld = held.map((name) => ({ type: 'repository', name, actions: ['quarantine_read'] }));
  const grants = { ...grantsOfAccess([...access, ...ofHeld]), listing: listing ?? [] };
  return grants.catalog || listing !== undefined ? { grants } : { grants, withoutCatalog: true };
}

async function proveAdministrator(
  { settings: { administrator }, slowHashes }: ProvePorts,
  password: string,
  attempt: Attempt,
): Promise<Proof | undefined> {
  // The hash is computed where there is no administrator too: the time that the answer takes must not tell.
  const { salt, hash } = administrator ?? nobody;
  const found = await slowHashes.find([hash], salt, password, attempt);
  if (found === undefined || administrator === undefined) return undefined;
  return { identity: { is: 'administrator', passwordId: administratorId(administrator) }, grants: allGrants };
}

/**
 * Proves a named token. 256 random bits are not guessed: a right password never waits for the wrong ones, which are
 * counted all the same.
 */
async function proveNamedToken(
  ports: ProvePorts,
  { user, password, beforeStore }: Login,
  attempt: Attempt,
): Promise<Proof | undefined> {
  const { tokens, attempts, clock, documents, settings } = ports;
  if (!namePattern.test(user) || !isMadePassword(password)) return wrong(attempts, attempt);
  const recent = tokens.recent(user);
  if (recent !== undefined && !mayBeRight(recent.document, password)) return wrong(attempts, attempt);
  if (!tokens.has(user)) beforeStore();
  const token = await tokens.read(user);
  if (token === undefined || !mayBeRight(token, password)) return wrong(attempts, attempt);
  const matching = matchingByFastHash(token, password) ?? (await matchingBySlowHash(ports, token, password, attempt));
  if (matching === undefined) return undefined;
  const name = matching.find((each) => isPasswordGood(token, each, clock.now()));
  const kept = name === undefined ? undefined : token.passwords[name];
  if (name === undefined || kept === undefined) return wrong(attempts, attempt);
  const grants = await scopeMapGrants(documents, settings.registry, token.scopeMap);
  return {
    identity: { is: 'token', name: token.name, password: name, passwordId: kept.id },
    grants,
    ...defined({ until: kept.expiresAt === undefined ? undefined : Date.parse(kept.expiresAt) }),
  };
}

/** Counts a failure; throws `RegistryError` (`too-many-requests`) for one that came too early. */
function wrong(attempts: FailedAttempts, attempt: Attempt): Proof | undefined {
  attempts.failed(attempt);
  return undefined;
}

/** Says whether a password may be right. Passwords of earlier versions are known by scrypt alone. */
function mayBeRight(token: TokenDocument | undefined, password: string): boolean {
  return token !== undefined && (slowHashesOf(token).length > 0 || matchingByFastHash(token, password) !== undefined);
}

function matchingByFastHash(token: TokenDocument, password: string): PasswordName[] | undefined {
  const hash = hashMadePassword(password, token.salt);
  const matching = passwordNames.filter((name) => sameHash(hash, token.passwords[name]?.hash ?? nobody.hash));
  return matching.length === 0 ? undefined : matching;
}

/** Finds the password by scrypt; `undefined` when there is none, and that is counted. */
async function matchingBySlowHash(
  { slowHashes }: ProvePorts,
  token: TokenDocument,
  password: string,
  attempt: Attempt,
): Promise<PasswordName[] | undefined> {
  const right = await slowHashes.find(slowHashesOf(token), token.salt, password, attempt);
  return right === undefined ? undefined : passwordNames.filter((name) => token.passwords[name]?.hash === right);
}

function slowHashesOf(token: TokenDocument): string[] {
  return passwordNames.flatMap((name) => token.passwords[name]?.hash ?? []).filter((hash) => !isFastHash(hash));
}
