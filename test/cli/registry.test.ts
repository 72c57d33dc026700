import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { User } from './run.ts';
import { registryUrl, userOf } from './run.ts';

let user: User;
beforeEach(async () => {
  user = await userOf(undefined);
});
afterEach(() => user.remove());

const json = (value: unknown, init: ResponseInit = {}) => Response.json(value, init);
const answering = (...answers: (() => Response)[]) => {
  let at = 0;
  return async () => Promise.resolve((answers[Math.min(at++, answers.length - 1)] ?? (() => json({ items: [] })))());
};
const failing =
  (code: string, name = 'TypeError') =>
  async () =>
    Promise.reject(
      Object.assign(new Error('fetch failed', { cause: Object.assign(new Error(code), { code }) }), { name }),
    );
const token = (name: string) => ({
  name,
  scopeMap: 'm',
  status: 'enabled',
  passwords: [],
  createdAt: '2026-01-01T00:00:00Z',
  updatedAt: '',
});

describe('a list', () => {
  it('asks for the next page when it is wanted, and ends when the reader does', async () => {
    const pages = answering(
      () => json({ items: [token('a'), token('b')], nextLink: '/api/v1/tokens?continuation=2' }),
      () => json({ items: [token('c')] }),
    );
    const all = await user.run(['tokens', 'ls', '-o', 'name'], { fetch: pages });
    expect([all.code, all.out, all.requests.length]).toEqual([0, 'a\nb\nc\n', 2]);
    const first = await user.run(['tokens', 'ls', '-o', 'name'], {
      readsOnly: 1,
      fetch: answering(() => json({ items: [token('a'), token('b')], nextLink: '/api/v1/tokens?continuation=2' })),
    });
    expect([first.code, first.out, first.err, first.requests.length]).toEqual([0, 'a\n', '', 1]);
  });

  it.each([
    'http://evil.test/api/v1/tokens',
    '//evil.test/x',
    'https://registry.test/api/v1/tokens',
    'http://registry.test:81/x',
  ])('does not follow %s to another host', async (nextLink) => {
    const ran = await user.run(['tokens', 'ls', '-o', 'name'], {
      fetch: answering(() => json({ items: [token('a')], nextLink })),
    });
    expect([ran.code, ran.requests.length]).toEqual([1, 1]);
    expect(ran.err).toContain('another host');
  });

  it('ends when the registry names the same page again and again', async () => {
    const ran = await user.run(['tokens', 'ls'], {
      fetch: answering(() => json({ items: [token('a')], nextLink: '/api/v1/tokens?limit=100' })),
    });
    expect([ran.code, ran.requests.length]).toEqual([1, 1]);
  });

  it('is an array of the items as JSON, and an empty array where there is none', async () => {
    const one = await user.run(['tokens', 'ls', '-o', 'json'], {
      fetch: answering(() => json({ items: [token('a')] })),
    });
    expect(JSON.parse(one.out)).toEqual([token('a')]);
    const none = await user.run(['tokens', 'ls', '-o', 'json'], { fetch: answering(() => json({ items: [] })) });
    expect([none.out, none.code]).toEqual(['[]\n', 0]);
    const table = await user.run(['tokens', 'ls'], { fetch: answering(() => json({ items: [] })) });
    expect([table.out, table.err]).toEqual(['', expect.stringContaining('tokens create NAME')]);
  });
});

