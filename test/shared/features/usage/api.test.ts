import { beforeAll, describe, expect, it } from 'vitest';
import { createMemoryWorld } from '../../../../shared/adapters/memory/world.ts';
import type { TestLongshore } from '../../../../shared/app/compose-for-test.ts';
import { composeForTest } from '../../../../shared/app/compose-for-test.ts';
import type { SteppedClock } from '../../../contracts/clock.ts';
import { steppedClock } from '../../../contracts/clock.ts';
import { ask, makeImage, pushImage } from '../../image.ts';
import { composeRequired } from '../identity/required.ts';
import { as, deliverEvents, foldAll, usageOf } from './counting.ts';

const hourMs = 3600_000;

/** Three repositories; `b` is pulled at 00:00, 00:01 and 05:00, and the day after; `c` is largest. */
async function history(): Promise<{ longshore: TestLongshore; clock: SteppedClock }> {
  const clock = steppedClock('2026-03-01T00:00:00Z');
  const longshore = composeForTest({ world: createMemoryWorld({ clock }) });
  for (const [repository, layers] of [
    ['team/a', 1],
    ['team/b', 2],
    ['team/c', 9],
  ] as const)
    await pushImage(longshore.app, repository, 'v1', makeImage(repository, layers));
  await deliverEvents(longshore);
  const pull = (repository: string) =>
    ask(longshore.app, 'GET', `/v2/${repository}/manifests/v1`, as('containerd/2.0'));
  for (const wait of [60_000, 5 * hourMs - 60_000, 19 * hourMs, 0]) {
    await pull('team/b');
    clock.advance(wait);
  }
  await pull('team/a');
  await foldAll(longshore);
  clock.advance(hourMs);
  await longshore.timers['usage-survey']();
  return { longshore, clock };
}

let longshore: TestLongshore;
beforeAll(async () => ({ longshore } = await history()));

describe('usage in time', () => {
  const series = async (query: Record<string, string>) =>
    (await usageOf(longshore, { repository: 'team/b', ...query })).period.series.map(({ at, pulls }) => [at, pulls]);

  it('is by days, hours or minutes, without those in which nothing was', async () => {
    expect(await series({ by: 'day' })).toEqual([
      ['2026-03-01T00:00:00Z', 3],
      ['2026-03-02T00:00:00Z', 1],
    ]);
    expect(await series({ by: 'hour' })).toEqual([
      ['2026-03-01T00:00:00Z', 2],
      ['2026-03-01T05:00:00Z', 1],
      ['2026-03-02T00:00:00Z', 1],
    ]);
    expect(await series({ by: 'minute' })).toEqual([
      ['2026-03-01T00:00:00Z', 1],
      ['2026-03-01T00:01:00Z', 1],
      ['2026-03-01T05:00:00Z', 1],
      ['2026-03-02T00:00:00Z', 1],
    ]);
  });

  it('holds what is in the period: its start is in it, its end is not', async () => {
    expect(await series({ by: 'minute', from: '2026-03-01T00:01:00Z', to: '2026-03-01T05:00:00Z' })).toEqual([
      ['2026-03-01T00:01:00Z', 1],
    ]);
    expect(await series({ by: 'day', from: '2026-03-01', to: '2026-03-02' })).toEqual([['2026-03-01T00:00:00Z', 3]]);
    const { period } = await usageOf(longshore, { repository: 'team/b', from: '2026-03-01', to: '2026-03-02' });
    expect([period.pulls, period.byClient['containerd']?.pulls, period.byRegion['home']?.pulls]).toEqual([3, 3, 3]);
  });

  it('of the registry is what its repositories are together', async () => {
    const { pulls, pushes, period } = await usageOf(longshore, { by: 'hour' });
    expect([pulls, pushes, period.series.map((point) => point.pulls)]).toEqual([5, 3, [2, 1, 2]]);
  });

  it('of an image is by day, and a finer question is refused with what is allowed', async () => {
    const { period } = await usageOf(longshore, { repository: 'team/b', tag: 'v1' });
    expect(period.series.map(({ at, pulls }) => [at, pulls])).toEqual([
      ['2026-03-01T00:00:00Z', 3],
      ['2026-03-02T00:00:00Z', 1],
    ]);
    const refused = await ask(longshore.app, 'GET', '/api/v1/usage?repository=team/b&tag=v1&by=hour');
    expect([refused.status, await refused.json()]).toEqual([
      400,
      { errors: [{ code: 'invalidRequest', message: 'tags and digests are counted by day alone: send by=day' }] },
    ]);
  });
});

