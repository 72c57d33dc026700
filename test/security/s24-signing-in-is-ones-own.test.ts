import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Browser, fromPortal } from '../shared/features/identity/browser.ts';
import type { Required } from '../shared/features/identity/required.ts';
import { adminPassword, composeRequired, makeToken, manage, TestClock } from '../shared/features/identity/required.ts';
import type { SignInIssuer } from '../shared/features/identity/sign-in-issuer.ts';
import { startSignInIssuer, trusting } from '../shared/features/identity/sign-in-issuer.ts';
import { tally } from './strangers.ts';

const clock = new TestClock();
let issuer: SignInIssuer;
let other: SignInIssuer;
beforeAll(async () => {
  [issuer, other] = await Promise.all([startSignInIssuer(() => clock.now()), startSignInIssuer(() => clock.now())]);
});
afterAll(() => {
  issuer.stop();
  other.stop();
});
beforeEach(() => {
  for (const each of [issuer, other]) {
    each.claims = {};
    each.answer = {};
    each.discovery({});
  }
});

async function trusted(): Promise<Required> {
  const longshore = composeRequired({ clock });
  await manage(longshore, 'PUT', '/trusted-issuers/local', trusting(issuer));
  await manage(longshore, 'PUT', '/trusted-issuers/other', trusting(other));
  return longshore;
}

/** Begins a sign-in, and lets the issuer answer; gives the address that it sends the browser to. */
async function sentBack(browser: Browser, name = 'local', to = ''): Promise<URL> {
  const begun = await browser.send(`/ui/session/oidc/${name}${to}`);
  const sent = await fetch(begun.headers.get('location') ?? '', { redirect: 'manual' });
  return new URL(sent.headers.get('location') ?? '');
}

