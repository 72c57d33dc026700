import { z } from 'zod';
import { defined } from '../../../core/documents/defined.ts';
import { jsonIn } from '../../../core/oci/json.ts';
import type { AskUrl } from '../../../core/ports/outbound.ts';
import { isLoopbackHost } from '../loopback.ts';
import { parseChallenge } from './challenge.ts';

/** The credentials for another registry. */
export interface Login {
  readonly username: string;
  readonly password: string;
}

interface Asked {
  /** The path of the repository. */
  readonly path: string;
  readonly login: Login | undefined;
  /** The host of its token service, if an administrator has allowed one besides the usual. */
  readonly realm: string | undefined;
  /** The host that sent the challenge, and the protocol by which it was called. */
  readonly host: string;
  readonly protocol: string;
}

/** The token services of registries that have them on another host. */
const usualRealms: Readonly<Record<string, string>> = {
  'registry-1.docker.io': 'auth.docker.io',
  'registry.gitlab.com': 'gitlab.com',
};

/**
 * Returns the header that answers a registry's challenge: by distribution's token flow (docs/spec/auth/token), or with
 * the login itself. Only the registry itself and its token service are called: a challenge may name any URL, and would
 * have a password sent there, and the answer of that URL sent to the registry as a token. Returns `undefined` if
 * nothing answers the challenge.
 */
export async function authorizationFor(
  outbound: AskUrl,
  challenge: string,
  upstream: Asked,
): Promise<string | { readonly why: string } | undefined> {
  const { login } = upstream;
  const { scheme, parameters: said } = parseChallenge(challenge) ?? {};
  if (scheme === 'basic') return login === undefined ? undefined : basic(login);
  if (scheme !== 'bearer') return undefined;
  const realm = said?.get('realm');
  if (realm === undefined || !URL.canParse(realm)) return undefined;
  const url = new URL(realm);
  if (!isTrusted(url, upstream))
    return {
      why:
        `it requires ${login === undefined ? 'a token from' : 'the password at'} ` +
        `${url.host.slice(0, 260)}, which is another host: set that host as "realm" by PUT ` +
        `/api/v1/bases/upstreams/${upstream.host} if it is right`,
    };
  const token = await tokenAt(outbound, url, said?.get('service'), upstream);
  return token === undefined ? undefined : `Bearer ${token}`;
}

/**
 * Says whether credentials may be sent to a URL. Plain HTTP is allowed only on this machine, and only for a registry
 * that is called so itself.
 */
function isTrusted(url: URL, { host, protocol, realm }: Asked): boolean {
  const isPlain = url.protocol === 'http:' && protocol === 'http:' && isLoopbackHost(url.host);
  if (url.protocol !== 'https:' && !isPlain) return false;
  return [host, Object.hasOwn(usualRealms, host) ? usualRealms[host] : undefined, realm].includes(url.host);
}

function basic({ username, password }: Login): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

/** Fetches a token. The operator decides whether that URL may be called at all (LONGSHORE_OUTBOUND). */
async function tokenAt(
  outbound: AskUrl,
  realm: URL,
  service: string | undefined,
  { path, login }: Asked,
): Promise<string | undefined> {
  const url = new URL(realm);
  if (service !== undefined) url.searchParams.set('service', service);
  url.searchParams.set('scope', `repository:${path}:pull`);
  const { status, text } = await outbound.ask(url, {
    dependency: 'upstream',
    method: 'GET',
    headers: {
      Accept: 'application/json',
      ...defined({ Authorization: login === undefined ? undefined : basic(login) }),
    },
  });
  return status === 200 ? tokenIn(text) : undefined;
}

const someToken = z.string().max(20_000).nullish();
const tokenSchema = z.object({ token: someToken, access_token: someToken });

function tokenIn(text: string): string | undefined {
  const { token, access_token: other } = tokenSchema.safeParse(jsonIn(text)).data ?? {};
  return token ?? other ?? undefined;
}
