import { describe, expect, it } from 'vitest';
import { composeForTest, testEnvironment } from '../../../../shared/app/compose-for-test.ts';
import { parseConfig } from '../../../../shared/app/config/config.ts';
import { settingsOf } from '../../../../shared/app/config/settings-of.ts';
import type { PortalFile } from '../../../../shared/core/ports/portal.ts';

const file = (text: string): PortalFile => ({
  bytes: Buffer.from(text),
  gz: Buffer.from(`gz ${text}`),
  br: Buffer.from(`br ${text}`),
});
const files = new Map([
  ['index.html', file('<!doctype html>')],
  ['assets/main-ABCDEFGH.js', file('start()')],
  ['assets/style-ABCDEFGH.css', file('body{}')],
]);
const { app } = composeForTest({ adapters: { portal: () => Promise.resolve(files) } });

function get(path: string, headers: Record<string, string> = {}, method = 'GET') {
  return Promise.resolve(app.fetch(new Request(`http://registry.example${path}`, { method, headers })));
}

describe('the files of the portal', () => {
  it('are kept for ever by their hashed names, by everybody', async () => {
    const answer = await get('/ui/assets/main-ABCDEFGH.js');
    expect(answer.status).toBe(200);
    expect(answer.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(answer.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
    expect(answer.headers.get('vary')).toBe('Accept-Encoding');
    expect(await answer.text()).toBe('start()');
  });

  it.each(['/ui/', '/ui/tags', '/ui/image?repository=team/app&reference=1.0', '/ui/team/app.js', '/ui/a/b/c'])(
    'are, at %s, the one page, which nobody may keep without asking',
    async (path) => {
      const answer = await get(path);
      expect(answer.status).toBe(200);
      expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
      expect(answer.headers.get('cache-control')).toBe('no-cache');
      expect(await answer.text()).toBe('<!doctype html>');
    },
  );

  it.each([
    '/ui/assets/main-ZZZZZZZZ.js',
    '/ui/assets/',
    '/ui/assets/../index.html.br',
    '/ui/assets/%2e%2e/files.json',
  ])('do not have %s, and nobody keeps that answer', async (path) => {
    const answer = await get(path);
    // A URL that leads out of the folder is made shorter by the client already, and is the page.
    const isOut = path.includes('..') || path.includes('%2e');
    expect(answer.status).toBe(isOut ? 200 : 404);
    if (!isOut) expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  it('are sent in the form that the client takes', async () => {
    const encodings = await Promise.all(
      [
        'gzip, deflate, br',
        'gzip',
        'br;q=0, gzip;q=0.5',
        'br;q=0.1, gzip',
        '*',
        'identity',
        '',
        'gzip;q=0',
        'x-gzip',
      ].map(async (accepted) => {
        const answer = await get('/ui/assets/main-ABCDEFGH.js', { 'accept-encoding': accepted });
        const text = await answer.text();
        expect(answer.headers.get('content-length')).toBe(String(text.length));
        return `${String(answer.headers.get('content-encoding'))}: ${text}`;
      }),
    );
    const [br, gz, as] = ['br: br start()', 'gzip: gz start()', 'null: start()'];
    expect(encodings).toEqual([br, gz, gz, gz, br, as, as, as, gz]);
  });

  it('are not sent again to those who have them', async () => {
    const etag = (await get('/ui/')).headers.get('etag') ?? '';
    expect(etag).toMatch(/^W\/"[\w-]+"$/);
    const again = await get('/ui/tags', { 'if-none-match': `"other", ${etag}` });
    expect(again.status).toBe(304);
    expect(await again.text()).toBe('');
    expect(again.headers.get('content-security-policy')).not.toBeNull();
    expect((await get('/ui/', { 'if-none-match': '"other"' })).status).toBe(200);
  });

  it('answer HEAD with the same headers and no body', async () => {
    const [head, whole] = await Promise.all([get('/ui/', {}, 'HEAD'), get('/ui/')]);
    expect(head.status).toBe(200);
    expect(await head.text()).toBe('');
    for (const name of ['content-length', 'content-type', 'etag', 'cache-control', 'content-security-policy'])
      expect(head.headers.get(name)).toBe(whole.headers.get(name));
  });

  it.each(['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])('answer %s with 405', async (method) => {
    const answer = await get('/ui/tags', {}, method);
    expect(answer.status).toBe(405);
    expect(answer.headers.get('allow')).toBe('GET, HEAD');
  });
});

describe('the policy of the portal', () => {
  it.each(['/ui/', '/ui/assets/main-ABCDEFGH.js', '/ui/assets/none.js'])('comes with %s', async (path) => {
    const { headers } = await get(path);
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).toContain("base-uri 'none'");
    expect(policy).toContain("require-trusted-types-for 'script'");
    expect(policy).not.toMatch(/unsafe|\*|https?:/);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('x-frame-options')).toBe('DENY');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(headers.get('cross-origin-opener-policy')).toBe('same-origin');
  });
});

describe('the root of the registry', () => {
  const browser = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8', 'sec-fetch-mode': 'navigate' };

  it('sends a browser to the portal', async () => {
    const answer = await get('/', browser);
    expect([answer.status, answer.headers.get('location')]).toEqual([302, '/ui/']);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect((await get('/ui')).headers.get('location')).toBe('/ui/');
  });

  it.each([
    ['curl', { accept: '*/*' }],
    ['a script of a page', { accept: 'text/html', 'sec-fetch-mode': 'cors' }],
    ['a client without Accept', {}],
  ])('tells %s what this is', async (_, headers: Record<string, string>) => {
    const answer = await get('/', headers);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('vary')).toContain('Accept');
    expect(await answer.text()).toContain('docker login registry.example');
  });

  it('tells a browser what this is where there is no portal', async () => {
    const none = composeForTest();
    const answer = await none.app.fetch(new Request('http://registry.example/', { headers: browser }));
    expect(answer.status).toBe(200);
    const page = await none.app.fetch(new Request('http://registry.example/ui/'));
    expect(page.status).toBe(404);
    expect(await page.text()).toContain('npm run portal');
  });

  it('has no other methods than before', async () => {
    expect((await get('/', {}, 'POST')).status).toBe(404);
  });
});

describe('LONGSHORE_PORTAL=off', () => {
  it('serves no portal, and sends nobody there', async () => {
    const settings = settingsOf(parseConfig({ ...testEnvironment, LONGSHORE_PORTAL: 'off' }));
    const off = composeForTest({ settings, adapters: { portal: () => Promise.resolve(files) } });
    const answer = await off.app.fetch(new Request('http://registry.example/', { headers: { accept: 'text/html' } }));
    expect(answer.status).toBe(200);
    expect((await off.app.fetch(new Request('http://registry.example/ui/'))).status).toBe(404);
  });
});