const arrive = (browser: Browser, url: URL) =>
  browser.send(`${url.pathname}${url.search}`, {
    headers: { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' },
  });

describe('signing in by a password', () => {
  it.each([
    ['a form of another site', { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }],
    ['a sibling host', { 'sec-fetch-site': 'same-site', origin: 'https://evil.registry.test' }],
    ['an old browser on another site', { origin: 'https://evil.example' }],
    ['nowhere', {}],
  ])('is not done for %s, which would sign people in as its owner', async (_, headers: Record<string, string>) => {
    const browser = new Browser(composeRequired());
    const types = ['application/json', 'application/x-www-form-urlencoded', 'text/plain'];
    for (const type of types) {
      const answer = await browser.send('/ui/session', {
        method: 'POST',
        headers: { ...headers, 'content-type': type },
        body: type.endsWith('urlencoded')
          ? new URLSearchParams({ username: 'admin', password: adminPassword }).toString()
          : JSON.stringify({ username: 'admin', password: adminPassword }),
      });
      expect([answer.status, browser.cookies.size]).toEqual([403, 0]);
    }
  });

  it('waits as long after wrong ones as docker login does, and the two count together', async () => {
    const longshore = composeRequired();
    const address = '192.0.2.7';
    const browser = new Browser(longshore);
    const statuses: number[] = [];
    for (let tries = 0; tries < 3; tries++) {
      statuses.push((await browser.signIn('admin', `wrong ${tries}`, { address })).status);
      const authorization = `Basic ${Buffer.from(`admin:wrong ${tries}`).toString('base64')}`;
      statuses.push((await browser.send('/v2/', { headers: { authorization }, address })).status);
    }
    expect(tally(statuses)).toEqual({ 401: 6 });
    const early = await browser.signIn('admin', adminPassword, { address });
    expect([early.status, Number(early.headers.get('retry-after'))]).toEqual([429, 1]);
    longshore.clock.pass(1_000);
    expect((await browser.signIn('admin', adminPassword, { address })).status).toBe(201);
  });

  it('takes no token of ours for a password: its session would outlive it', async () => {
    const longshore = composeRequired();
    const password = await makeToken(longshore, 'ci', ['management/read']);
    const authorization = `Basic ${Buffer.from(`ci:${password}`).toString('base64')}`;
    const browser = new Browser(longshore, 'https://registry.test');
    const answer = await browser.send(
      '/oauth2/token?service=registry.test&offline_token=true&scope=registry:catalog:*',
      {
        headers: { authorization },
      },
    );
    const tokens = (await answer.json()) as { access_token: string; refresh_token: string };
    for (const token of [tokens.access_token, tokens.refresh_token])
      expect((await browser.signIn('00000000-0000-0000-0000-000000000000', token)).status).toBe(401);
    expect(browser.cookies.size).toBe(0);
  });
});

describe('signing in through an issuer', () => {
  it.each([
    'https://evil.example/',
    '//evil.example/',
    '/\\evil.example/',
    '/ui/\\..\\..//evil.example',
    '/ui/../../evil',
    '/ui/..%2f..//evil.example',
    'javascript:alert(1)',
    '/ui/%0d%0aset-cookie:x=y',
    '/uix',
    '/v2/',
    `/ui/${'x'.repeat(2_000)}`,
  ])('leads to no page but the portal’s when asked for %s', async (to) => {
    const browser = new Browser(await trusted());
    const answer = await arrive(browser, await sentBack(browser, 'local', `?returnTo=${encodeURIComponent(to)}`));
    expect(answer.status).toBe(303);
    const location = answer.headers.get('location') ?? '';
    const landed = new URL(location, 'https://registry.test');
    expect([landed.origin, landed.pathname.startsWith('/ui/')]).toEqual(['https://registry.test', true]);
    expect(location).toMatch(/^\/ui\/[^/\\]*/);
  });

  it('is finished by the browser alone that has begun it (login CSRF)', async () => {
    const longshore = await trusted();
    const [attacker, victim] = [new Browser(longshore), new Browser(longshore)];
    const stolen = await sentBack(attacker);
    const before = issuer.exchanged.length;
    const answers = [await arrive(victim, stolen)];
    await sentBack(victim);
    answers.push(await arrive(victim, stolen));
    for (const answer of answers) {
      expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('not begun in this browser')]);
    }
    expect([await victim.kind(), issuer.exchanged.length]).toEqual(['anonymous', before]);
  });

  it('takes each code once, in the browser that used it and in a copy of that', async () => {
    const longshore = await trusted();
    const browser = new Browser(longshore);
    const back = await sentBack(browser);
    const copy = new Browser(longshore);
    for (const [name, value] of browser.cookies) copy.cookies.set(name, value);
    expect((await arrive(browser, back)).status).toBe(303);
    expect((await arrive(browser, back)).status).toBe(400);
    expect((await arrive(copy, back)).status).toBe(403);
    expect(await copy.kind()).toBe('anonymous');
  });

  it.each([
    ['another state', (url: URL) => url.searchParams.set('state', 'other')],
    ['no state', (url: URL) => url.searchParams.delete('state')],
    ['two states', (url: URL) => url.searchParams.append('state', 'other')],
    ['two codes', (url: URL) => url.searchParams.append('code', 'other')],
    ['another issuer (RFC 9207)', (url: URL) => url.searchParams.set('iss', other.issuer.url)],
    ['two issuers', (url: URL) => url.searchParams.append('iss', other.issuer.url)],
    ['a code that is none', (url: URL) => url.searchParams.set('code', 'other')],
  ])('fails when the answer has %s', async (_, change) => {
    issuer.discovery({ authorization_response_iss_parameter_supported: true });
    const browser = new Browser(await trusted());
    const back = await sentBack(browser);
    change(back);
    expect([400, 403]).toContain((await arrive(browser, back)).status);
    expect(await browser.kind()).toBe('anonymous');
    expect(browser.cookies.size).toBe(0);
  });

  it('fails without the issuer’s name where it says that it always gives it', async () => {
    issuer.discovery({ authorization_response_iss_parameter_supported: true });
    const browser = new Browser(await trusted());
    const back = await sentBack(browser);
    back.searchParams.delete('iss');
    expect((await arrive(browser, back)).status).toBe(400);
  });

  it('gives no issuer the code of another: an answer counts for the sign-in that its browser began', async () => {
    const browser = new Browser(await trusted());
    const back = await sentBack(browser, 'local');
    await browser.send('/ui/session/oidc/other');
    expect((await arrive(browser, back)).status).toBe(400);
    expect(other.exchanged).toEqual([]);
  });

  it.each([
    ['another nonce', { nonce: 'other' }],
    ['another audience', { aud: 'somebody-else' }],
    ['several audiences of which none is said to be ours', { aud: ['longshore-portal', 'somebody-else'] }],
    ['another issuer', { iss: 'https://evil.example' }],
    ['an end in the past', { exp: 1 }],
    ['no subject', { sub: undefined }],
    ['a subject that is not let in', { sub: 'eve' }],
  ])('fails when the token has %s', async (_, claims) => {
    issuer.claims = claims;
    const browser = new Browser(await trusted());
    expect((await arrive(browser, await sentBack(browser))).status).toBe(403);
    expect(await browser.kind()).toBe('anonymous');
  });

  it('fails after ten minutes, and with a cookie that was changed', async () => {
    const browser = new Browser(await trusted());
    const back = await sentBack(browser);
    const cookie = browser.cookies.get('__Host-longshore-signin') ?? '';
    const [at, was] = [cookie.lastIndexOf('.') + 1, cookie[cookie.lastIndexOf('.') + 1]];
    // The last character would not do: some of its bits are not of the value.
    const changed = `${cookie.slice(0, at)}${was === 'A' ? 'B' : 'A'}${cookie.slice(at + 1)}`;
    browser.cookies.set('__Host-longshore-signin', changed);
    expect((await arrive(browser, back)).status).toBe(400);
    browser.cookies.set('__Host-longshore-signin', cookie);
    clock.pass(10 * 60_000);
    expect((await arrive(browser, back)).status).toBe(400);
  });

  it('makes neither cookie of the other: what a sign-in holds is no session', async () => {
    const longshore = await trusted();
    const browser = new Browser(longshore);
    await browser.send('/ui/session/oidc/local');
    browser.cookies.set('__Host-longshore', browser.cookies.get('__Host-longshore-signin') ?? '');
    expect(await browser.kind()).toBe(401);
  });

  it('ends the session that the browser had before', async () => {
    const longshore = await trusted();
    const browser = new Browser(longshore);
    await browser.signIn('admin', adminPassword);
    const copy = new Browser(longshore);
    for (const [name, value] of browser.cookies) copy.cookies.set(name, value);
    expect((await arrive(browser, await sentBack(browser))).status).toBe(303);
    expect([await browser.kind(), await copy.kind()]).toEqual(['issuer', 401]);
  });

  it('has strangers call issuers no more often than their budget allows', async () => {
    const longshore = composeRequired({ clock, rateLimits: { registry: { read: 8, write: 8, delete: 8 } } });
    await manage(longshore, 'PUT', '/trusted-issuers/local', trusting(issuer));
    issuer.issuer.fault = { status: 500 };
    const before = issuer.issuer.asked.length;
    for (let times = 0; times < 20; times++)
      await new Browser(longshore).send('/ui/session/oidc/local', { headers: fromPortal, address: '192.0.2.9' });
    expect(issuer.issuer.asked.length - before).toBeLessThanOrEqual(2);
    issuer.issuer.fault = {};
  });
});
