import { createHash } from 'node:crypto';
import type { Browser, Page } from 'playwright-core';
import type { ApiDocument } from '../api/document.ts';
import { hostileText, hostileTexts, longText } from '../hostile.ts';
import { lyingAnswer } from '../lying-registry.ts';
import { settled } from './browser.ts';

/** Runs in the page before its own scripts: it notes what the policy had to stop. */
const watching = `
  globalThis.stopped = [];
  addEventListener('securitypolicyviolation', (event) => stopped.push(event.violatedDirective + ' ' + event.sample));
`;

/** Returns what a page does because of a text, or shows of it in a way that deceives. */
const looking = `(() => {
  const faults = [...stopped.map((each) => 'stopped by the policy: ' + each)];
  if (globalThis.struck !== undefined) faults.push('a script of the text ran: ' + globalThis.struck);
  if (Object.keys(Object.prototype).length > 0 || ({}).polluted !== undefined) faults.push('a prototype was changed');
  const ofMarkup = 'script, style, link, img, image, iframe, frame, object, embed, base, meta, use, foreignObject, b';
  const all = (selector) => document.body.querySelectorAll(selector);
  for (const each of all(ofMarkup)) faults.push('an element: ' + each.outerHTML.slice(0, 200));
  for (const each of all('[href], [src], [action], [formaction], [srcdoc]')) {
    const address = each.href ?? each.src ?? each.action ?? '';
    if (!address.startsWith(location.origin + '/')) faults.push('an address: ' + address.slice(0, 200));
  }
  const acting = /[^\\P{Cc}\\n\\t\\r]|[\\p{Cs}\\p{Zl}\\p{Zp}\\p{Default_Ignorable_Code_Point}\\ufff9-\\ufffb]/u;
  const check = (text, where) => {
    const [found] = acting.exec(text) ?? [];
    const name = 'U+' + found?.codePointAt(0).toString(16);
    if (found !== undefined) faults.push(name + ' is not seen in ' + where + ': ' + text.slice(0, 100));
  };
  check(document.title, 'the title of the page');
  for (const each of document.body.querySelectorAll('*')) {
    for (const { name, value } of each.attributes) {
      if (name.startsWith('on')) faults.push('a handler: ' + name + '=' + value.slice(0, 100));
      // The value of a field is what somebody edits; the others are not seen.
      if (!['value', 'href', 'datetime'].includes(name)) check(value, each.localName + '@' + name);
    }
    if (each.localName === 'textarea') continue;
    for (const node of each.childNodes) if (node.nodeType === 3) check(node.data, each.localName);
  }
  return faults;
})()`;

/** A whole address may not be as long as all of them together. */
const P = encodeURIComponent(`javascript:/*<img src=x onerror="globalThis.struck=9">\u202e\u0007\u200b`);
const named = [
  ...['repository', 'reference', 'search', 'prefix', 'policy', 'name', 'image', 'id', 'from', 'to', 'platform'],
  ...['after', 'sort', 'order', 'page', 'status'],
];
const everything = `${named.map((name) => `${name}=${P}`).join('&')}&__proto__=x&constructor=y#${P}`;

/** Every page with a hostile text in all that its address has. A page that is added is added here. */
const paths = [
  '/',
  ...[
    'repositories',
    'repositories?view=tree',
    'tags',
    'tags?view=all',
    'tags?view=untagged',
    'compare',
    'bin',
    'purge',
  ],
  ...[
    'image',
    'image?view=layers',
    'image?view=config',
    'image?view=referrers',
    'plan',
    'policies',
    'policies?view=quarantine',
    'policies?view=scan',
    'policies?view=exceptions',
    'policies?view=roots',
    'image?view=findings',
    'held',
    'webhooks',
    'webhook',
    'builds',
  ],
  ...['build', 'access', 'bases', 'regions', 'usage', 'settings', P, '/evil.example/'],
].map((path) => (path === '/' ? path : `/${path}`));

export interface Seen {
  readonly path: string;
  readonly faults: readonly string[];
  /** The length of what the page shows: a page that shows nothing shows nothing wrong. */
  readonly shown: number;
}