describe('an answer that is no success', () => {
  it.each([
    [
      '401 without credentials',
      401,
      { errors: [{ code: 'unauthorized', message: 'authentication required' }] },
      3,
      /longshore login registry\.test/,
    ],
    [
      '403',
      403,
      { errors: [{ code: 'forbidden', message: 'it needs management/read' }] },
      3,
      /management\/read; longshore me/,
    ],
    ['a lock', 405, { errors: [{ code: 'locked', message: 'it is locked' }] }, 3, /it is locked/],
    ['a conflict', 409, { errors: [{ code: 'planChanged', message: 'the plan changed' }] }, 1, /the plan changed/],
    ['500', 500, { errors: [{ code: 'internalError', message: 'failed' }] }, 1, /failed \(request r-1\)/],
  ])('by %s is one sentence with its exit code', async (_, status, body, code, says) => {
    const ran = await user.run(['tokens', 'ls'], {
      fetch: answering(() => json(body, { status, headers: { 'x-request-id': 'r-1' } })),
    });
    expect([ran.code, ran.out]).toEqual([code, '']);
    expect(ran.err).toMatch(says);
    expect(ran.err.trim().split('\n')).toHaveLength(1);
  });

  it("that is a proxy's page says so, and shows nothing of the page", async () => {
    const page = () =>
      new Response('<!doctype html><title>nope\u001b[2J</title>', {
        status: 404,
        headers: { 'content-type': 'text/html' },
      });
    const ran = await user.run(['tokens', 'ls'], { fetch: answering(page) });
    expect([ran.code, ran.err]).toEqual([
      1,
      expect.stringMatching(/404 and a page of HTML: a proxy may stand .* longshore doctor registry\.test\n$/),
    ]);
  });

  it('that is a page in place of JSON with 200 says so', async () => {
    const ran = await user.run(['tokens', 'ls'], { fetch: answering(() => new Response('<html>')) });
    expect([ran.code, ran.err]).toEqual([1, expect.stringContaining('not JSON')]);
  });

  it('that redirects is not followed', async () => {
    const ran = await user.run(['tokens', 'ls'], {
      fetch: answering(() => new Response(null, { status: 302, headers: { location: 'http://evil.test/' } })),
    });
    expect([ran.code, ran.requests.length, ran.err]).toEqual([1, 1, expect.stringContaining('does not follow')]);
  });

  it('that asks to wait is asked again as late as it says, and not for ever', async () => {
    const busy = () =>
      json(
        { errors: [{ code: 'tooManyRequests', message: 'slow down' }] },
        { status: 429, headers: { 'retry-after': '7' } },
      );
    const later = await user.run(['tokens', 'ls', '-o', 'name'], {
      fetch: answering(busy, busy, () => json({ items: [token('a')] })),
    });
    expect([later.code, later.pauses, later.out]).toEqual([0, [7000, 7000], 'a\n']);
    const never = await user.run(['tokens', 'ls'], { fetch: answering(busy) });
    expect([never.code, never.requests.length, never.err]).toEqual([1, 5, 'slow down; ask again later\n']);
    const long = () =>
      json(
        { errors: [{ code: 'tooManyRequests', message: 'slow down' }] },
        { status: 429, headers: { 'retry-after': '86400' } },
      );
    expect((await user.run(['tokens', 'ls'], { fetch: answering(long) })).pauses).toEqual([]);
  });

  it('is not sent twice when it may have been done: a POST that a store was too slow for', async () => {
    const busy = () =>
      json(
        { errors: [{ code: 'storeUnavailable', message: 'no answer' }] },
        { status: 503, headers: { 'retry-after': '1' } },
      );
    const ran = await user.run(['builds', 'retry', 'b'], { fetch: answering(busy) });
    expect([ran.code, ran.requests.length]).toEqual([1, 1]);
  });

  it('is harmless on the terminal, whatever the registry writes', async () => {
    const message = 'no\u001b]0;owned\u0007\u202e\nsecond line';
    const ran = await user.run(['tokens', 'ls'], {
      terminal: { columns: 80 },
      fetch: answering(() => json({ errors: [{ code: 'x', message }] }, { status: 400 })),
    });
    expect(ran.err).toMatch(/^[ -~]+\n$/);
  });
});

