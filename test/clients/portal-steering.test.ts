import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startReceiver } from '../local/stack/receiver.ts';
import type { SignInIssuer } from '../shared/features/identity/sign-in-issuer.ts';
import { startSignInIssuer, trusting } from '../shared/features/identity/sign-in-issuer.ts';
import { makeImage } from '../shared/image.ts';
import { axeFaults, keepPicture, startBrowser } from './browser.ts';
import { attackFrom, startOtherSite } from './other-site.ts';
import { callsBy } from './portal-calls.ts';
import type { PortalStack } from './portal-stack.ts';
import { startLaterStack } from './portal-stack.ts';

let registry: PortalStack;
const aheadMs = 2 * 86_400_000;
let receiver: Awaited<ReturnType<typeof startReceiver>>;
let issuer: SignInIssuer;
let browser: Browser;
let page: Page;
const faults: string[] = [];

beforeAll(async () => {
  [registry, receiver, issuer, browser] = await Promise.all([
    startLaterStack(async (stack) => {
      for (const tag of ['1', '2']) await callsBy(stack).push('team/plan', tag, makeImage(`plan ${tag}`));
    }),
    startReceiver(),
    startSignInIssuer(() => new Date(Date.now() + aheadMs)),
    startBrowser(),
  ]);
});
afterAll(async () => {
  await browser.close();
  issuer.stop();
  await receiver.stop();
  await registry.stop();
});

beforeEach(async () => {
  const context = await browser.newContext({ locale: 'en-GB' });
  page = await context.newPage();
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => {
    if (/Content Security Policy|TrustedHTML/i.test(message.text())) faults.push(message.text());
  });
});
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') await keepPicture(page, `failed ${task.name.slice(0, 40)}`);
  await page.context().close();
  // Nothing that a page does is against its own policy, and nothing in it throws.
  expect(faults.splice(0)).toEqual([]);
});

const open = (path: string) => page.goto(`${registry.stack.url}/ui${path}`);
const button = (name: string | RegExp) => page.getByRole('button', { name });

async function signIn(username = 'admin', password = registry.password): Promise<void> {
  await page.getByLabel('Name of the token, or admin', { exact: true }).fill(username);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await button('Sign in').click();
}

async function openSignedIn(path: string): Promise<void> {
  await open(path);
  await signIn();
  await button('Sign out').waitFor();
}

describe('signing in to the portal', () => {
  it('with a wrong password says so, with the right one shows the page, and after signing out asks again', async () => {
    await open('/bin');
    await signIn('admin', 'wrong');
    await page.getByRole('alert').getByText('the credentials are wrong').waitFor();
    await keepPicture(page, 'sign-in');
    await signIn();
    await page.getByRole('heading', { name: 'Recycle bin' }).waitFor();
    await page.reload();
    await page.getByRole('heading', { name: 'Recycle bin' }).waitFor();
    const cookies = await page.context().cookies();
    expect(cookies.map(({ httpOnly, sameSite }) => ({ httpOnly, sameSite }))).toEqual([
      { httpOnly: true, sameSite: 'Lax' },
    ]);
    await button('Sign out').click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await page.context().addCookies(cookies);
    await page.reload();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  });

  it('through an issuer leads back to the page that was asked for', async () => {
    await registry.manage('PUT', '/scope-maps/operators', { actions: ['management/read'] });
    await registry.manage('PUT', '/trusted-issuers/local', trusting(issuer, 'operators'));
    await open('/webhooks?x=1');
    await page.getByRole('link', { name: /The local issuer/ }).click();
    await page.getByRole('heading', { name: 'Webhooks' }).waitFor();
    expect(new URL(page.url()).pathname).toBe('/ui/webhooks');
    await page.getByText('Ada').waitFor();
    const add = button('Add a webhook');
    expect(await add.getAttribute('aria-disabled')).toBe('true');
    expect(await add.getAttribute('title')).toContain('management/write');
  });
});

const paths = [
  '/bin',
  '/purge',
  '/plan?policy=stale',
  '/webhooks',
  '/webhook?name=cihook',
  '/builds',
  '/access',
  '/bases?image=team/app:gone',
  '/regions',
  '/usage',
  '/settings',
];