/** Opens every page over a registry whose every string is hostile, presses what opens something, and looks. */
export async function lookAtHostilePages(browser: Browser, url: string, document: ApiDocument): Promise<Seen[]> {
  const context = await browser.newContext();
  await context.addInitScript(watching);
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('dialog', (dialog) => {
    faults.push(`a dialog of the browser: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('popup', () => faults.push('a window was opened'));
  page.on('pageerror', ({ message }) => faults.push(`an error: ${message}`));
  page.on('framenavigated', (frame) => {
    if (!frame.url().startsWith(`${url}/ui`)) faults.push(`it went to ${frame.url()}`);
  });
  await page.route('**/api/v1/**', async (route) => {
    const asked = new Request(route.request().url(), { method: route.request().method() });
    const answer = lyingAnswer(document, asked, hostileText);
    const body = answer.status === 204 ? '' : await answer.text();
    await route.fulfill({ status: answer.status, headers: Object.fromEntries(answer.headers), body });
  });
  const seen: Seen[] = [];
  for (const path of paths) {
    await page.goto(`${url}/ui${path}${path.includes('?') ? '&' : '?'}${everything}`);
    await settled(page);
    faults.push(...(await lookedAt(page)));
    await pressAll(page, faults);
    const shown = ((await page.locator('body').textContent()) ?? '').length;
    seen.push({ path: path.slice(0, 40), faults: [...new Set(faults.splice(0))], shown });
  }
  await context.close();
  return seen;
}

async function lookedAt(page: Page): Promise<string[]> {
  return page.evaluate(looking);
}

/** Presses the buttons that differ, and looks at what each opens. */
async function pressAll(page: Page, faults: string[]): Promise<void> {
  const differing = `(() => {
    const seen = new Set();
    const all = [...document.querySelectorAll('main button')].filter((each) => each.checkVisibility());
    const looks = (each) => each.className + each.textContent;
    return all.filter((each) => !seen.has(looks(each)) && seen.add(looks(each)));
  })()`;
  const count: number = await page.evaluate(`${differing}.length`);
  for (let at = 0; at < Math.min(count, 8); at++) {
    await page.evaluate(`${differing}[${at}]?.click()`);
    await page.evaluate('new Promise((done) => setTimeout(done, 30))');
    faults.push(...(await lookedAt(page)));
    for (let open = 0; open < 2; open++) await page.keyboard.press('Escape');
  }
}

/** Pushes an image to a registry that does not lie: what it takes of these texts, it shows. */
export async function pushHostileImage(url: string, repository: string): Promise<void> {
  const base = `${url}/v2/${repository}`;
  const blob = async (mediaType: string, bytes: Uint8Array<ArrayBuffer>) => {
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    const begun = await fetch(`${base}/blobs/uploads/`, { method: 'POST' });
    const place = new URL(begun.headers.get('location') ?? '', url);
    place.searchParams.set('digest', digest);
    const ended = await fetch(place, { method: 'PUT', body: bytes });
    if (ended.status !== 201) throw new Error(`a blob was answered with ${ended.status}`);
    return { mediaType, digest, size: bytes.length };
  };
  const bytesOf = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
  const layer = await blob('application/vnd.oci.image.layer.v1.tar+gzip', new TextEncoder().encode('a layer'));
  const named = { ...hostileTexts, [hostileTexts.prototype]: 'a', [hostileTexts.constructor]: 'b', long: longText };
  const labels = Object.fromEntries(
    Object.entries(named).flatMap(([name, text]) => [
      [name, text],
      [text.slice(0, 200), name],
    ]),
  );
  const values = Object.values(hostileTexts);
  const config = await blob(
    'application/vnd.oci.image.config.v1+json',
    bytesOf({
      os: hostileText,
      architecture: hostileText,
      variant: hostileText,
      'os.version': hostileText,
      author: hostileText,
      created: hostileTexts.turned,
      config: {
        User: hostileText,
        WorkingDir: hostileText,
        StopSignal: hostileText,
        Env: values,
        Entrypoint: values,
        Cmd: values,
        Labels: labels,
        ExposedPorts: Object.fromEntries(values.map((text) => [text, {}])),
        Volumes: Object.fromEntries(values.map((text) => [text, {}])),
        Healthcheck: { Test: values },
      },
      rootfs: { type: 'layers', diff_ids: [layer.digest] },
      history: values.map((text, at) => ({ created_by: text, comment: text, author: text, empty_layer: at > 0 })),
    }),
  );
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const annotations = {
    ...labels,
    'org.opencontainers.image.source': hostileTexts.link,
    'org.opencontainers.image.url': hostileTexts.data,
    'org.opencontainers.image.documentation': hostileTexts.homoglyph,
  };
  const manifest = bytesOf({ schemaVersion: 2, mediaType, config, layers: [{ ...layer, annotations }], annotations });
  const answer = await fetch(`${base}/manifests/hostile`, {
    method: 'PUT',
    body: manifest,
    headers: { 'content-type': mediaType },
  });
  if (answer.status !== 201) throw new Error(`${answer.status} ${await answer.text()}`);
}

/** Opens the pages of that image, as the registry shows it. */
export async function lookAtHostileImage(browser: Browser, url: string, repository: string): Promise<Seen[]> {
  const context = await browser.newContext();
  await context.addInitScript(watching);
  const page = await context.newPage();
  const seen: Seen[] = [];
  const image = `image?repository=${repository}&reference=hostile`;
  for (const path of [`tags?repository=${repository}`, image, `${image}&view=layers`, `${image}&view=config`]) {
    await page.goto(`${url}/ui/${path}`);
    await settled(page);
    const faults = await lookedAt(page);
    await pressAll(page, faults);
    seen.push({ path, faults, shown: ((await page.locator('main').textContent()) ?? '').length });
  }
  // A text that was pasted is searched for, and is nothing else.
  for (const text of Object.values(hostileTexts)) {
    await page.locator('#search').fill(text.toWellFormed());
    await page.keyboard.press('Enter');
    await settled(page);
    seen.push({ path: `a search for ${text.slice(0, 20)}`, faults: await lookedAt(page), shown: 1_000 });
  }
  await context.close();
  return seen;
}
