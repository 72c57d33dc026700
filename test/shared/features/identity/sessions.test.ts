import { describe, expect, it } from 'vitest';
import { CallPlan } from '../../../../shared/adapters/memory/calls.ts';
import { composeForTest } from '../../../../shared/app/compose-for-test.ts';
import { Browser, fromPortal } from './browser.ts';
import { adminPassword, asAdmin, basic, composeRequired, makeToken, manage } from './required.ts';

const minute = 60_000;
const reader = ['management/read', 'repositories/team/*/content/read'];

describe('signing in to the portal', () => {
  it('with the password of admin or of a token begins a session of that identity', async () => {
    const longshore = composeRequired();
    const password = await makeToken(longshore, 'ci', reader);
    const browser = new Browser(longshore);
    expect(await browser.kind()).toBe('anonymous');
    const answer = await browser.signIn('ci', password);
    expect([answer.status, await answer.json()]).toEqual([
      201,
      { idleUntil: '2026-01-01T01:00:00.000Z', until: '2026-01-01T08:00:00.000Z' },
    ]);
    expect(answer.headers.getSetCookie()).toEqual([
      expect.stringMatching(/^__Host-longshore=[\w.-]+; Path=\/; Max-Age=3600; HttpOnly; Secure; SameSite=Lax$/),
    ]);
    expect(await browser.me()).toEqual({
      subject: 'ci',
      kind: 'token',
      expiresAt: '2026-01-01T08:00:00.000Z',
      rights: [
        { right: 'management/read', allowed: true },
        {
          right: 'management/write',
          allowed: false,
          why: 'you lack management/write: ask an administrator to add it to your scope map',
        },
        {
          right: 'catalog/read',
          allowed: false,
          why: 'you lack catalog/read: ask an administrator to add it to your scope map',
        },
      ],
      repositories: [{ pattern: 'team/*', actions: ['pull'] }],
      session: { idleUntil: '2026-01-01T01:00:00.000Z', until: '2026-01-01T08:00:00.000Z' },
    });
    expect((await browser.signIn('admin', adminPassword)).status).toBe(201);
    expect(await browser.kind()).toBe('admin');
  });

  it('takes a form too, and sends its browser to the portal', async () => {
    const longshore = composeRequired();
    const browser = new Browser(longshore);
    const answer = await browser.send('/ui/session', {
      method: 'POST',
      headers: { 'sec-fetch-site': 'same-origin', 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ username: 'admin', password: adminPassword }).toString(),
    });
    expect([answer.status, answer.headers.get('location'), await browser.kind()]).toEqual([303, '/ui/', 'admin']);
  });

  it('refuses a wrong password, an unknown name and a body of another shape, with a sentence', async () => {
    const longshore = composeRequired();
    const browser = new Browser(longshore);
    for (const [name, status] of [
      ['admin', 401],
      ['nobody', 401],
      ['', 400],
    ] as const) {
      const answer = await browser.signIn(name, 'wrong');
      expect([answer.status, browser.cookies.size, answer.headers.get('www-authenticate')]).toEqual([status, 0, null]);
      expect(await answer.text()).toMatch(/message/);
    }
    const much = await browser.send('/ui/session', {
      method: 'POST',
      headers: { ...fromPortal, 'content-type': 'application/json' },
      body: 'x'.repeat(100_000),
    });
    expect(much.status).toBe(413);
  });

  it('names the local cookies by their port, without what plain http refuses', async () => {
    const longshore = composeRequired();
    const browser = new Browser(longshore, 'http://127.0.0.1:5000');
    const answer = await browser.signIn('admin', adminPassword);
    expect(answer.headers.getSetCookie()).toEqual([
      expect.stringMatching(/^longshore-5000=[\w.-]+; Path=\/; Max-Age=3600; HttpOnly; SameSite=Lax$/),
    ]);
    expect(await browser.kind()).toBe('admin');
  });

  it('is refused, with what to do, where the browser vouches for nothing', async () => {
    const longshore = composeRequired();
    const origin = 'http://192.0.2.1:5000';
    const answer = await new Browser(longshore, origin).send('/ui/session', {
      method: 'POST',
      headers: { origin, 'content-type': 'application/json' },
      body: JSON.stringify({ username: 'admin', password: adminPassword }),
    });
    expect([answer.status, await answer.text()]).toEqual([403, expect.stringContaining('open the portal by https')]);
  });
});

