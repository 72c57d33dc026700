import type { AskUrl } from '../../ports/outbound.ts';
import { isLoopbackHost } from '../loopback.ts';

/** What another registry is asked with. */
export interface Login {
  readonly username: string;
  readonly password: string;
  /** Where it may be shown besides the registry itself: the host of its token service. */
  readonly realm?: string | undefined;
}

interface Asked {
  /** Of the repository. */
  readonly path: string;
  readonly login: Login | undefined;
  /** That was asked. */
  readonly host: string;
}

/** The token service of a registry that has it elsewhere. */
const usualRealms: Readonly<Record<string, string>> = { 'registry-1.docker.io': 'auth.docker.io' };

/**
 * The header that answers a registry's challenge: distribution's token flow (docs/spec/auth/token), or the login itself. A password goes to the registry and
 * its token service alone: a challenge names any URL, and would have it sent there. `undefined` where nothing answers it.
 */
export async function authorizationFor(outbound: AskUrl, challenge: string, asked: Asked): Promise<string | { readonly why: string } | undefined> {
  const { login, host } = asked;
  if (/^basic /i.test(challenge)) return login === undefined ? undefined : basic(login);
  if (!/^bearer /i.test(challenge)) return undefined;
  const said = new Map([...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, value]));
  const realm = said.get('realm');
  if (realm === undefined || !URL.canParse(realm)) return undefined;
  const url = new URL(realm);
  if (login !== undefined && !isTrusted(url, host, login)) return { why: `it wants its password shown to ${url.host}, which is not its own: name that host as "realm" of its login if it is right` };
  const token = await tokenAt(outbound, url, said.get('service'), asked);
  return token === undefined ? undefined : `Bearer ${token}`;
}

function isTrusted(realm: URL, host: string, login: Login): boolean {
  if (realm.protocol !== 'https:' && !isLoopbackHost(realm.host)) return false;
  return [host, usualRealms[host], login.realm].includes(realm.host);
}

function basic({ username, password }: Login): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

/** Whether that URL may be asked at all is the operator's word (LONGSHORE_OUTBOUND). */
async function tokenAt(outbound: AskUrl, realm: URL, service: string | undefined, { path, login }: Asked): Promise<string | undefined> {
  const url = new URL(realm);
  if (service !== undefined) url.searchParams.set('service', service);
  url.searchParams.set('scope', `repository:${path}:pull`);
  const { status, text } = await outbound.ask(url, { method: 'GET', headers: { Accept: 'application/json', ...(login === undefined ? {} : { Authorization: basic(login) }) } });
  return status === 200 ? tokenIn(text) : undefined;
}

function tokenIn(text: string): string | undefined {
  try {
    const { token, access_token: other } = JSON.parse(text) as { token?: unknown; access_token?: unknown };
    const found = token ?? other;
    return typeof found === 'string' && found.length < 20_000 ? found : undefined;
  } catch {
    return undefined;
  }
}