describe('a registry that cannot be reached', () => {
  it.each([
    ['ECONNREFUSED', /nothing listens at registry\.test/],
    ['ENOTFOUND', /there is no host registry\.test/],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', /not trusted .*NODE_EXTRA_CA_CERTS/],
    ['ERR_TLS_CERT_ALTNAME_INVALID', /for another name/],
    ['ERR_SSL_WRONG_VERSION_NUMBER', /speaks no TLS: give its URL with http/],
    ['ODD', /cannot be asked \(ODD\): run longshore doctor/],
  ])('with %s says why and what to do', async (code, says) => {
    const ran = await user.run(['tokens', 'ls'], { fetch: failing(code) });
    expect([ran.code, ran.out]).toEqual([1, '']);
    expect(ran.err).toMatch(says);
  });

  it('that does not answer in time says how to allow more', async () => {
    const ran = await user.run(['tokens', 'ls', '--timeout', '9'], { fetch: failing('x', 'TimeoutError') });
    expect([ran.code, ran.err]).toEqual([1, expect.stringMatching(/within 9 s: .*--timeout/)]);
  });
});

describe('credentials', () => {
  const seen = async (args: readonly string[], env: Record<string, string>) => {
    const ran = await user.run(args, { env, fetch: answering(() => json({ items: [], regions: [] })) });
    return [new URL(ran.requests[0]?.url ?? 'http://none').origin, ran.requests[0]?.headers.get('authorization')];
  };
  const basic = `Basic ${Buffer.from('ci:secret').toString('base64')}`;
  const env = { LONGSHORE_USERNAME: 'ci', LONGSHORE_PASSWORD: 'secret' };

  it('of the environment go to the registry that the environment or --registry names', async () => {
    expect(await seen(['tokens', 'ls'], env)).toEqual([registryUrl, basic]);
    expect(await seen(['tokens', 'ls', '-r', 'other.test'], { ...env, LONGSHORE_URL: '' })).toEqual([
      'https://other.test',
      basic,
    ]);
    expect(await seen(['tokens', 'ls'], { LONGSHORE_TOKEN: 'abc' })).toEqual([registryUrl, 'Bearer abc']);
  });

  it('of the environment go to no host that only a reference names', async () => {
    expect(await seen(['bin', 'ls', 'evil.test/team/app'], env)).toEqual(['https://evil.test', null]);
    expect(await seen(['bin', 'ls', 'http://registry.test/team/app'], env)).toEqual([registryUrl, basic]);
  });

  it('are in no message', async () => {
    const ran = await user.run(['tokens', 'ls'], { env, fetch: failing('ODD') });
    expect(ran.err + ran.out).not.toContain('secret');
    const typed = await user.run(['tokens', 'ls', '-r', 'https://ci:secret@registry.test'], { env: {} });
    expect([typed.code, typed.err]).toEqual([2, expect.not.stringContaining('secret')]);
  });
});

describe('a command that is typed wrong', () => {
  it.each([
    [['tags', '--nonsense']],
    [['nonsense']],
    [[]],
    [['bin']],
    [['bin', 'nonsense']],
    [['tokens', 'ls', '-o', 'xml']],
    [['why', 'ci', 'fly', 'team/app']],
    [['bases', 'tree', 'team/app']],
    [['bin', 'ls', 'team/app:1']],
    [['webhooks', 'redeliver', 'first1']],
    [['tokens', 'ls', '--timeout', 'soon']],
    [['tokens', 'ls', '-r', 'nobody']],
    [['completion', 'constructor']],
    [['bin', 'ls', 'other.test/team/app', '-r', 'registry.test']],
  ])('%j ends with 2, one line and no request', async (args) => {
    const ran = await user.run(args);
    expect([ran.code, ran.out, ran.requests]).toEqual([2, '', []]);
    expect(ran.err).toMatch(/^[ -~]+\n$/);
  });

  it('without any registry says the three ways to name one', async () => {
    const ran = await user.run(['tokens', 'ls'], { env: { LONGSHORE_URL: '' } });
    expect([ran.code, ran.err]).toEqual([
      2,
      expect.stringMatching(/longshore login HOST, set LONGSHORE_URL, or give --registry/),
    ]);
  });
});
