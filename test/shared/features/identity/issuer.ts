import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';

interface IssuerFault {
  /** The properties of its discovery document that are changed. */
  readonly discovery?: object;
  readonly status?: number;
}

export interface LocalIssuer {
  readonly url: string;
  /** Requests that it got, by path. */
  readonly asked: string[];
  fault: IssuerFault;
  /** A token of its own, with these claims over good ones. */
  token(
    claims?: Record<string, unknown>,
    options?: { readonly alg?: 'RS256' | 'ES256' | 'PS256'; readonly unpublished?: boolean },
  ): Promise<string>;
  stop(): void;
}

/** Every issuer has the same ones: RSA keys take longer to make than most tests. */
async function makeKeys() {
  const [RS256, ES256, PS256, unpublished] = await Promise.all([
    generateKeyPair('RS256'),
    generateKeyPair('ES256'),
    generateKeyPair('PS256'),
    generateKeyPair('RS256'),
  ]);
  return { RS256, ES256, PS256, unpublished };
}

let made: ReturnType<typeof makeKeys> | undefined;

/**
 * An OIDC issuer on this machine: discovery, and one key of each algorithm. `now` is what its tokens' times start from.
 */
export async function startIssuer(now: () => Date): Promise<LocalIssuer> {
  const { unpublished, ...keys } = await (made ??= makeKeys());
  const published = await Promise.all(
    Object.entries(keys).map(async ([alg, { publicKey }]) => ({
      ...(await exportJWK(publicKey)),
      alg,
      kid: alg,
      use: 'sig',
    })),
  );
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    const answer =
      request.url === '/keys'
        ? { keys: published }
        : (issuer.fault.discovery ?? { issuer: issuer.url, jwks_uri: `${issuer.url}/keys` });
    response.writeHead(issuer.fault.status ?? 200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const issuer: LocalIssuer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    fault: {},
    token(claims = {}, { alg = 'RS256', unpublished: unknown = false } = {}) {
      const seconds = Math.floor(now().getTime() / 1000);
      return new SignJWT({
        iss: issuer.url,
        aud: 'longshore',
        sub: 'repo:octo/app:ref:refs/heads/main',
        repository: 'octo/app',
        ref: 'refs/heads/main',
        iat: seconds,
        exp: seconds + 300,
        ...claims,
      })
        .setProtectedHeader({ alg, kid: unknown ? 'unpublished' : alg })
        .sign(unknown ? unpublished.privateKey : keys[alg].privateKey);
    },
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
  return issuer;
}
