import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { HttpClient } from '@azure/core-rest-pipeline';
import type { TokenCredential } from '@azure/identity';
import { SecretStore } from '../../shared/adapters/memory/secrets.ts';
import type { Secret } from '../../shared/core/ports/secrets.ts';
import { ledTo } from './led-to.ts';

/** The vault's URL for the SDK, whose requests are led to the stand-in. */
export const vault = 'https://contract.vault.azure.net';
const tenant = '11111111-2222-3333-4444-555555555555';

export interface KeyVault {
  readonly store: SecretStore;
  readonly url: string;
  readonly credential: TokenCredential;
  readonly httpClient: HttpClient;
  /** The scopes that tokens were asked for, in their order. */
  readonly scopes: readonly string[];
  /** Requests that came with a token, as `GET /secrets/a/`. */
  readonly requests: readonly string[];
  /** The next `times` requests with a token get this answer. */
  answerNext(status: number, headers?: Record<string, string>, body?: string, times?: number): void;
  /** The resource that challenges name from now on. */
  challengeWith(resource: string): void;
  stop(): Promise<void>;
}

/**
 * Key Vault's protocol for secrets (https://learn.microsoft.com/rest/api/keyvault/secrets): challenge, api-version,
 * versions, error codes.
 */
export async function startKeyVault(): Promise<KeyVault> {
  const store = new SecretStore();
  const [scopes, requests]: [string[], string[]] = [[], []];
  const planned: { status: number; headers: Record<string, string>; body: string }[] = [];
  let resource = 'https://vault.azure.net';
  const server = createServer((request, response) => {
    if (request.headers.authorization !== `Bearer ${tokenOf('https://vault.azure.net/.default')}`) {
      challenge(response, resource);
      return;
    }
    requests.push(`${request.method ?? ''} ${(request.url ?? '').split('?')[0] ?? ''}`);
    const fault = planned.shift();
    if (fault !== undefined) return void response.writeHead(fault.status, fault.headers).end(fault.body);
    void answer(store, request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    store,
    url,
    scopes,
    requests,
    credential: {
      getToken: (scope) => {
        scopes.push(String(scope));
        return Promise.resolve({ token: tokenOf(String(scope)), expiresOnTimestamp: Date.now() + 3_600_000 });
      },
    },
    httpClient: ledTo(vault, url),
    answerNext: (status, headers = {}, body = '', times = 1) =>
      void planned.push(...Array.from({ length: times }, () => ({ status, headers, body }))),
    challengeWith: (next) => {
      resource = next;
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function tokenOf(scope: string): string {
  return `token-for-${scope}`;
}

function challenge(response: ServerResponse, resource: string): void {
  response.writeHead(401, {
    'WWW-Authenticate': `Bearer authorization="https://login.microsoftonline.com/${tenant}", resource="${resource}"`,
  });
  send(response, { error: { code: 'Unauthorized', message: 'AKV10000: Request is missing a Bearer or PoP token.' } });
}

async function answer(store: SecretStore, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? '', vault);
  const [, secrets, name = '', version] = pathname.split('/').map((part) => part || undefined);
  if (secrets !== 'secrets' || !/^(7\.\d|\d{4}-\d\d-\d\d)/.test(searchParams.get('api-version') ?? '')) {
    send(response.writeHead(400), { error: { code: 'BadParameter' } });
    return;
  }
  if (request.method === 'PUT') {
    const { value } = JSON.parse(await text(request)) as { value: string };
    send(response.writeHead(200), bundle(name, { value, version: store.put(name, value) }));
    return;
  }
  if (store.isDisabled(name, version)) {
    send(response.writeHead(403), {
      error: {
        code: 'Forbidden',
        message: 'Operation get is not allowed on a disabled secret.',
        innererror: { code: 'SecretDisabled' },
      },
    });
    return;
  }
  const found = store.get(name, version);
  if (found === undefined) {
    send(response.writeHead(404), {
      error: { code: 'SecretNotFound', message: `A secret with (name/id) ${name} was not found in this key vault.` },
    });
    return;
  }
  send(response.writeHead(200), bundle(name, found));
}

function bundle(name: string, { value, version, tags }: Secret) {
  return {
    value,
    ...(tags === undefined ? {} : { tags }),
    id: `${vault}/secrets/${name}/${version}`,
    attributes: {
      enabled: true,
      created: 1_772_000_000,
      updated: 1_772_000_000,
      recoveryLevel: 'Recoverable+Purgeable',
    },
  };
}

function send(response: ServerResponse, body: unknown): void {
  response.end(JSON.stringify(body));
}
