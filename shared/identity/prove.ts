import { readStored } from '../state/stored.ts';
import type { Attempt, FailedAttempts } from './attempts.ts';
import { namedRef, namePattern, passwordNames, tokenDocumentSchema } from './documents.ts';
import type { TokenDocument } from './documents.ts';
import { allGrants, grantsOfAccess } from './grants.ts';
import { administratorName } from './identity.ts';
import type { Proof } from './identity.ts';
import { verifyToken } from './jwt.ts';
import type { Claims, JwtPorts } from './jwt.ts';
import { hashPassword, nobody, sameHash } from './password.ts';
import type { IdentityPorts, IdentitySettings } from './ports.ts';
import { administratorId, grantsOf, isPasswordGood, scopeMapGrants } from './resolve.ts';

/** The user of whoever gives a token of ours as the password (`az acr login`). */
export const tokenUser = '00000000-0000-0000-0000-000000000000';

export interface ProvePorts extends IdentityPorts, JwtPorts {
  readonly settings: IdentitySettings;
  readonly attempts: FailedAttempts;
}

export interface Login {
  readonly user: string;
  readonly password: string;
  /** Where it came from, where that is known. */
  readonly address: string | undefined;
  /** Which host's tokens count. */
  readonly host: string;
}

/**
 * Who a user and a password belong to; `undefined` when to nobody, and nothing tells why. Throws `RegistryError`
 * (`too-many-requests`) for tries that come too fast, and `StoreFailure`.
 */
export async function proveLogin(ports: ProvePorts, login: Login): Promise<Proof | undefined> {
  // A signed token cannot be guessed, and its user is everyone's: slowing that user down would lock everyone out.
  if (login.user === tokenUser) return proveToken(ports, login.password, login.host);
  const attempt: Attempt = { identity: namePattern.test(login.user) ? login.user : 'no name', address: login.address };
  ports.attempts.begin(attempt);
  try {
    const proof = await provePassword(ports, login);
    if (proof !== undefined) ports.attempts.succeeded(attempt);
    return proof;
  } catch (error) {
    ports.attempts.undecided(attempt);
    throw error;
  }
}

/** A refresh token stands for its identity, an access token for no more than it was issued for. `only` refuses the other kind. */
export async function proveToken(ports: ProvePorts, token: string, host: string, only?: Claims['grant_type']): Promise<Proof | undefined> {
  const claims = await verifyToken(ports, token, host);
  if (claims === undefined || (only !== undefined && claims.grant_type !== only)) return undefined;
  const identity = claims.longshore;
  const until = claims.exp * 1000;
  if (claims.grant_type === 'access_token') return { identity, ...accessOf(claims), until, narrowed: true };
  const grants = await grantsOf(ports, ports.settings, identity);
  return grants === undefined ? undefined : { identity, grants, until };
}

function accessOf({ access = [], listing }: Claims): Pick<Proof, 'grants' | 'withoutCatalog'> {
  const grants = { ...grantsOfAccess(access), listing: listing ?? [] };
  return grants.catalog || listing !== undefined ? { grants } : { grants, withoutCatalog: true };
}

async function provePassword(ports: ProvePorts, { user, password }: Login): Promise<Proof | undefined> {
  if (user === administratorName) return proveAdministrator(ports.settings, password);
  const { registry } = ports.settings;
  const token = namePattern.test(user) ? (await readStored(ports.documents, tokenDocumentSchema, namedRef(registry, 'token', user)))?.document : undefined;
  // Also for a name that nobody has: the time that the answer takes must not tell which names there are.
  const hash = await hashPassword(password, token?.salt ?? nobody.salt);
  if (token === undefined) return undefined;
  return proveNamedToken(ports, token, hash);
}

async function proveAdministrator({ administrator }: IdentitySettings, password: string): Promise<Proof | undefined> {
  const { salt, hash } = administrator ?? nobody;
  const right = sameHash(await hashPassword(password, salt), hash);
  if (!right || administrator === undefined) return undefined;
  return { identity: { is: 'administrator', passwordId: administratorId(administrator) }, grants: allGrants };
}

async function proveNamedToken({ documents, clock, settings }: ProvePorts, token: TokenDocument, hash: string): Promise<Proof | undefined> {
  const matching = passwordNames.filter((name) => sameHash(hash, token.passwords[name]?.hash ?? nobody.hash));
  const name = matching.find((each) => isPasswordGood(token, each, clock.now()));
  const password = name === undefined ? undefined : token.passwords[name];
  if (name === undefined || password === undefined) return undefined;
  const grants = await scopeMapGrants(documents, settings.registry, token.scopeMap);
  return { identity: { is: 'token', name: token.name, password: name, passwordId: password.id }, grants, ...(password.expiresAt === undefined ? {} : { until: Date.parse(password.expiresAt) }) };
}