describe('a session', () => {
  it('ends after an hour without a request, and lives on while it is used, for eight hours', async () => {
    const longshore = composeRequired();
    const [idle, used] = [new Browser(longshore), new Browser(longshore)];
    for (const browser of [idle, used]) await browser.signIn('admin', adminPassword);
    for (let passed = 0; passed < 7 * 60 + 50; passed += 50) {
      expect(await used.kind()).toBe('admin');
      longshore.clock.pass(50 * minute);
    }
    expect(await idle.kind()).toBe(401);
    expect(await used.kind()).toBe(401);
    expect(used.cookies.size).toBe(0);
    expect(await used.kind()).toBe('anonymous');
  });

  it('has the rights that its token has now, not those at the sign-in', async () => {
    const longshore = composeRequired();
    const password = await makeToken(longshore, 'ci', reader);
    const browser = new Browser(longshore);
    await browser.signIn('ci', password);
    const change = { method: 'PUT', headers: { ...fromPortal, 'content-type': 'application/json' } };
    const content = JSON.stringify({ actions: ['catalog/read'] });
    expect((await browser.send('/api/v1/scope-maps/x', { ...change, body: content })).status).toBe(403);
    await manage(longshore, 'PUT', '/scope-maps/ci', { actions: ['management/write'] });
    expect((await browser.send('/api/v1/scope-maps/x', { ...change, body: content })).status).toBe(201);
  });

  it.each([
    ['is deleted', 'DELETE', '/tokens/ci', undefined],
    ['is disabled', 'PATCH', '/tokens/ci', { status: 'disabled' }],
    ['gets another password', 'POST', '/tokens/ci/passwords/password1', {}],
    ['loses its password', 'DELETE', '/tokens/ci/passwords/password1', undefined],
  ])('ends when its token %s: here at once, on other instances within five seconds', async (_, method, path, body) => {
    const longshore = composeRequired();
    const other = composeRequired({ world: longshore.world, clock: longshore.clock });
    const password = await makeToken(longshore, 'ci', reader);
    const browser = new Browser(longshore);
    await browser.signIn('ci', password);
    const elsewhere = new Browser(other);
    for (const [name, value] of browser.cookies) elsewhere.cookies.set(name, value);
    expect([await browser.kind(), await elsewhere.kind()]).toEqual(['token', 'token']);
    await manage(longshore, method, path, body);
    expect(await browser.kind()).toBe(401);
    longshore.clock.pass(5_000);
    expect(await elsewhere.kind()).toBe(401);
  });

  it('ends no later than the password that it was begun with', async () => {
    const longshore = composeRequired();
    const password = await makeToken(longshore, 'ci', reader, { expiresAt: '2026-01-01T00:30:00Z' });
    const browser = new Browser(longshore);
    await browser.signIn('ci', password);
    expect(await browser.me()).toMatchObject({ session: { until: '2026-01-01T00:30:00.000Z' } });
    longshore.clock.pass(30 * minute);
    expect(await browser.kind()).toBe(401);
  });

  it('costs three reads of the store for all requests of five seconds', async () => {
    const calls = new CallPlan();
    const longshore = composeRequired({ connection: { calls, chance: 'none' } });
    const password = await makeToken(longshore, 'ci', reader);
    const browser = new Browser(longshore);
    await browser.signIn('ci', password);
    const before = calls.total();
    await Promise.all(Array.from({ length: 5 }, () => browser.me()));
    // The token, its scope map, and the sessions that were ended.
    expect(calls.total() - before).toBe(3);
  });
});

describe('GET /api/v1/me', () => {
  it('tells callers with credentials who they are, and what they may do', async () => {
    const longshore = composeRequired();
    const password = await makeToken(longshore, 'ci', ['repositories/team/app/content/read']);
    const browser = new Browser(longshore);
    expect(await browser.me(asAdmin)).toMatchObject({ kind: 'admin', subject: 'admin' });
    const me = await browser.me(basic('ci', password));
    expect(me).toMatchObject({ kind: 'token', repositories: [{ pattern: 'team/app', actions: ['pull'] }] });
    expect(me).not.toHaveProperty('session');
    expect(await browser.me(basic('ci', 'wrong'))).toBe(401);
  });

  it('says on an open stack that nobody signs in', async () => {
    const browser = new Browser(composeForTest());
    expect(await browser.me()).toMatchObject({
      kind: 'open',
      rights: [{ allowed: true }, { allowed: true }, { allowed: true }],
    });
    expect(await (await browser.send('/ui/session/issuers')).json()).toMatchObject({ open: true, items: [] });
    const answer = await browser.signIn('admin', 'any');
    expect([answer.status, await answer.text()]).toEqual([409, expect.stringContaining('there is no sign-in')]);
    expect((await browser.send('/ui/session', { method: 'DELETE' })).status).toBe(204);
  });
});
