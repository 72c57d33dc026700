import { mkdir } from 'node:fs/promises';
import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { chromium } from 'playwright-core';

/** Debian's own: nothing is downloaded. */
export function startBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
}

/** A page of the portal, and what has gone wrong in it. */
interface Opened {
  readonly page: Page;
  /** Breaches of the policy, errors of scripts, and requests to other hosts. */
  readonly faults: string[];
  /** All requests by their method and path. */
  readonly requests: string[];
}

interface Looks {
  readonly theme?: 'light' | 'dark';
  readonly width?: number;
}

/** Opens an address in a browser without a past, and waits until the page shows what it has asked for. */
export async function open(browser: Browser, address: string, { theme = 'light', width = 1280 }: Looks = {}) {
  const page = await browser.newPage({ colorScheme: theme, viewport: { width, height: 800 } });
  const { origin } = new URL(address);
  const faults: string[] = [];
  const requests: string[] = [];
  page.on('pageerror', ({ message }) => faults.push(message));
  page.on('console', (message) => {
    if (message.type() === 'error' || /Content Security Policy|TrustedHTML/i.test(message.text()))
      faults.push(message.text());
  });
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (url.protocol === 'data:') return;
    if (url.origin !== origin) faults.push(`a request to ${url.origin}`);
    requests.push(`${request.method()} ${url.pathname}`);
  });
  await page.goto(address);
  await settled(page);
  return { page, faults, requests } satisfies Opened;
}

/** Waits until nothing on the page is being loaded. */
export async function settled(page: Page): Promise<void> {
  await page.locator('main h1').waitFor();
  await page.locator('main .loading, main [aria-busy=true]').first().waitFor({ state: 'detached' });
}

/** Keeps a picture of the page, whole, where `LONGSHORE_SCREENSHOTS` names a folder. */
export async function keepPicture(page: Page, name: string): Promise<void> {
  const folder = process.env.LONGSHORE_SCREENSHOTS;
  if (folder === undefined) return;
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: `${folder}/${name}.png`, fullPage: true });
}

/** Returns what axe finds wrong, each with the element that it is about. */
export async function axeFaults(page: Page): Promise<string[]> {
  // The page's policy lets no script in by an element; the browser's own protocol asks nobody.
  await page.evaluate(axe.source);
  return page.evaluate(`axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) =>
    violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => id + ': ' + html.slice(0, 200))))`);
}

/** Returns the elements that are not whole on the screen, or that make the page wider than it. */
export async function cutOff(page: Page): Promise<string[]> {
  return page.evaluate(`(() => {
    const wide = document.documentElement.clientWidth;
    const isHidden = (element) => element.closest('.unseen, .skip, [hidden]') !== null;
    const isScrolled = (element) => {
      for (let at = element.parentElement; at !== null && at !== document.body; at = at.parentElement)
        if (['auto', 'scroll'].includes(getComputedStyle(at).overflowX)) return true;
      return false;
    };
    const found = [...document.querySelectorAll('body *')].filter((element) => {
      const box = element.getBoundingClientRect();
      return box.width > 0 && (box.right > wide + 1 || box.left < -1) && !isHidden(element) && !isScrolled(element);
    });
    if (document.documentElement.scrollWidth > wide) found.push(document.documentElement);
    return found.map((element) => element.outerHTML.slice(0, 150));
  })()`);
}

/** The pixels of about 110 letters of the portal's size: a reader finds the next line. */
const longestLine = 800;

/**
 * Returns what a wide screen stretches beyond use: lines of text that nobody can follow, controls that are longer than
 * what is put into them, and a page that is wider than its window. A log and a document keep the lines that they have.
 */
export async function stretched(page: Page): Promise<string[]> {
  return page.evaluate(`(() => {
    const [most, root] = [${longestLine}, document.documentElement];
    const seen = (selector) => [...document.querySelectorAll(selector)].filter((each) => each.checkVisibility());
    const shown = (element, width) => Math.round(width) + ' px: ' + element.outerHTML.slice(0, 150);
    const width = (element) => element.getBoundingClientRect().width;
    const found = seen('main p, main .button, main input, main select, main textarea, main .command, main meter')
      .filter((each) => width(each) > most).map((each) => shown(each, width(each)));
    const texts = document.createTreeWalker(document.querySelector('main'), NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const { currentNode: text } = texts;
      if (text.parentElement.closest('pre') !== null) continue;
      const range = document.createRange();
      range.selectNodeContents(text);
      const longest = Math.max(0, ...[...range.getClientRects()].map((line) => line.width));
      if (longest > most) found.push(shown(text.parentElement, longest));
    }
    if (root.scrollWidth > root.clientWidth) found.push(shown(root, root.scrollWidth));
    return found;
  })()`);
}

/** The findings of a walk through a page by the Tab key. */
export interface Walk {
  readonly reached: number;
  /** Controls that the walk did not come to, and those at which no focus is seen. */
  readonly faults: readonly string[];
}

/** Walks through a page by the Tab key alone. */
export async function walkByKeyboard(page: Page): Promise<Walk> {
  await page.evaluate(`(() => {
    const controls = 'a[href], button, input, select, textarea, summary, [tabindex="0"]';
    globalThis.unreached = new Set([...document.querySelectorAll(controls)].filter((each) => each.checkVisibility()));
    globalThis.walkFaults = [];
    document.activeElement?.blur?.();
  })()`);
  let reached = 0;
  for (let step = 0; step < 1_500; step++) {
    await page.keyboard.press('Tab');
    const isOver = await page.evaluate(`(() => {
      const at = document.activeElement;
      if (at === null || at === document.body || !globalThis.unreached.has(at)) return true;
      globalThis.unreached.delete(at);
      const { outlineStyle, outlineWidth } = getComputedStyle(at);
      if (outlineStyle === 'none' || parseFloat(outlineWidth) < 1)
        globalThis.walkFaults.push('no focus is seen: ' + at.outerHTML.slice(0, 150));
      return false;
    })()`);
    if (isOver === true) break;
    reached += 1;
  }
  const faults: string[] = await page.evaluate(`[...globalThis.walkFaults,
    ...[...globalThis.unreached].map((each) => 'not reached: ' + each.outerHTML.slice(0, 150))]`);
  return { reached, faults };
}
