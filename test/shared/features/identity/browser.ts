import type { TestLongshore } from '../../../../shared/app/compose-for-test.ts';
import { rememberPeer } from '../../../../shared/core/http/peer.ts';

/** The headers that a browser sends for the portal's own requests. */
export const fromPortal = { 'sec-fetch-site': 'same-origin', 'x-longshore-portal': '1' };

interface Sent {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  readonly address?: string;
}

/** A browser at one origin: it keeps cookies, and sends them with every request. */
export class Browser {
  readonly #app: Pick<TestLongshore, 'app'>['app'];
  readonly origin: string;
  readonly cookies = new Map<string, string>();

  constructor({ app }: Pick<TestLongshore, 'app'>, origin = 'https://registry.test') {
    this.#app = app;
    this.origin = origin;
  }

  /** Sends a request as the portal does, unless `headers` say otherwise. */
  async send(path: string, { address, headers = fromPortal, ...init }: Sent = {}): Promise<Response> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const request = new Request(new URL(path, this.origin), {
      ...init,
      headers: { ...headers, ...(cookie === '' ? {} : { cookie }) },
    });
    rememberPeer(request, address);
    const answer = await this.#app.fetch(request);
    for (const set of answer.headers.getSetCookie()) this.#keep(set);
    return answer;
  }

  /** Signs in by a name and a password. */
  signIn(username: string, password: string, more: Sent = {}): Promise<Response> {
    return this.send('/ui/session', {
      method: 'POST',
      body: JSON.stringify({ username, password }),
      ...more,
      headers: { ...fromPortal, 'content-type': 'application/json', ...more.headers },
    });
  }

  /** Asks who it is; gives the status when it is refused. */
  async me(headers: Record<string, string> = fromPortal): Promise<Me | number> {
    const answer = await this.send('/api/v1/me', { headers });
    return answer.ok ? ((await answer.json()) as Me) : answer.status;
  }

  /** The kind of identity it has. */
  async kind(): Promise<string | number> {
    const me = await this.me();
    return typeof me === 'number' ? me : me.kind;
  }

  #keep(set: string): void {
    const [pair = ''] = set.split(';');
    const name = pair.slice(0, pair.indexOf('='));
    if (/Max-Age=0(;|$)/.test(set)) this.cookies.delete(name);
    else this.cookies.set(name, pair.slice(name.length + 1));
  }
}

export interface Me {
  readonly subject: string;
  readonly kind: string;
  readonly name?: string;
  readonly expiresAt?: string;
  readonly rights: readonly { readonly right: string; readonly allowed: boolean; readonly why?: string }[];
  readonly repositories: readonly { readonly pattern: string; readonly actions: readonly string[] }[];
  readonly session?: { readonly idleUntil: string; readonly until: string };
}
