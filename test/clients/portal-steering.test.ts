import { describe, expect, it } from 'vitest';
import { trusting } from '../shared/features/identity/sign-in-issuer.ts';
import { makeImage } from '../shared/image.ts';
import { axeFaults, cutOff, keepPicture, settled, stretched, walkByKeyboard } from './browser.ts';
import { attackFrom, startOtherSite } from './other-site.ts';
import { built, describeBuilds } from './portal-builds.ts';
import { callsBy } from './portal-calls.ts';
import { describeChanges } from './portal-changes.ts';
import {
  button,
  closeTab,
  forgetFaults,
  issuer,
  open,
  openSignedIn,
  page,
  receiver,
  registry,
  signIn,
} from './portal-signed-in.ts';
import { describeVerdicts } from './portal-verdicts.ts';

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
    // The receiver wants no more, and later it does again.
    receiver.answer.status = 410;
    await push('team/hook', '2', makeImage('hook 2'));
    await page.getByText(/^It is off: /).waitFor({ timeout: 60_000 });
    await page.getByRole('row', { name: /team\/hook.*cancelled/ }).waitFor();
    receiver.answer.status = 200;
    await button('Switch on').click();
    await button('Redeliver many').click();
    await page.getByRole('dialog').getByRole('button', { name: 'Redeliver' }).click();
    await page.getByText(/^Redelivering what failed since/).waitFor();
    await row.nth(1).waitFor({ timeout: 60_000 });
    await button('Ping').click();
    await page.getByRole('row', { name: /Ping.*delivered/ }).waitFor({ timeout: 30_000 });
  });

  it('show on the overview a light for each webhook, with the time of its last delivery', async () => {
    await openSignedIn('/');
    const lights = page.getByRole('region', { name: 'Webhooks' }).getByRole('listitem');
    // The stack is two days ahead of the browser.
    const light = lights.filter({ hasText: /^✓ working cihook delivered \S/ });
    await light.waitFor();
    expect(await light.getByRole('time').getAttribute('title')).toMatch(/\d:\d\d/);
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

  it('delete 500 tags that match, though the tab is closed meanwhile, and bring all of them back', async () => {
    const { tagsOf } = callsBy(registry);
    const before = await tagsOf('team/bulk');
    expect(before).toHaveLength(502);
    await openSignedIn('/tags?repository=team/bulk&search=pr-*');
    await button('Select all 500 that match').click();
    await button('Delete …').click();
    const begun = page.waitForResponse((each) => each.url().endsWith('/bulk-deletions') && each.status() === 202);
    await button('Delete 500 tags').click();
    expect(await (await begun).json()).toMatchObject({ state: 'running', matched: 500 });
    await closeTab();
    await open('/tags?repository=team/bulk');
    await page.getByText(/^\d+ of 500 deleted$/).waitFor();
    await keepPicture(page, 'bulk');
    await page.getByText(/^500 deletions done/).waitFor({ timeout: 240_000 });
    expect(await tagsOf('team/bulk')).toEqual(['kept-0', 'kept-1']);
    await page.getByText('1–2 of 2').waitFor();
    await button('Undo').click();
    await page.getByText('1–100 of 502').waitFor({ timeout: 240_000 });
    expect(await tagsOf('team/bulk')).toEqual(before);
  }, 600_000);

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
});

describeChanges();
describeBuilds();
describeVerdicts();

const paths = [
  '/bin',
  '/purge',
  '/plan?policy=stale',
  '/webhooks',
  '/webhook?name=cihook',
  '/builds',
  '/build?image=live/app:1',
  '/access',
  '/bases?image=live/base:1',
  '/regions',
  '/usage',
  '/settings',
];

describe.each(paths)('the page %s with content', (path) => {
  it('asks at most three times, breaks no rule of accessibility, is walked by keys, and fits every screen', async () => {
    const asked: string[] = [];
    page.on('request', (request) => {
      if (request.url().includes('/api/v1/') && !request.url().endsWith('/me')) asked.push(request.url());
    });
    await openSignedIn(path.startsWith('/build?') ? `${path}&id=${built.id}` : path);
    await settled(page);
    expect(asked.length).toBeLessThanOrEqual(3);
    expect(asked.length).toBeGreaterThan(0);
    expect(await page.locator('.failure').allInnerTexts()).toEqual([]);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      expect([colorScheme, await axeFaults(page)]).toEqual([colorScheme, []]);
    }
    await keepPicture(page, `page${path.replace(/\W+/g, '-')}`);
    const { reached, faults: unreached } = await walkByKeyboard(page);
    expect(unreached).toEqual([]);
    expect(reached).toBeGreaterThan(5);
    await page.setViewportSize({ width: 2560, height: 1440 });
    expect(await stretched(page)).toEqual([]);
    await keepPicture(page, `page${path.replace(/\W+/g, '-')}-wide`);
    await page.setViewportSize({ width: 360, height: 800 });
    // A chart is drawn again once the browser says that it has another size.
    await expect.poll(() => cutOff(page)).toEqual([]);
    expect(await axeFaults(page)).toEqual([]);
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
    await page.getByTitle('admin admin').waitFor();
    // A breach of a policy that the browser reports in such a page is what was hoped for.
    forgetFaults();
  });
});
