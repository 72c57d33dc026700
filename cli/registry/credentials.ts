import { Failure } from '../failure.ts';
import { dockerLogin } from '../kept/docker.ts';
import type { Login } from '../kept/logins.ts';
import { hostOf, Logins } from '../kept/logins.ts';
import type { World } from '../world.ts';

/** The proof of who asks, and where it comes from. */
export type Credentials =
  | { readonly is: 'access'; readonly token: string }
  | { readonly is: 'refresh'; readonly token: string; readonly endsAt?: Date }
  | { readonly is: 'password'; readonly user: string; readonly password: string };

/** The user with whom ACR's clients send a refresh token as a password. */
const tokenUsers = ['<token>', '00000000-0000-0000-0000-000000000000'];

/** Returns what a login proves itself by. */
export function credentialsOf({ username, secret }: Login): Credentials {
  if (!tokenUsers.includes(username)) return { is: 'password', user: username, password: secret };
  const endsAt = endOf(secret);
  return { is: 'refresh', token: secret, ...(endsAt === undefined ? {} : { endsAt }) };
}

/** Returns the end that a JWT names, unverified: the registry alone decides whether it is good. */
export function endOf(jwt: string): Date | undefined {
  const { exp } = claimsOf(jwt);
  return typeof exp === 'number' ? new Date(exp * 1000) : undefined;
}

/** Returns the claims of a JWT, unverified; none where the text is no JWT. */
function claimsOf(jwt: string): Readonly<Record<string, unknown>> {
  try {
    const claims: unknown = JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString('utf8'));
    return typeof claims === 'object' && claims !== null ? (claims as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/**
 * Finds the credentials for a registry: those of the environment, which are meant for the registry that the environment
 * or `--registry` names and for no other; those of `longshore login`; those of docker's configuration.
 */
export async function findCredentials(
  world: World,
  origin: string,
  isNamed: boolean,
): Promise<Credentials | undefined> {
  if (isNamed) {
    const found = fromEnvironment(world);
    if (found !== undefined) return found;
  }
  const host = hostOf(origin);
  const login = (await new Logins(world).find(host)) ?? (await dockerLogin(world, host));
  if (login === undefined) return undefined;
  const credentials = credentialsOf(login);
  if (credentials.is === 'refresh' && credentials.endsAt !== undefined && credentials.endsAt <= world.now())
    throw new Failure(
      `the login for ${host} ended on ${credentials.endsAt.toISOString()}: run longshore login ${host}`,
      3,
    );
  return credentials;
}

/** Returns the credentials of the environment. */
function fromEnvironment({ env }: Pick<World, 'env'>): Credentials | undefined {
  const { LONGSHORE_TOKEN: token = '', LONGSHORE_USERNAME: user = '', LONGSHORE_PASSWORD: password = '' } = env;
  if (token !== '') {
    const isRefresh = claimsOf(token)['grant_type'] === 'refresh_token';
    return isRefresh ? { is: 'refresh', token } : { is: 'access', token };
  }
  return user !== '' && password !== '' ? { is: 'password', user, password } : undefined;
}
