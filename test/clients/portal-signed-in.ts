import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import type { RepositoryName } from '../../shared/core/oci/name.ts';
import { startReceiver } from '../local/stack/receiver.ts';
import type { SignInIssuer } from '../shared/features/identity/sign-in-issuer.ts';
import { startSignInIssuer } from '../shared/features/identity/sign-in-issuer.ts';
import { makeImage } from '../shared/image.ts';
import { keepPicture, startBrowser } from './browser.ts';
import { copyTag } from './many-tags.ts';
import { callsBy } from './portal-calls.ts';
import type { PortalStack } from './portal-stack.ts';
import { startLaterStack } from './portal-stack.ts';

/** A stack where people sign in, and a tab of a browser in which each test begins without a past. */
export let registry: PortalStack;
export let receiver: Awaited<ReturnType<typeof startReceiver>>;
export let issuer: SignInIssuer;
export let page: Page;
let browser: Browser;
let session: Awaited<ReturnType<ReturnType<Page['context']>['cookies']>> | undefined;
const aheadMs = 2 * 86_400_000;
const faults: string[] = [];
/** The tags that team/bulk has beside two others. */
const manyTags = Array.from({ length: 500 }, (_, at) => `pr-${at}`);

beforeAll(async () => {
  [registry, receiver, issuer, browser] = await Promise.all([
    startLaterStack(
      async (stack) => {
        const { push } = callsBy(stack);
        for (const tag of ['1', '2']) await push('team/plan', tag, makeImage(`plan ${tag}`));
        for (const tag of ['kept-0', 'kept-1']) await push('team/bulk', tag, makeImage(`bulk ${tag}`));
      },
      async (state) => {
        for (const at of [0, 1])
          await copyTag(state, 'team/bulk' as RepositoryName, `kept-${at}`, manyTags.slice(at * 250, at * 250 + 250));
      },
    ),
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
  context.on('page', (opened) => {
    opened.on('pageerror', (error) => faults.push(error.message));
    opened.on('console', (message) => {
      if (/Content Security Policy|TrustedHTML/i.test(message.text())) faults.push(message.text());
    });
  });
  page = await context.newPage();
});

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') await keepPicture(page, `failed ${task.name.slice(0, 40)}`);
  await page.context().close();
  // Nothing that a page does is against its own policy, and nothing in it throws.
  expect(faults.splice(0)).toEqual([]);
});

/** Forgets what the pages of this test were reported for. */
export const forgetFaults = () => void faults.splice(0);

export const open = (path: string) => page.goto(`${registry.stack.url}/ui${path}`);
export const button = (name: string | RegExp) => page.getByRole('button', { name });

/** Closes the tab, as its user does, and opens another one in the same browser. */
export async function closeTab(): Promise<void> {
  const context = page.context();
  await page.close();
  page = await context.newPage();
}

export async function signIn(username = 'admin', password = registry.password): Promise<void> {
  await page.getByLabel('Name of the token, or admin', { exact: true }).fill(username);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await button('Sign in').click();
}

/** Opens a page as the administrator, who signs in once for all tests. */
export async function openSignedIn(path: string): Promise<void> {
  if (session !== undefined) await page.context().addCookies(session);
  await open(path);
  if (session === undefined) await signIn();
  await button('Sign out').waitFor();
  session ??= await page.context().cookies();
}
