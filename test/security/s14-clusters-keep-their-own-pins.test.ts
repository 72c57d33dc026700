import { describe, expect, it } from 'vitest';
import type { Digest } from '../../shared/core/oci/digest.ts';
import { putInUse, sourcesAtMost } from '../../shared/features/purge/in-use.ts';
import {
  asAdmin,
  basic,
  bearer,
  composeRequired,
  fetchToken,
  makeToken,
  manage,
} from '../shared/features/identity/required.ts';
import { ask } from '../shared/image.ts';

const digests = Array.from({ length: 3 }, (_, n) => `sha256:${String(n).repeat(64)}` as Digest);
const pins = JSON.stringify({ digests, ttlSeconds: 3_600 });

async function clusters() {
  const one = composeRequired();
  const west = {
    ...basic('west', await makeToken(one, 'west', ['in-use/west/write'])),
    'content-type': 'application/json',
  };
  const east = {
    ...basic('east', await makeToken(one, 'east', ['in-use/east/write'])),
    'content-type': 'application/json',
  };
  const status = async (method: string, source: string, headers: Record<string, string>, body = pins) =>
    (await ask(one.app, method, `/api/v1/in-use/${source}`, { headers, ...(method === 'DELETE' ? {} : { body }) }))
      .status;
  const listed = async () =>
    (await manage<{ items: { source: string; digests: number }[] }>(one, 'GET', '/in-use')).items.map(
      ({ source, digests: count }) => `${source} ${count}`,
    );
  return { one, west, east, status, listed };
}

describe('pins of a cluster', () => {
  it('are replaced and deleted by callers who may write for that source, and by no other cluster', async () => {
    const { west, east, status, listed } = await clusters();
    expect(await status('PUT', 'west', west)).toBeOneOf([200, 201]);
    expect(await status('PUT', 'west', east, JSON.stringify({ digests: [], ttlSeconds: 60 }))).toBe(403);
    expect(await status('DELETE', 'west', east)).toBe(403);
    expect(await listed()).toEqual(['west 3']);
    expect(await status('PUT', 'east', east)).toBeOneOf([200, 201]);
    expect([await status('DELETE', 'west', west), await listed()]).toEqual([204, ['east 3']]);
  });

  it.each([
    'West',
    'west%2f..%2feast',
    'west/../east',
    'east/',
    'east%00',
    '*',
    '%65ast',
    'east?x=/in-use/west',
    'west%2feast',
    './east',
  ])('are not reached by another spelling: %s', async (spelling) => {
    const { west, east, status, listed } = await clusters();
    await status('PUT', 'east', east);
    expect([403, 404]).toContain(await status('PUT', spelling, west, JSON.stringify({ digests: [], ttlSeconds: 60 })));
    expect([403, 404]).toContain(await status('DELETE', spelling, west));
    expect(await listed()).toEqual(['east 3']);
  });

  it('of any new name are not made by a cluster', async () => {
    const { west, status, listed } = await clusters();
    for (let n = 0; n < 20; n += 1) expect(await status('PUT', `made-up-${n}`, west)).toBe(403);
    expect(await listed()).toEqual([]);
  });

  it('are no more reached with an access token than with the password', async () => {
    const { one, status } = await clusters();
    const password = await makeToken(one, 'north', ['in-use/north/write', 'repositories/team/*/content/read']);
    const { access_token: token } = await fetchToken(one, basic('north', password), [
      'management:in-use/north:write',
      'management:in-use/west:write',
      'management:in-use:write',
      'management:api:write',
    ]);
    const headers = { ...bearer(token), 'content-type': 'application/json' };
    expect([await status('PUT', 'north', headers), await status('PUT', 'west', headers)]).toEqual([201, 401]);
  });

  it('cannot be granted for all sources at once, and a scope map of before that does grants none', async () => {
    const { one, status } = await clusters();
    for (const action of [
      'in-use/write',
      'in-use/*/write',
      'in-use//write',
      'in-use/west/delete',
      'in-use/a/b/write',
    ]) {
      const answer = await ask(one.app, 'PUT', '/api/v1/scope-maps/all', {
        headers: { ...asAdmin, 'content-type': 'application/json' },
        body: JSON.stringify({ actions: [action] }),
      });
      expect(answer.status, action).toBe(400);
      expect(await answer.text()).toContain('in-use/SOURCE/write');
    }
    const password = await makeToken(one, 'south', ['in-use/south/write']);
    const id = 'scope-map:south';
    const found = await one.memory.documents.readDocument({ container: 'registries', partition: ['default'], id });
    await one.memory.documents.commitDocuments(
      'registries',
      ['default'],
      [{ do: 'upsert', document: { ...found?.document, id, actions: ['in-use/write'] } }],
    );
    one.clock.pass(120_000);
    expect(await status('PUT', 'south', { ...basic('south', password), 'content-type': 'application/json' })).toBe(403);
  });
});

describe("a registry's pins", () => {
  it('are of at most so many sources, also when all come at once; those that are there go on', async () => {
    const { one, status, listed } = await clusters();
    const asCaller = { ...asAdmin, 'content-type': 'application/json' };
    for (let n = 0; n < sourcesAtMost - 5; n += 1)
      await putInUse(
        { documents: one.memory.documents, clock: one.clock },
        'default' as never,
        `cluster-${n}`,
        digests,
        3_600,
      );
    const answers = await Promise.all(Array.from({ length: 40 }, (_, n) => status('PUT', `flood-${n}`, asCaller)));
    expect(answers).toContain(409);
    for (const answer of answers) expect([200, 409]).toContain(answer);
    expect((await listed()).length).toBeLessThanOrEqual(sourcesAtMost);
    expect(await status('PUT', 'cluster-1', asCaller)).toBeOneOf([200, 201]);
    // Their time is over: there is room again.
    one.clock.pass(3_601_000);
    expect(await status('PUT', 'flood-99', asCaller)).toBeOneOf([200, 201]);
  });

  it('are at most so many together; who names fewer than before may always', async () => {
    const { one, status } = await clusters();
    const many = Array.from({ length: 10_000 }, (_, n) => `sha256:${n.toString(16).padStart(64, '0')}` as Digest);
    for (let n = 0; n < 10; n += 1)
      await putInUse(
        { documents: one.memory.documents, clock: one.clock },
        'default' as never,
        `cluster-${n}`,
        many,
        3_600,
      );
    const asCaller = { ...asAdmin, 'content-type': 'application/json' };
    expect(await status('PUT', 'one-more', asCaller)).toBe(409);
    expect(await status('PUT', 'cluster-3', asCaller)).toBeOneOf([200, 201]);
    expect(await status('PUT', 'one-more', asCaller)).toBeOneOf([200, 201]);
  });
});
