import { describe, expect, it } from 'vitest';
import { rememberPeer } from '../../../../shared/core/http/peer.ts';
import { ask } from '../../image.ts';
import { asAdmin, bearer, codeOf, composeRequired, fetchToken } from './required.ts';

const few = { read: 3, write: 2, delete: 1 };

describe('rate limits', () => {
  it("let a minute's requests through, then answer 429 until the time that they say", async () => {
    const longshore = composeRequired({ rateLimits: { registry: few } });
    const get = () => ask(longshore.app, 'GET', '/v2/', { headers: asAdmin });
    for (const left of [2, 1, 0]) expect((await get()).headers.get('ratelimit')).toContain(`"read";r=${left};`);
    const refused = await get();
    expect([
      refused.status,
      refused.headers.get('retry-after'),
      refused.headers.get('ratelimit-policy'),
      refused.headers.get('ratelimit'),
    ]).toEqual([429, '20', '"read";q=3;w=60', '"read";r=0;t=60']);
    expect(await codeOf(refused)).toBe('TOOMANYREQUESTS');
    longshore.clock.pass(19_999);
    expect((await get()).status).toBe(429);
    longshore.clock.pass(1);
    expect((await get()).status).toBe(200);
    expect((await get()).status).toBe(429);
  });

  it('count reads, writes and deletes apart', async () => {
    const { app } = composeRequired({ rateLimits: { registry: few } });
    const status = async (method: string) =>
      (
        await ask(app, method, '/v2/team/app/manifests/v1', {
          headers: asAdmin,
          ...(method === 'PUT' ? { body: '{}' } : {}),
        })
      ).status;
    expect([await status('DELETE'), await status('DELETE')]).toEqual([404, 429]);
    expect([await status('PUT'), await status('PUT'), await status('PUT')]).toEqual([400, 400, 429]);
    expect([await status('GET'), await status('HEAD'), await status('GET'), await status('HEAD')]).toEqual([
      404, 404, 404, 429,
    ]);
  });

  it('of an identity leave the others alone', async () => {
    const longshore = composeRequired({ rateLimits: { identity: few } });
    for (let n = 0; n < 3; n++) await ask(longshore.app, 'GET', '/v2/', { headers: asAdmin });
    expect((await ask(longshore.app, 'GET', '/v2/', { headers: asAdmin })).status).toBe(429);
    expect((await ask(longshore.app, 'GET', '/v2/')).status).toBe(401);
  });

  it('count a refused request nowhere', async () => {
    const longshore = composeRequired({ rateLimits: { identity: { ...few, read: 1 }, registry: { ...few, read: 2 } } });
    for (let n = 0; n < 5; n++) await ask(longshore.app, 'GET', '/v2/', { headers: asAdmin });
    const stranger = () => {
      const request = new Request('http://registry.test/v2/', { headers: bearer('not.a.token') });
      rememberPeer(request, '192.0.2.7');
      return longshore.app.fetch(request);
    };
    expect((await stranger()).status).toBe(401);
    expect((await stranger()).status).toBe(429);
  });

  it('count the same identity whether it comes by password or by token', async () => {
    const longshore = composeRequired({ rateLimits: { identity: few } });
    const { access_token } = await fetchToken(longshore, asAdmin);
    await ask(longshore.app, 'GET', '/v2/', { headers: bearer(access_token) });
    await ask(longshore.app, 'GET', '/v2/', { headers: asAdmin });
    expect((await ask(longshore.app, 'GET', '/v2/', { headers: bearer(access_token) })).status).toBe(429);
  });

  it('are no headers where there are none', async () => {
    expect((await ask(composeRequired().app, 'GET', '/v2/', { headers: asAdmin })).headers.get('ratelimit')).toBeNull();
  });
});
