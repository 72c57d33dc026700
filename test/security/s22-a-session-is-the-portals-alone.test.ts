import { describe, expect, it } from 'vitest';
import type { RegistryName } from '../../shared/core/oci/name.ts';
import { Browser, fromPortal } from '../shared/features/identity/browser.ts';
import type { Required } from '../shared/features/identity/required.ts';
import { adminPassword, composeRequired, makeToken, manage } from '../shared/features/identity/required.ts';
import { knock } from './strangers.ts';

const json = { 'content-type': 'application/json' };
const scopeMap = JSON.stringify({ actions: ['management/write'] });

async function signedIn(longshore: Required, origin?: string): Promise<Browser> {
  const browser = new Browser(longshore, origin);
  expect((await browser.signIn('admin', adminPassword)).status).toBe(201);
  return browser;
}

/** The requests that a browser sends for another site's page, with the cookies of ours. */
const foreign: [string, Record<string, string>][] = [
  ['a form', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', origin: 'https://evil.example' }],
  ['a form in a sandboxed frame', { 'sec-fetch-site': 'cross-site', origin: 'null' }],
  ['a fetch with the header, which a browser would ask about first', { ...fromPortal, 'sec-fetch-site': 'cross-site' }],
  ['a page of a sibling host', { ...fromPortal, 'sec-fetch-site': 'same-site', origin: 'https://evil.registry.test' }],
  ['a fetch without the header', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }],
  ['an image', { 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'image' }],
  ['a link', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }],
  ['a typed address', { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate' }],
  ['a page of ours without the header', { 'sec-fetch-site': 'same-origin' }],
  ['a page of ours with another header', { 'sec-fetch-site': 'same-origin', 'x-longshore-portal': '0' }],
  [
    'a lie in Origin that Sec-Fetch-Site contradicts',
    { ...fromPortal, 'sec-fetch-site': 'cross-site', origin: 'https://registry.test' },
  ],
  ['an old browser without Origin', { 'x-longshore-portal': '1' }],
  ['an old browser from elsewhere', { 'x-longshore-portal': '1', origin: 'https://evil.example' }],
  ['an old browser by plain http', { 'x-longshore-portal': '1', origin: 'http://registry.test' }],
];

describe("a session's cookie", () => {
  it.each(foreign)('counts for nothing that comes with it from %s', async (_, headers) => {
    const longshore = composeRequired();
    const browser = await signedIn(longshore);
    const put = await browser.send('/api/v1/scope-maps/stolen', {
      method: 'PUT',
      headers: { ...json, ...headers },
      body: scopeMap,
    });
    expect(put.status).toBe(401);
    expect((await browser.send('/api/v1/tokens', { headers })).status).toBe(401);
    expect((await browser.send('/api/v1/tokens/ci', { method: 'DELETE', headers })).status).toBe(401);
    expect(await browser.me(headers)).toMatchObject({ kind: 'anonymous' });
    expect(await browser.kind()).toBe('admin');
    await expect(manage(longshore, 'GET', '/scope-maps/stolen')).rejects.toThrow('404');
  });

  it('counts for the portal, in an old browser by its Origin', async () => {
    const browser = await signedIn(composeRequired());
    const old = { 'x-longshore-portal': '1', origin: 'https://registry.test' };
    const put = await browser.send('/api/v1/scope-maps/mine', {
      method: 'PUT',
      headers: { ...json, ...old },
      body: scopeMap,
    });
    expect(put.status).toBe(201);
  });

  it.each([
    ['GET', '/v2/'],
    ['GET', '/v2/_catalog'],
    ['GET', '/v2/team/app/manifests/1'],
    ['PUT', '/v2/team/app/manifests/1'],
    ['POST', '/v2/team/app/blobs/uploads/'],
    ['DELETE', '/v2/team/app/manifests/1'],
    ['GET', '/acr/v1/_catalog'],
    ['DELETE', '/acr/v1/team/app'],
    ['GET', '/metrics'],
  ])('opens nothing at %s %s, sent as the portal sends it', async (method, path) => {
    const browser = await signedIn(composeRequired());
    expect((await browser.send(path, { method })).status).toBe(401);
  });

  it('gets no token at /oauth2 but that of everyone', async () => {
    const longshore = composeRequired();
    const browser = await signedIn(longshore);
    const scope = 'scope=repository:team/app:pull,push&scope=registry:catalog:*';
    const byQuery = await browser.send(`/oauth2/token?service=registry.test&${scope}`);
    expect(byQuery.status).toBe(401);
    const byForm = await browser.send('/oauth2/token', {
      method: 'POST',
      headers: { ...fromPortal, 'content-type': 'application/x-www-form-urlencoded' },
      body: `grant_type=password&service=registry.test&${scope}`,
    });
    expect(byForm.status).toBe(401);
  });

  it('gives way to credentials: a request of a token is never made by the session of an administrator', async () => {
    const longshore = composeRequired();
    const password = await makeToken(longshore, 'ci', ['repositories/team/*/content/read']);
    const browser = await signedIn(longshore);
    for (const credentials of [`ci:${password}`, 'ci:wrong']) {
      const authorization = `Basic ${Buffer.from(credentials).toString('base64')}`;
      const answer = await browser.send('/api/v1/tokens', { headers: { ...fromPortal, authorization } });
      expect([401, 403]).toContain(answer.status);
    }
  });

  it('is worth nothing when it was changed, cut, made up or doubled', async () => {
    const longshore = composeRequired();
    const browser = await signedIn(longshore);
    const cookie = browser.cookies.get('__Host-longshore') ?? '';
    const parts = cookie.split('.');
    const flipped = parts.map((part, at) =>
      parts
        .map((same, place) => (place === at ? `${part.startsWith('A') ? 'B' : 'A'}${part.slice(1)}` : same))
        .join('.'),
    );
    for (const value of [...flipped, cookie.slice(0, -4), `${cookie}.A`, 'A', '....', 'x'.repeat(10_000)]) {
      const answer = await knock(longshore, '/api/v1/tokens', {
        headers: { ...fromPortal, cookie: `__Host-longshore=${value}` },
      });
      expect(answer.status).toBe(401);
    }
    const doubled = `__Host-longshore=${cookie}; __Host-longshore=${cookie}`;
    const both = await knock(longshore, '/api/v1/tokens', { headers: { ...fromPortal, cookie: doubled } });
    expect(both.status).toBe(401);
  });

  it('is worth nothing at another host, and in another registry of the deployment', async () => {
    const longshore = composeRequired({
      registries: [
        {
          name: 'second' as RegistryName,
          hosts: ['second.test'],
        },
      ],
    });
    const browser = await signedIn(longshore);
    for (const host of ['second.test', 'other.test']) {
      const elsewhere = new Browser(longshore, `https://${host}`);
      for (const [name, value] of browser.cookies) elsewhere.cookies.set(name, value);
      expect(await elsewhere.kind()).toBe(401);
    }
    expect(await browser.kind()).toBe('admin');
  });

  it('has the vault asked for no key that its sender names', async () => {
    const longshore = composeRequired();
    const browser = await signedIn(longshore);
    const [, ...rest] = (browser.cookies.get('__Host-longshore') ?? '').split('.');
    for (const id of ['vault:1', 'vault:../other', 'configured:other', '']) {
      browser.cookies.set('__Host-longshore', [Buffer.from(id).toString('base64url'), ...rest].join('.'));
      expect(await browser.kind()).toBe(401);
    }
  });
});

describe('answers to the portal', () => {
  it('are kept by no cache that people share, and given to nobody with another cookie', async () => {
    const longshore = composeRequired();
    const browser = await signedIn(longshore);
    const paths = [
      '/api/v1/me',
      '/api/v1/tokens',
      '/api/v1/nowhere',
      '/ui/session/issuers',
      '/ui/session/oidc/none',
      '/ui/session/callback',
    ];
    for (const path of paths) {
      for (const answer of [await browser.send(path), await new Browser(longshore).send(path)]) {
        expect([path, answer.headers.get('cache-control')]).toEqual([path, 'no-store']);
        expect(answer.headers.get('vary')).toMatch(/\bCookie\b/);
      }
    }
  });

  it('of the sign-in are framed by nobody, guessed at by nobody, and tell no other site', async () => {
    const browser = new Browser(composeRequired());
    for (const path of [
      '/ui/session',
      '/ui/session/issuers',
      '/ui/session/callback?state=x',
      '/ui/session/oidc/none',
    ]) {
      const { headers } = await browser.send(path);
      expect(headers.get('x-frame-options')).toBe('DENY');
      expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
    }
  });
});
