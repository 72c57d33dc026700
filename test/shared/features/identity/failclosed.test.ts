import { describe, expect, it } from 'vitest';
import { CallPlan } from '../../../../shared/adapters/memory/calls.ts';
import { ask } from '../../image.ts';
import type { Required } from './required.ts';
import { basic, bearer, composeRequired, fetchToken, makeToken, postForm } from './required.ts';

const scope = 'repository:team/app:pull';

/** The requests of a caller whose rights are looked up in a store, with what it holds from before. */
const flows: Record<
  string,
  (longshore: Required, held: { password: string; access: string; refresh: string }) => Promise<Response>
> = {
  'a token by password': ({ app }, { password }) =>
    ask(app, 'GET', `/oauth2/token?scope=${scope}`, { headers: basic('ci', password) }),
  'a token by refresh token': (longshore, { refresh }) =>
    postForm(longshore, '/oauth2/token', { grant_type: 'refresh_token', refresh_token: refresh, scope }),
  'a token for everyone': ({ app }) => ask(app, 'GET', `/oauth2/token?scope=repository:public/app:pull`),
  'a request by password': ({ app }, { password }) => ask(app, 'GET', '/v2/', { headers: basic('ci', password) }),
  'a request by access token': ({ app }, { access }) => ask(app, 'GET', '/v2/', { headers: bearer(access) }),
  'a request of nobody': ({ app }) => ask(app, 'GET', '/v2/private/app/tags/list'),
  'a request of the management API': ({ app }, { password }) =>
    ask(app, 'GET', '/api/v1/openapi.json', { headers: basic('ci', password) }),
};

async function prepared() {
  const longshore = composeRequired();
  const password = await makeToken(longshore, 'ci', ['repositories/team/*/content/read', 'management/read']);
  const tokens = await fetchToken(longshore, basic('ci', password), [scope], '&offline_token=true');
  return { longshore, held: { password, access: tokens.access_token, refresh: tokens.refresh_token ?? '' } };
}

describe('an outage of the store', () => {
  it.each(Object.keys(flows))('at any call of %s is answered with 503, and what follows works again', async (name) => {
    const flow = flows[name];
    if (flow === undefined) throw new Error('no such flow');
    const { longshore, held } = await prepared();
    const well = composeRequired(longshore);
    const expected = (await flow(well, held)).status;
    const calls = well.memory.calls.total();
    expect(calls).toBeGreaterThan(0);
    for (let n = 1; n <= calls; n++) {
      const plan = new CallPlan().failOn(n, 1);
      const ill = composeRequired({ world: longshore.world, clock: longshore.clock, connection: { calls: plan } });
      expect((await flow(ill, held)).status).toBe(503);
      expect((await flow(ill, held)).status).toBe(expected);
    }
  });
});
