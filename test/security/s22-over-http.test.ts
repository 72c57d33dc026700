import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RequiredStack } from '../local/stack/required-stack.ts';
import { startRequiredStack } from '../local/stack/required-stack.ts';
import type { SignInIssuer } from '../shared/features/identity/sign-in-issuer.ts';
import { startSignInIssuer, trusting } from '../shared/features/identity/sign-in-issuer.ts';

let registry: RequiredStack;
let issuer: SignInIssuer;
beforeAll(async () => {
  [registry, issuer] = await Promise.all([startRequiredStack(), startSignInIssuer(() => new Date())]);
  await registry.manage('PUT', '/trusted-issuers/local', trusting(issuer));
});
afterAll(async () => {
  issuer.stop();
  await registry.stop();
});

const fromPortal = { 'sec-fetch-site': 'same-origin', 'x-longshore-portal': '1' };
const hosts = ['url', 'functionsUrl'] as const;

/** The cookies that an answer sets, as a browser sends them back. */
function cookieOf(answer: Response): string {
  return answer.headers
    .getSetCookie()
    .map((set) => set.split(';')[0] ?? '')
    .filter((pair) => !pair.endsWith('='))
    .join('; ');
}

async function signIn(base: string): Promise<string> {
  const answer = await fetch(`${base}/ui/session`, {
    method: 'POST',
    headers: { ...fromPortal, 'content-type': 'application/json' },
    body: JSON.stringify({ username: 'admin', password: registry.password }),
  });
  expect([answer.status, answer.headers.get('cache-control'), answer.headers.get('x-frame-options')]).toEqual([
    201,
    'no-store',
    'DENY',
  ]);
  return cookieOf(answer);
}

const statusOf = async (base: string, path: string, headers: Record<string, string>, method = 'GET') => {
  const answer = await fetch(`${base}${path}`, { method, headers });
  await answer.arrayBuffer();
  return answer.status;
};

describe.each(hosts)('a session over HTTP, at the %s of the stack', (host) => {
  it('opens the management API to the portal, and nothing to anybody else', async () => {
    const base = registry.stack[host];
    const cookie = await signIn(base);
    expect(await statusOf(base, '/api/v1/tokens', { ...fromPortal, cookie })).toBe(200);
    const foreign: Record<string, string>[] = [
      { cookie },
      { cookie, 'sec-fetch-site': 'same-origin' },
      { ...fromPortal, cookie, 'sec-fetch-site': 'cross-site' },
      { ...fromPortal, cookie, 'sec-fetch-site': 'cross-site', origin: base },
    ];
    for (const headers of foreign) expect(await statusOf(base, '/api/v1/tokens', headers)).toBe(401);
    for (const path of [
      '/v2/',
      '/v2/_catalog',
      '/acr/v1/_catalog',
      '/metrics',
      '/oauth2/token?scope=registry:catalog:*',
    ])
      expect([path, await statusOf(base, path, { ...fromPortal, cookie })]).toEqual([path, 401]);
  });

  it('ends with the sign-out, also its copies', async () => {
    const base = registry.stack[host];
    const cookie = await signIn(base);
    expect(await statusOf(base, '/ui/session', { ...fromPortal, cookie }, 'DELETE')).toBe(204);
    expect(await statusOf(base, '/api/v1/tokens', { ...fromPortal, cookie })).toBe(401);
  });

  it('is begun through an issuer, and both its cookies arrive', async () => {
    const base = registry.stack[host];
    const begun = await fetch(`${base}/ui/session/oidc/local`, { redirect: 'manual' });
    const sent = await fetch(begun.headers.get('location') ?? '', { redirect: 'manual' });
    const back = await fetch(sent.headers.get('location') ?? '', {
      redirect: 'manual',
      headers: { cookie: cookieOf(begun) },
    });
    expect([back.status, back.headers.get('location'), back.headers.getSetCookie().length]).toEqual([303, '/ui/', 2]);
    expect(await statusOf(base, '/api/v1/me', { ...fromPortal, cookie: cookieOf(back) })).toBe(200);
  });
});
