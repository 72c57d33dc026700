import { describe, expect, it } from 'vitest';
import { ask, makeImage, pushImage } from '../../image.ts';
import { basic, composeRequired, makeToken } from '../identity/required.ts';
import { call, explained, planOf, policed, putPolicy } from './policed.ts';

const repository = 'team/app';
const digest = `sha256:${'2'.repeat(64)}`;

describe('the pins of a source', () => {
  it('keep their images until they expire, and for no longer than the source repeats them', async () => {
    const longshore = policed();
    const { app } = longshore;
    const image = makeImage('running', 0);
    await pushImage(app, repository, 'running', image);
    await putPolicy(app, { brakePercent: 100, remove: [{ name: 'old', olderThanDays: 10 }] });
    longshore.passDays(11);
    expect((await planOf(app)).tags).toBe(1);
    await call(app, 'PUT', '/in-use/west', { digests: [image.digest, image.digest], ttlSeconds: 2 * 24 * 3600 });
    expect((await planOf(app)).tags).toBe(0);
    const nightly = async () =>
      (await explained(app, `${repository}:running`)).policies.find(({ policy }) => policy === 'nightly');
    expect((await nightly())?.tags).toMatchObject([
      {
        verdict: 'keep',
        rule: 'in-use',
        why: 'west says that it is in use, until 2026-01-14T00:00:00.000Z',
        dueAt: '2026-01-14T00:00:00.000Z',
      },
    ]);
    longshore.passDays(1);
    await call(app, 'PUT', '/in-use/west', { digests: [], ttlSeconds: 3600 });
    expect((await nightly())?.tags).toMatchObject([{ verdict: 'due' }]);
    await call(app, 'PUT', '/in-use/east', { digests: [image.digest], ttlSeconds: 3600 });
    longshore.passDays(1.5);
    expect((await planOf(app)).tags).toBe(1);
  });

  it('are listed by source, and deleted on request', async () => {
    const { app } = policed();
    await call(app, 'PUT', '/in-use/west', { digests: [digest], ttlSeconds: 3600 });
    expect((await call(app, 'GET', '/in-use')).body).toEqual({
      items: [
        { source: 'west', digests: 1, expiresAt: '2026-01-01T01:00:00.000Z', updatedAt: '2026-01-01T00:00:00.000Z' },
      ],
    });
    expect([
      (await call(app, 'DELETE', '/in-use/west')).status,
      (await call(app, 'DELETE', '/in-use/west')).status,
    ]).toEqual([204, 404]);
    expect((await call(app, 'GET', '/in-use')).body).toEqual({ items: [] });
  });

  it.each([
    ['a digest that is none', 'west', { digests: ['team/app:v1'], ttlSeconds: 3600 }],
    ['a time that is too short', 'west', { digests: [digest], ttlSeconds: 1 }],
    ['a source that is no name', 'we%2Fst', { digests: [digest], ttlSeconds: 3600 }],
  ])('is refused with %s', async (_, source, body) => {
    expect((await call(policed().app, 'PUT', `/in-use/${source}`, body)).status).toBe(400);
  });

  it('may be sent by a token that may do nothing else of the management API', async () => {
    const longshore = composeRequired();
    const { app } = longshore;
    const cluster = {
      ...basic('west', await makeToken(longshore, 'west', ['in-use/west/write'])),
      'content-type': 'application/json',
    };
    const reader = {
      ...basic('reader', await makeToken(longshore, 'reader', ['management/read'])),
      'content-type': 'application/json',
    };
    const body = JSON.stringify({ digests: [digest], ttlSeconds: 3600 });
    expect((await ask(app, 'PUT', '/api/v1/in-use/west', { body, headers: cluster })).status).toBeOneOf([200, 201]);
    expect((await ask(app, 'PUT', '/api/v1/in-use/west', { body, headers: reader })).status).not.toBeOneOf([200, 201]);
    for (const [method, path] of [
      ['GET', '/in-use'],
      ['GET', '/purge/policies'],
      ['PUT', '/soft-delete'],
      ['POST', '/purge/policies/default/plan'],
      ['PUT', '/in-use/../soft-delete'],
    ] as const) {
      const asked = await ask(app, method, `/api/v1${path}`, {
        headers: cluster,
        ...(method === 'GET' ? {} : { body: '{}' }),
      });
      expect([401, 403], `${method} ${path}`).toContain(asked.status);
    }
  });
});

describe('a policy that cannot be', () => {
  it.each([
    ['a rule that demands nothing', { remove: [{ name: 'all' }] }, 'a rule must have at least one of untaggedDays'],
    ['no rule', { remove: [] }, 'remove'],
    [
      'two rules of one name',
      {
        remove: [
          { name: 'a', olderThanDays: 1 },
          { name: 'a', olderThanDays: 2 },
        ],
      },
      'two rules have the same name',
    ],
    ['a range that is none', { remove: [{ name: 'a', semver: 'not a range' }] }, 'is not a range of semantic versions'],
    [
      'a pattern that is none',
      { repositories: { include: ['Team/*'] }, remove: [{ name: 'a', olderThanDays: 1 }] },
      'is not a repository name or a pattern',
    ],
    ['a word that there is not', { remove: [{ name: 'a', olderThanDay: 1 }] }, 'olderThanDay'],
    [
      'a time that there is not',
      { schedule: { every: 'day', at: '25:00' }, remove: [{ name: 'a', olderThanDays: 1 }] },
      'must be a time of day',
    ],
  ])('is refused with %s, and it is said what is wrong', async (_, policy, why) => {
    const { status, body } = await call(policed().app, 'PUT', '/purge/policies/mine', policy);
    expect([status, body.errors?.[0]?.message]).toEqual([400, expect.stringContaining(why)]);
  });
});
