import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from 'playwright-core';

/** A site of somebody else, whose pages may do whatever a page can. */
export interface OtherSite {
  /** Another host, and the same host at another port, to whose pages a browser gives the same cookies. */
  readonly origins: readonly string[];
  stop(): void;
}

export async function startOtherSite(): Promise<OtherSite> {
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html');
    response.end('<!doctype html><title>Another site</title><h1>Another site</h1>');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { origins: [`http://localhost:${port}`, `http://127.0.0.1:${port}`], stop: () => void server.close() };
}

/** A form whose body is JSON, for who does not look at its type. */
const sendForm = `(action, text, target) => {
  const form = Object.assign(document.createElement('form'), { method: 'POST', action, enctype: 'text/plain', target });
  const [name, value] = [text.slice(0, -1) + ',"x":"', '"}'];
  form.append(Object.assign(document.createElement('input'), { name, value }));
  document.body.append(form);
  form.submit();
}`;

/** Runs in a page of the other site: it does all that a page can do to the registry, and returns what it could read. */
const attack = `async (registry) => {
  const sendForm = ${sendForm};
  const read = [];
  const token = JSON.stringify({ name: 'stolen', scopeMap: '_repositories_admin' });
  const wait = (ms) => new Promise((done) => setTimeout(done, ms));
  const asPortal = { 'content-type': 'application/json', 'x-longshore-portal': '1' };
  const tries = [
    ['POST', '/api/v1/tokens', token, { 'content-type': 'text/plain' }],
    ['POST', '/api/v1/tokens', token, asPortal],
    ['PUT', '/api/v1/scope-maps/stolen', '{"actions":["management/write"]}', asPortal],
    ['DELETE', '/ui/session', undefined, { 'x-longshore-portal': '1' }],
    ['POST', '/ui/session', JSON.stringify({ username: 'evil', password: 'evil' }), { 'content-type': 'text/plain' }],
    ['POST', '/api/v1/soft-delete', '{"enabled":false}', { 'content-type': 'text/plain' }],
    ['GET', '/api/v1/tokens', undefined, {}],
    ['GET', '/api/v1/me', undefined, { 'x-longshore-portal': '1' }],
  ];
  for (const mode of ['no-cors', 'cors'])
    for (const [method, path, body, headers] of tries)
      try {
        const answer = await fetch(registry + path, { method, mode, body, headers, credentials: 'include' });
        const text = await answer.text();
        const name = method + ' ' + path + ' by ' + mode;
        if (text !== '' || answer.status !== 0) read.push(name + ': ' + answer.status + text.slice(0, 100));
      } catch {}
  const frame = (name) => Object.assign(document.createElement('iframe'), { name });
  const into = frame('into');
  document.body.append(into);
  const forms = [
    ['/api/v1/tokens', token],
    ['/ui/session', '{"username":"evil","password":"evil"}'],
    ['/api/v1/bulk-deletions', '{"repository":"team/plan","search":"*"}'],
  ];
  for (const [path, text] of forms) {
    sendForm(registry + path, text, 'into');
    await wait(150);
  }
  for (const path of ['/api/v1/tokens', '/ui/session', '/ui/']) {
    const image = new Image();
    const ended = new Promise((done) => (image.onload = image.onerror = done));
    image.src = registry + path;
    document.body.append(image);
    await ended;
    if (image.width > 0 && image.complete && image.naturalWidth > 0) read.push('an image of ' + path);
  }
  for (const path of ['/ui/', '/ui/access', '/api/v1/tokens', '/ui/session/issuers']) {
    const framed = frame('framed');
    const ended = new Promise((done) => (framed.onload = done));
    framed.src = registry + path;
    document.body.append(framed);
    await Promise.race([ended, wait(2000)]);
  }
  const script = document.createElement('script');
  const ended = new Promise((done) => (script.onload = script.onerror = done));
  script.src = registry + '/api/v1/tokens';
  document.head.append(script);
  await ended;
  return read;
}`;

/** Attacks from a page of the other site, and returns what that page could read or show. */
export async function attackFrom(page: Page, origin: string, registry: string): Promise<string[]> {
  await page.goto(origin);
  const read: string[] = await page.evaluate(`(${attack})(${JSON.stringify(registry)})`);
  for (const frame of page.frames().slice(1)) {
    const shown =
      (await frame
        .locator('body')
        .textContent({ timeout: 1_000 })
        .catch(() => '')) ?? '';
    // An error of the registry may be shown in a frame, for it says nothing; what is the portal's may not.
    if (/Overview|Sign out|Sign in|password|"items"|scopeMap/.test(shown))
      read.push(`in a frame: ${shown.slice(0, 200)}`);
  }
  // A form or a link may lead the whole window to the registry.
  const stolen = '{"name":"stolen","scopeMap":"_repositories_admin"}';
  await page.evaluate(
    `(${sendForm})(${JSON.stringify(`${registry}/api/v1/tokens`)}, ${JSON.stringify(stolen)}, '_self')`,
  );
  await page.waitForURL(`${registry}/**`);
  await page.goto(origin);
  await page.evaluate(`location.href = ${JSON.stringify(`${registry}/api/v1/tokens`)}`);
  await page.waitForURL(`${registry}/**`);
  return read;
}
