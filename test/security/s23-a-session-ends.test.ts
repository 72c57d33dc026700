import { describe, expect, it } from 'vitest';
import { CallPlan } from '../../shared/adapters/memory/calls.ts';
import { Browser, fromPortal } from '../shared/features/identity/browser.ts';
import { adminPassword, composeRequired, makeToken } from '../shared/features/identity/required.ts';

const name = '__Host-longshore';
const signOut = { method: 'DELETE' };

function copyOf(longshore: ReturnType<typeof composeRequired>, browser: Browser): Browser {
  const copy = new Browser(longshore);
  for (const [each, value] of browser.cookies) copy.cookies.set(each, value);
  return copy;
}

describe('signing out', () => {
  it('ends every copy of the cookie: here at once, on other instances within five seconds', async () => {
    const longshore = composeRequired();
    const other = composeRequired({ world: longshore.world, clock: longshore.clock });
    const browser = new Browser(longshore);
    await browser.signIn('admin', adminPassword);
    longshore.clock.pass(10 * 60_000);
    const early = copyOf(longshore, browser);
    expect(await browser.kind()).toBe('admin');
    const [copy, elsewhere] = [copyOf(longshore, browser), copyOf(other, browser)];
    expect(copy.cookies.get(name)).not.toBe(early.cookies.get(name));
    expect(await elsewhere.kind()).toBe('admin');
    expect((await browser.send('/ui/session', signOut)).status).toBe(204);
    expect(browser.cookies.size).toBe(0);
    expect([await copy.kind(), await early.kind()]).toEqual([401, 401]);
    longshore.clock.pass(5_000);
    expect(await elsewhere.kind()).toBe(401);
  });

  it('holds over a restart, and as long as any copy could live', async () => {
    const longshore = composeRequired();
    const browser = new Browser(longshore);
    await browser.signIn('admin', adminPassword);
    const copy = copyOf(longshore, browser);
    await browser.send('/ui/session', signOut);
    const restarted = composeRequired({ world: longshore.world, clock: longshore.clock });
    for (const minutes of [0, 30, 29]) {
      longshore.clock.pass(minutes * 60_000);
      expect(await copyOf(restarted, copy).kind()).toBe(401);
    }
  });

  it('ends no other session of the same identity, and needs none', async () => {
    const longshore = composeRequired();
    const [one, another] = [new Browser(longshore), new Browser(longshore)];
    for (const browser of [one, another]) await browser.signIn('admin', adminPassword);
    await one.send('/ui/session', signOut);
    expect(await another.kind()).toBe('admin');
    expect((await one.send('/ui/session', signOut)).status).toBe(204);
  });

  it('is not done by another site', async () => {
    const longshore = composeRequired();
    const browser = new Browser(longshore);
    await browser.signIn('admin', adminPassword);
    const attempts: Record<string, string>[] = [
      { ...fromPortal, 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-origin' },
      {},
    ];
    for (const headers of attempts)
      expect((await browser.send('/ui/session', { ...signOut, headers })).status).toBe(403);
    expect(await browser.kind()).toBe('admin');
  });

  it('very often ends the earlier sessions of that identity, and nobody else’s', async () => {
    const longshore = composeRequired();
    const password = await makeToken(longshore, 'ci', ['management/read']);
    const [admin, early] = [new Browser(longshore), new Browser(longshore)];
    await admin.signIn('admin', adminPassword);
    await early.signIn('ci', password);
    for (let times = 0; times < 21; times++) {
      longshore.clock.pass(1_000);
      const browser = new Browser(longshore);
      await browser.signIn('ci', password);
      await browser.send('/ui/session', signOut);
    }
    const ref = { container: 'registries', partition: ['default'], id: 'ended-sessions' } as const;
    const stored = await longshore.memory.documents.readDocument(ref);
    expect((stored?.document as unknown as { ended: unknown[] }).ended).toHaveLength(1);
    longshore.clock.pass(1_000);
    const late = new Browser(longshore);
    await late.signIn('ci', password);
    expect([await admin.kind(), await late.kind(), await early.kind()]).toEqual(['admin', 'token', 401]);
  });
});

describe('a session', () => {
  it('has a new id after each sign-in, and the one that the browser had before is over (fixation)', async () => {
    const longshore = composeRequired();
    const password = await makeToken(longshore, 'ci', ['management/read']);
    const attacker = new Browser(longshore);
    await attacker.signIn('ci', password);
    const victim = copyOf(longshore, attacker);
    await victim.signIn('admin', adminPassword);
    expect(victim.cookies.get(name)).not.toBe(attacker.cookies.get(name));
    expect([await attacker.kind(), await victim.kind()]).toEqual([401, 'admin']);
  });

  it('is not granted while the store cannot say that it was not ended', async () => {
    const calls = new CallPlan();
    const longshore = composeRequired({ connection: { calls } });
    const browser = new Browser(longshore);
    await browser.signIn('admin', adminPassword);
    calls.failOn('documents.read');
    expect(await browser.kind()).toBe(503);
  });
});