describe('the pages that steer a registry', () => {
  it('show a deletion, and restore it', async () => {
    const { push, remove, statusOf } = callsBy(registry);
    await push('team/app', 'gone', makeImage('gone'));
    await remove('team/app', 'gone');
    expect(await statusOf('team/app', 'gone')).toBe(404);
    await openSignedIn('/bin');
    const row = page.getByRole('row', { name: /gone/ });
    await row.waitFor();
    await keepPicture(page, 'bin');
    await row.getByRole('button', { name: 'gone' }).click();
    await page.getByRole('dialog').getByRole('rowheader', { name: 'gone' }).waitFor();
    await page.keyboard.press('Escape');
    await row.getByRole('button', { name: 'Restore' }).click();
    await page.getByText(/1 tag are back|are back/).waitFor();
    expect(await statusOf('team/app', 'gone')).toBe(200);
  });

  it('review a plan item by item, approve it by its hash, and find what is gone in the bin', async () => {
    const { tagsOf } = callsBy(registry);
    await openSignedIn('/purge');
    await button('Add a policy').click();
    await page.getByLabel('Name', { exact: true }).fill('stale');
    await page.getByLabel('Repositories', { exact: true }).fill('team/plan');
    await page.getByLabel('An image goes that', { exact: true }).selectOption('beyondNewest');
    await page.getByLabel('So many', { exact: true }).fill('1');
    await page.getByLabel('Brake, in percent', { exact: true }).fill('100');
    await button('Add, and show its plan').click();
    await page.getByText('There is no plan yet.').waitFor();
    await button('Make a new plan').click();
    const item = page.getByRole('table', { name: 'What goes' }).getByRole('row', { name: /team\/plan:1/ });
    await item.waitFor({ timeout: 60_000 });
    expect(await item.innerText()).toContain('pushed');
    await keepPicture(page, 'plan');
    await button('Approve').click();
    await page
      .getByRole('dialog')
      .getByRole('button', { name: /^Remove/ })
      .click();
    await expect.poll(() => tagsOf('team/plan'), { timeout: 60_000 }).toEqual(['2']);
    await open('/bin?repository=team/plan');
    await page.getByRole('row', { name: /stale/ }).first().waitFor();
  });

  it('show what a webhook was sent and what came back, and send it again', async () => {
    const { push } = callsBy(registry);
    await openSignedIn('/webhooks');
    await button('Add a webhook').click();
    await page.getByLabel('Name', { exact: true }).fill('cihook');
    await page.getByLabel('URL of the receiver', { exact: true }).fill(receiver.url);
    await page.getByRole('dialog').getByRole('button', { name: 'Add' }).click();
    await page.getByText('It is shown this once').waitFor();
    // Neither Escape, pressed as often as one likes, nor a click beside it takes away what is shown once.
    for (let time = 0; time < 3; time++) await page.keyboard.press('Escape');
    await page.mouse.click(5, 5);
    await page.getByText('It is shown this once').waitFor();
    await button('I have kept it').click();
    await push('team/hook', '1', makeImage('hook'));
    await page.getByRole('link', { name: 'cihook' }).click();
    const row = page.getByRole('row', { name: /team\/hook.*delivered/ });
    await row.waitFor({ timeout: 60_000 });
    const before = receiver.deliveries.length;
    await row.getByRole('button', { name: 'Redeliver' }).click();
    await expect.poll(() => receiver.deliveries.length, { timeout: 30_000 }).toBe(before + 1);
    await row.getByRole('button').first().click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('Attempt 1 (event)').waitFor();
    expect(await dialog.innerText()).toContain('200 OK');
    await keepPicture(page, 'webhook');
    await page.keyboard.press('Escape');
    await button('Ping').click();
    await expect.poll(() => receiver.deliveries.length, { timeout: 30_000 }).toBe(before + 2);
  });

  it('make a token, show its passwords once, say what it may do, and take that away', async () => {
    const { loginStatus } = callsBy(registry);
    await openSignedIn('/access');
    await button('Add a scope map').click();
    await page.getByLabel('Name', { exact: true }).fill('readers');
    await page.getByLabel('Actions, one a line', { exact: true }).fill('repositories/team/*/content/read');
    await button('Save').click();
    await page.getByRole('row', { name: /readers/ }).waitFor();
    await button('Add a token').click();
    await page.getByLabel('Name', { exact: true }).fill('reader');
    await page.getByLabel('Scope map', { exact: true }).selectOption('readers');
    await page.getByRole('dialog').getByRole('button', { name: 'Add' }).click();
    const secrets = page.getByRole('dialog', { name: 'Passwords' });
    await secrets.waitFor();
    const password = await secrets.locator('code').first().innerText();
    await button('I have kept it').click();
    expect(await page.locator('main').innerText()).not.toContain(password);
    expect(await loginStatus('reader', password)).toBe(200);
    const form = page.getByRole('form', { name: 'May somebody do something?' });
    await form.getByLabel('Token', { exact: true }).fill('reader');
    await form.getByLabel('Action', { exact: true }).selectOption('push');
    await form.getByLabel('Repository', { exact: true }).fill('team/app');
    await form.getByRole('button', { name: 'Ask' }).click();
    await form.getByText(/it needs repositories\/team\/app\/content\/write/).waitFor();
    await keepPicture(page, 'access');
    await button('Disable reader').click();
    await page.getByRole('row', { name: /reader .*disabled/ }).waitFor();
    expect(await loginStatus('reader', password)).toBe(401);
  });

  it('change a webhook, and let a receiver change over to a new secret', async () => {
    const put = { serviceUri: receiver.url, actions: ['push'], scope: 'team/*' };
    await registry.manage('PUT', '/webhooks/changed', put);
    await openSignedIn('/webhook?name=changed');
    await button(/^Change$/).click();
    const form = page.getByRole('dialog', { name: 'Change changed' });
    await form.getByLabel('Scope', { exact: true }).fill('team/other');
    await form.getByLabel('Longshore.TagMoved', { exact: true }).check();
    await form.getByRole('button', { name: 'Save' }).click();
    await page.getByText('team/other').waitFor();
    expect(await registry.manage('GET', '/webhooks/changed', undefined)).toMatchObject({
      scope: 'team/other',
      actions: ['push', 'Longshore.TagMoved'],
    });
    expect(await button('End the newest secret').getAttribute('aria-disabled')).toBe('true');
    await button('New secret').click();
    await page.getByRole('dialog').getByRole('button', { name: 'Make it' }).click();
    await button('I have kept it').click();
    await page.getByRole('heading', { name: '2 secrets' }).waitFor();
    await button('End the secret before').click();
    await page.getByRole('dialog').getByRole('button', { name: 'End it' }).click();
    await page.getByRole('heading', { name: '1 secret' }).waitFor();
  });

  it('change a purge policy by all its fields, and show what it would remove then', async () => {
    const remove = [{ name: 'old', olderThanDays: 300 }];
    await registry.manage('PUT', '/purge/policies/changed', { repositories: { include: ['team/hook'] }, remove });
    await openSignedIn('/purge');
    await button('Change changed').click();
    const form = page.getByRole('dialog', { name: 'Change changed' });
    await form.getByLabel('Was pushed before days', { exact: true }).fill('400');
    await button('Another: it stays if all of this holds').click();
    const keep = form.getByRole('group', { name: 'It stays if all of this holds (1)' });
    await keep.getByLabel('Name of the rule', { exact: true }).fill('ours');
    await keep.getByLabel('Has these labels', { exact: true }).fill('team=us');
    await form.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Nothing would go.').waitFor({ timeout: 60_000 });
    expect(await registry.manage('GET', '/purge/policies/changed', undefined)).toMatchObject({
      policy: {
        repositories: { include: ['team/hook'] },
        remove: [{ name: 'old', olderThanDays: 400 }],
        keep: [{ name: 'ours', labels: { team: 'us' } }],
      },
    });
  });

  it('show no answer beside a question that it does not answer, in whatever order answers come', async () => {
    await openSignedIn('/access');
    let [isFirst, letGo] = [true, () => {}];
    await page.route('**/api/v1/access?*', async (route) => {
      if (isFirst) {
        isFirst = false;
        await new Promise<void>((resolve) => (letGo = resolve));
      }
      // The page has given up the first by now.
      await route.continue().catch(() => {});
    });
    const form = page.getByRole('form', { name: 'May somebody do something?' });
    const asked = page.waitForRequest('**/api/v1/access?*');
    await form.getByLabel('Repository', { exact: true }).fill('team/first');
    await form.getByRole('button', { name: 'Ask' }).click();
    await asked;
    await form.getByLabel('Repository', { exact: true }).fill('team/second');
    await form.getByRole('button', { name: 'Ask' }).click();
    await form.getByText(/team\/second/).waitFor();
    letGo();
    await page.waitForLoadState('networkidle');
    expect(await form.getByText(/team\/first/).count()).toBe(0);
    await form.getByLabel('Repository', { exact: true }).fill('team/third');
    await form.getByText(/team\/second/).waitFor({ state: 'detached' });
  });

  it('keep what is typed in the settings while they are saved, and say when somebody else has saved first', async () => {
    const stored = { enabled: true, retentionDays: 10, restoreOnPull: true };
    await registry.manage('PUT', '/soft-delete', stored);
    await openSignedIn('/settings');
    const card = page.getByRole('region', { name: 'Recycle bin' });
    const days = card.getByLabel('For so many days', { exact: true });
    await days.fill('20');
    await card.getByRole('button', { name: 'Save' }).click();
    await page.getByText('The recycle bin is changed.').waitFor();
    expect(await days.inputValue()).toBe('20');
    await days.fill('30');
    await registry.manage('PUT', '/soft-delete', { ...stored, restoreOnPull: false });
    await card.getByRole('button', { name: 'Save' }).click();
    await page.getByText(/Somebody else has changed this/).waitFor();
    await expect.poll(() => card.getByLabel('Restore what is pulled', { exact: true }).isChecked()).toBe(false);
    expect(await days.inputValue()).toBe('30');
    await card.getByRole('button', { name: 'Save' }).click();
    const saved = () => registry.manage('GET', '/soft-delete', undefined);
    await expect.poll(saved).toEqual({ ...stored, retentionDays: 30, restoreOnPull: false });
  });

  it('read the log of a build from where it was read to, follow its end, and stop when it has ended', async () => {
    await openSignedIn('/builds');
    const asked: (string | null)[] = [];
    const lines = (part: number) => Array.from({ length: 300 }, (_, at) => `line ${part * 300 + at}\n`).join('');
    // The answers of the API: what a build prints, and how fast, must not be a matter of chance here.
    await page.route('**/api/v1/builds/*/log?*', (route) => {
      const part = asked.push(new URL(route.request().url()).searchParams.get('after')) - 1;
      const headers = {
        'X-Longshore-Log-Cursor': `1.${part}.-1`,
        ...(part === 9 ? { 'X-Longshore-Log-Ended': 'true' } : {}),
      };
      return route.fulfill({ contentType: 'text/plain', headers, body: lines(part) });
    });
    await open('/build?id=00000000-0000-4000-8000-000000000000&image=team/app:1');
    const log = page.getByLabel('Lines of the log');
    await log.getByText(/line 299/).waitFor();
    const box = "document.querySelector('.log')";
    const fromEnd = () => page.evaluate<number>(`${box}.scrollHeight - ${box}.scrollTop - ${box}.clientHeight`);
    await expect.poll(fromEnd).toBeLessThan(24);
    await page.evaluate(`${box}.scrollTo({ top: 0 })`);
    await button('Follow the end').waitFor();
    await log.getByText(/line 1199/).waitFor();
    expect(await fromEnd()).toBeGreaterThan(24);
    await button('Follow the end').click();
    await page.getByText('ended', { exact: true }).waitFor({ timeout: 30_000 });
    await expect.poll(fromEnd).toBeLessThan(24);
    expect(asked).toEqual(['', ...Array.from({ length: 9 }, (_, part) => `1.${part}.-1`)]);
    const shown = (await log.innerText()).split('\n').filter((line) => line !== '');
    expect([shown.length <= 2_000, shown.at(-1)]).toEqual([true, 'line 2999']);
  });

  it('say why an image was not built', async () => {
    await openSignedIn('/builds');
    await page.getByLabel('Image', { exact: true }).fill('team/app:gone');
    await page.getByLabel('Base', { exact: true }).fill('base:1');
    await button('Explain').click();
    await page
      .getByRole('status')
      .filter({ hasText: /not-a-dependent|base-unknown|not-learned-yet/ })
      .first()
      .waitFor();
    await keepPicture(page, 'builds');
  });

  it('ask the registry at most three times each, and break no rule of accessibility in either theme', async () => {
    await openSignedIn('/bin');
    for (const path of paths) {
      const asked: string[] = [];
      const listen = (request: { url(): string }) => {
        if (request.url().includes('/api/v1/') && !request.url().endsWith('/me')) asked.push(request.url());
      };
      page.on('request', listen);
      await open(path);
      await page.locator('main h1').waitFor();
      await page.waitForLoadState('networkidle');
      page.off('request', listen);
      expect([path, asked.length <= 3 && asked.length > 0]).toEqual([path, true]);
      expect([path, await page.locator('.failure').allInnerTexts()]).toEqual([path, []]);
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        expect([path, colorScheme, await axeFaults(page)]).toEqual([path, colorScheme, []]);
      }
      await keepPicture(page, `page${path.replace(/\W+/g, '-')}`);
    }
  });
});

describe('a page of another site, in the browser of somebody who is signed in', () => {
  it('reads nothing, changes nothing, signs nobody in or out, and shows nothing of the portal in a frame', async () => {
    const site = await startOtherSite();
    const authorization = `Basic ${Buffer.from(`admin:${registry.password}`).toString('base64')}`;
    const read = async (path: string) =>
      (await fetch(`${registry.stack.url}/api/v1${path}`, { headers: { authorization } })).json();
    const state = async () => Promise.all(['/tokens', '/scope-maps', '/soft-delete'].map(read));
    await openSignedIn('/bin');
    const before = await state();
    for (const origin of site.origins)
      expect([origin, await attackFrom(page, origin, registry.stack.url)]).toEqual([origin, []]);
    site.stop();
    expect(await state()).toEqual(before);
    expect(await callsBy(registry).tagsOf('team/plan')).toContain('2');
    // The session is there still, and is its owner's.
    await open('/bin');
    await button('Sign out').waitFor();
    await page.getByText('admin', { exact: true }).waitFor();
    // A breach of a policy that the browser reports in such a page is what was hoped for.
    faults.splice(0);
  });
});
