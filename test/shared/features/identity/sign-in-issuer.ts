import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { LocalIssuer } from './issuer.ts';
import { startIssuer } from './issuer.ts';

export interface SignInIssuer {
  readonly issuer: LocalIssuer;
  readonly clientId: string;
  readonly clientSecret: string;
  /** The claims that its next tokens have in place of good ones. */
  claims: Record<string, unknown>;
  /** The parameters of its answers to browsers in place of good ones; `undefined` omits a parameter. */
  answer: Record<string, string | undefined>;
  /** Discovery's further properties. */
  discovery(more: object): void;
  /** The forms that its token endpoint got. */
  readonly exchanged: URLSearchParams[];
  stop(): void;
}

interface Granted {
  readonly challenge: string;
  readonly nonce: string;
  readonly redirectUri: string;
}

/**
 * An OIDC issuer on this machine that signs everybody in at once: authorization code flow with PKCE, each code once, for
 * one client with a secret.
 */
export async function startSignInIssuer(now: () => Date): Promise<SignInIssuer> {
  const issuer = await startIssuer(now);
  const codes = new Map<string, Granted>();
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    if (url.pathname === '/authorize') authorize(url.searchParams, response);
    else void token(request, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const made: SignInIssuer = {
    issuer,
    clientId: 'longshore-portal',
    clientSecret: 'a secret: 100% + more',
    claims: {},
    answer: {},
    exchanged: [],
    discovery(more) {
      const { url } = issuer;
      const own = { authorization_endpoint: `${base}/authorize`, token_endpoint: `${base}/token` };
      issuer.fault = { discovery: { issuer: url, jwks_uri: `${url}/keys`, ...own, ...more } };
    },
    stop() {
      issuer.stop();
      server.close();
      server.closeAllConnections();
    },
  };
  made.discovery({});
  return made;

  function authorize(asked: URLSearchParams, response: ServerResponse): void {
    const redirectUri = asked.get('redirect_uri') ?? '';
    const code = randomUUID();
    codes.set(code, {
      challenge: asked.get('code_challenge') ?? '',
      nonce: asked.get('nonce') ?? '',
      redirectUri,
    });
    const back = new URL(redirectUri);
    const answer: SignInIssuer['answer'] = { code, state: asked.get('state') ?? '', iss: issuer.url, ...made.answer };
    for (const [name, value] of Object.entries(answer)) if (value !== undefined) back.searchParams.set(name, value);
    response.writeHead(302, { location: back.href }).end();
  }

  async function token(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    for await (const chunk of request) text += String(chunk);
    const form = new URLSearchParams(text);
    made.exchanged.push(form);
    const granted = codes.get(form.get('code') ?? '');
    codes.delete(form.get('code') ?? '');
    const isRight =
      granted !== undefined &&
      request.headers.authorization === basicOf(made) &&
      form.get('redirect_uri') === granted.redirectUri &&
      createHash('sha256')
        .update(form.get('code_verifier') ?? '')
        .digest('base64url') === granted.challenge;
    const answer = isRight
      ? {
          id_token: await issuer.token({
            aud: made.clientId,
            sub: 'ada',
            name: 'Ada',
            nonce: granted.nonce,
            ...made.claims,
          }),
        }
      : { error: 'invalid_grant' };
    response.writeHead(isRight ? 200 : 400, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  }
}

function basicOf({ clientId, clientSecret }: SignInIssuer): string {
  const encoded = [clientId, clientSecret].map((each) => encodeURIComponent(each).replaceAll('%20', '+')).join(':');
  return `Basic ${Buffer.from(encoded).toString('base64')}`;
}

/** The entry that trusts it, as the management API takes one. */
export function trusting({ issuer, clientId, clientSecret }: SignInIssuer, scopeMap = '_repositories_admin'): object {
  return {
    issuer: issuer.url,
    audience: 'longshore',
    conditions: [{ claim: 'sub', is: 'ada' }],
    scopeMap,
    signIn: { clientId, clientSecret, displayName: 'The local issuer' },
  };
}