describe('a wrong question about usage', () => {
  it.each([
    ['tag=v1', 400, 'a tag or digest needs its repository: add "repository"'],
    [
      `repository=team/a&tag=v1&digest=sha256:${'0'.repeat(64)}`,
      400,
      'tag and digest exclude each other: send one of them',
    ],
    ['repository=team/a&digest=sha256:0', 400, 'digest must be sha256: or sha512: and hexadecimal digits'],
    ['repository=UPPER', 400, 'repository is not a repository name'],
    ['from=yesterday', 400, 'from must be a date or a time, as in 2026-01-31 or 2026-01-31T12:00:00Z'],
    ['from=2026-02-01&to=2026-01-01', 400, 'from must be before to'],
    ['from=2024-01-01', 400, 'by day a period may have at most 400 days: choose a shorter one, or a larger interval'],
    [
      'by=minute&from=2026-02-01',
      400,
      'by minute a period may have at most 2 days: choose a shorter one, or a larger interval',
    ],
    ['repository=nobody', 404, undefined],
    ['repository=team/a&tag=absent', 404, 'there is no tag team/a:absent'],
    [`repository=team/a&digest=sha256:${'0'.repeat(64)}`, 404, `there is no manifest team/a@sha256:${'0'.repeat(64)}`],
  ])('%s is answered with %i', async (query, status, message) => {
    const answer = await ask(longshore.app, 'GET', `/api/v1/usage?${query}`);
    const { errors } = (await answer.json()) as { errors: { message: string }[] };
    expect([answer.status, message === undefined ? undefined : errors[0]?.message]).toEqual([status, message]);
  });

  it('is one when nobody known asks', async () => {
    const { app } = composeRequired();
    for (const path of ['usage', 'usage/top?by=size', 'usage/pulled', 'usage/forecast', 'usage/export.csv'])
      expect([path, (await ask(app, 'GET', `/api/v1/${path}`)).status]).toEqual([path, 401]);
  });
});

describe('the list of repositories with most of something', () => {
  const top = async (by: string, limit = 2) =>
    (
      (await (await ask(longshore.app, 'GET', `/api/v1/usage/top?by=${by}&limit=${limit}`)).json()) as {
        items: { repository: string; value: number }[];
      }
    ).items;

  it('is by size, waste, pulls or pushes, each by the index: one query', async () => {
    longshore.memory.calls.resetCounts();
    expect((await top('pulls')).map(({ repository, value }) => [repository, value])).toEqual([
      ['team/b', 4],
      ['team/a', 1],
    ]);
    expect(longshore.memory.calls.list).toEqual(['documents.query']);
    expect((await top('size', 3)).map(({ repository }) => repository)).toEqual(['team/c', 'team/b', 'team/a']);
    expect((await top('pushes', 9)).map(({ value }) => value)).toEqual([1, 1, 1]);
    expect((await top('waste')).map(({ value }) => value)).toEqual([0, 0]);
  });
});

describe('the table of usage', () => {
  const table = async (query: string) => {
    const answer = await ask(longshore.app, 'GET', `/api/v1/usage/export.csv${query}`);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([
      200,
      'text/csv; charset=utf-8; header=present',
    ]);
    return (await answer.text()).split('\r\n').map((line) => line.split(','));
  };

  it('has a line for each repository and day, and none for the registry', async () => {
    const [header, ...lines] = await table('');
    expect(header).toEqual(['day', 'repository', 'pulls', 'heads', 'blob_pulls', 'pushes', 'last_pull', 'last_push']);
    expect(
      lines
        .filter((line) => line.length > 1)
        .map(([day, repository, pulls, , , pushes]) => [day, repository, pulls, pushes])
        .sort(),
    ).toEqual([
      ['2026-03-01', 'team/a', '0', '1'],
      ['2026-03-01', 'team/b', '3', '1'],
      ['2026-03-01', 'team/c', '0', '1'],
      ['2026-03-02', 'team/a', '1', '0'],
      ['2026-03-02', 'team/b', '1', '0'],
    ]);
    expect(lines.at(-1)).toEqual(['']);
  });

  it('has a line for each tag and digest', async () => {
    const [, ...lines] = await table('?of=images');
    expect(
      lines
        .filter((line) => line.length > 1)
        .map(([repository, tag, digest, pulls]) => [repository, tag || digest?.slice(0, 7), pulls])
        .sort(),
    ).toEqual([
      ['team/a', 'sha256:', '1'],
      ['team/a', 'v1', '1'],
      ['team/b', 'sha256:', '4'],
      ['team/b', 'v1', '4'],
      ['team/c', 'sha256:', '0'],
      ['team/c', 'v1', '0'],
    ]);
  });

  it('is read page by page as the client reads, and breaks off when a page fails: a part never passes for the whole', async () => {
    const { longshore: many } = await history();
    for (let n = 0; n < 1_100; n++)
      await many.memory.documents.commitDocuments(
        'usage',
        ['default', `r${n}`],
        [
          {
            do: 'create',
            document: {
              id: 'day:2026-03-01',
              type: 'usage-day',
              schemaVersion: 1,
              registry: 'default',
              repository: `r${n}`,
              ttl: 1_000_000,
              day: '2026-03-01',
              hours: {},
              byClient: {},
              byRegion: {},
            },
          },
        ],
      );
    many.memory.calls.resetCounts();
    const whole = await ask(many.app, 'GET', '/api/v1/usage/export.csv');
    expect(many.memory.calls.count('documents.query')).toBe(1);
    expect((await whole.text()).split('\r\n').length).toBe(1_100 + 5 + 2);
    const broken = await ask(many.app, 'GET', '/api/v1/usage/export.csv');
    many.memory.calls.failOn('documents.query');
    await expect(broken.text()).rejects.toThrow();
    expect((await ask(many.app, 'GET', '/api/v1/usage/export.csv')).status).toBe(503);
  });
});

describe('the description of the API', () => {
  it('has all of usage', async () => {
    const { paths } = (await (await ask(longshore.app, 'GET', '/api/v1/openapi.json')).json()) as {
      paths: Record<string, unknown>;
    };
    expect(
      Object.keys(paths)
        .filter((path) => path.startsWith('/usage'))
        .sort(),
    ).toEqual(['/usage', '/usage/export.csv', '/usage/forecast', '/usage/pulled', '/usage/top']);
  });
});
