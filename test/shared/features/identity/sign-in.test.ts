import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Browser } from './browser.ts';
import type { Required } from './required.ts';
import { composeRequired, manage, TestClock } from './required.ts';
import type { SignInIssuer } from './sign-in-issuer.ts';
import { startSignInIssuer, trusting } from './sign-in-issuer.ts';

const clock = new TestClock();
let issuer: SignInIssuer;
beforeAll(async () => {
  issuer = await startSignInIssuer(() => clock.now());
});
afterAll(() => issuer.stop());
beforeEach(() => {
  issuer.claims = {};
  issuer.answer = {};
  issuer.discovery({});
});

async function trusted(content = trusting(issuer)): Promise<Required> {
  const longshore = composeRequired({ clock });
  await manage(longshore, 'PUT', '/trusted-issuers/local', content);
  return longshore;
}

const navigation = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' };

/** Follows the issuer as a browser does; gives the answer of the callback. */
async function signIn(browser: Browser, to = ''): Promise<Response> {
  const begun = await browser.send(`/ui/session/oidc/local${to}`, { headers: { 'sec-fetch-site': 'same-origin' } });
  if (begun.status !== 302) return begun;
  const sent = await fetch(begun.headers.get('location') ?? '', { redirect: 'manual' });
  return browser.send(sent.headers.get('location') ?? '', { headers: navigation });
}

describe('signing in through an issuer', () => {
  it('leads from the list of issuers over its page back to the portal, as the person that it names', async () => {
    const longshore = await trusted();
    const browser = new Browser(longshore);
    expect(await (await browser.send('/ui/session/issuers')).json()).toEqual({
      open: false,
      password: true,
      admin: true,
      items: [{ name: 'local', displayName: 'The local issuer', url: '/ui/session/oidc/local' }],
    });
    const answer = await signIn(browser, '?returnTo=/ui/purge%3Fplan%3D1');
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/ui/purge?plan=1']);
    expect(await browser.me()).toMatchObject({ subject: 'local:ada', kind: 'issuer', name: 'Ada' });
    expect(issuer.exchanged.at(-1)?.get('code_verifier')).toMatch(/^[\w-]{43}$/);
    expect([...browser.cookies.keys()]).toEqual(['__Host-longshore']);
  });

  it('shows the secret of its client to nobody, and keeps it when the entry is written without one', async () => {
    const longshore = await trusted();
    const content = trusting(issuer) as { signIn: Record<string, unknown> };
    const { clientSecret, ...signInWithout } = content.signIn;
    const again = await manage(longshore, 'PUT', '/trusted-issuers/local', { ...content, signIn: signInWithout });
    expect(JSON.stringify([again, await manage(longshore, 'GET', '/trusted-issuers')])).not.toContain(clientSecret);
    const ref = { container: 'registries', partition: ['default'], id: 'trusted-issuer:local' } as const;
    const stored = JSON.stringify(await longshore.memory.documents.readDocument(ref));
    expect(stored).toContain('longshore-portal');
    expect(stored).not.toContain(clientSecret);
    expect((await signIn(new Browser(longshore))).status).toBe(303);
  });

  it('asks for a secret, and takes a managed identity for Entra ID alone', async () => {
    const content = trusting(issuer) as { signIn: object };
    const asked: [object, string][] = [
      [{ clientId: 'other' }, 'clientSecret is missing'],
      [{ clientId: 'other', proof: 'managed-identity' }, 'Entra ID alone'],
      [{ clientId: 'other', proof: 'none', clientSecret: 'x' }, 'not used'],
    ];
    for (const [signInAs, why] of asked) await expect(trusted({ ...content, signIn: signInAs })).rejects.toThrow(why);
  });

  it('ends the session when the entry goes, wants other claims, or has another client', async () => {
    const changes: ((longshore: Required) => Promise<unknown>)[] = [
      (longshore) => manage(longshore, 'DELETE', '/trusted-issuers/local'),
      (longshore) =>
        manage(longshore, 'PUT', '/trusted-issuers/local', {
          ...trusting(issuer),
          conditions: [{ claim: 'sub', is: 'bob' }],
        }),
      (longshore) => manage(longshore, 'PUT', '/trusted-issuers/local', { ...trusting(issuer), signIn: undefined }),
    ];
    for (const change of changes) {
      const longshore = await trusted();
      const browser = new Browser(longshore);
      await signIn(browser);
      expect(await browser.kind()).toBe('issuer');
      clock.pass(1_000);
      await change(longshore);
      expect(await browser.kind()).toBe(401);
    }
  });

  it('says what is wrong when the conditions do not let the person in, or the issuer cannot be asked', async () => {
    const longshore = await trusted();
    issuer.claims = { sub: 'bob' };
    const refused = await signIn(new Browser(longshore));
    expect([refused.status, await refused.text()]).toEqual([403, expect.stringContaining('do not let you in')]);
    issuer.answer = { code: undefined, error: 'access_denied' };
    expect(await (await signIn(new Browser(longshore))).text()).toContain('access_denied');
    issuer.answer = { code: undefined, error: '<script>alert(1)</script>' };
    expect(await (await signIn(new Browser(longshore))).text()).not.toContain('<script>');
    issuer.discovery({ issuer: 'https://other.example' });
    const unknown = await signIn(new Browser(await trusted()));
    expect([unknown.status, await unknown.text()]).toEqual([503, expect.stringContaining('cannot be asked now')]);
    expect((await new Browser(longshore).send('/ui/session/oidc/nobody')).status).toBe(404);
  });
});
