import { describe, expect, it } from 'vitest';
import type { App } from '../../../../shared/app/app.ts';
import type { RegistryName, RepositoryName } from '../../../../shared/core/oci/name.ts';
import { repositoriesOver } from '../../../../shared/features/purge/brake.ts';
import type { Removal } from '../../../../shared/features/purge/documents.ts';
import type { PolicyPorts } from '../../../../shared/features/purge/ports.ts';
import { ask, makeImage, pushImage } from '../../image.ts';
import { makeIndex, naming, push, statusOf } from '../recycle-bin/binned.ts';
import { approve, call, planOf, policed, putPolicy } from './policed.ts';

const repository = 'team/app';
const at = (reference: string) =>
  `/acr/v1/${repository}/${reference.startsWith('sha256:') ? '_manifests' : '_tags'}/${reference}`;
const loose = { brakePercent: 100 };

describe('a part that was pushed since a plan was made, and is due itself when that is approved', () => {
  it.each(['a signature', 'a tag'])('keeps its image, and the outcome says so: %s', async (what) => {
    const longshore = policed();
    const { app } = longshore;
    const image = makeImage('planned');
    await pushImage(app, repository, 'v1', image);
    await putPolicy(app, { ...loose, remove: [{ name: 'old', olderThanDays: 30 }] });
    longshore.passDays(31);
    const plan = await planOf(app);
    expect(plan.manifests).toBe(1);
    const signature = makeImage('signature', 0, naming(image));
    if (what === 'a tag') await pushImage(app, repository, 'v2', image);
    else await pushImage(app, repository, signature.digest, signature);
    longshore.passDays(31);
    const { body } = await approve(app, plan);
    expect(body).toMatchObject({ state: 'done', outcome: { manifests: 0 } });
    const came = what === 'a tag' ? 'v2' : signature.digest;
    expect(body.items?.map(({ outcome }) => outcome)).toContain(
      `it stays: ${came} was pushed since the plan was made, and would be removed with it`,
    );
    for (const kept of ['v1', image.digest, came]) expect(await statusOf(app, at(kept))).toBe(200);
  });

  it('keeps an index whose child lost its tag since', async () => {
    const longshore = policed();
    const { app } = longshore;
    const child = makeImage('child');
    await pushImage(app, repository, 'child', child);
    await push(app, repository, 'index', makeIndex([child]));
    await putPolicy(app, { ...loose, remove: [{ name: 'old', olderThanDays: 30, tags: ['index'] }] });
    longshore.passDays(31);
    const plan = await planOf(app);
    expect(plan.manifests).toBe(1);
    await ask(app, 'DELETE', `/v2/${repository}/manifests/child`);
    longshore.passDays(31);
    const { body } = await approve(app, plan);
    expect(body.items?.map(({ outcome }) => outcome)).toContain(
      `it stays: ${child.digest} was pushed since the plan was made, and would be removed with it`,
    );
    expect(await statusOf(app, at('index'))).toBe(200);
  });
});

describe('the brake at 30 %', () => {
  it.each([
    [1, 3, true],
    [3, 10, false],
    [4, 10, true],
    [1, 4, false],
    [2, 6, true],
  ])('of %d of %d manifests: %s', async (going, of, braked) => {
    const longshore = policed();
    const images = Array.from({ length: of }, (_, n) => makeImage(`image ${n}`, 0));
    for (const [n, image] of images.entries()) await pushImage(longshore.app, repository, `t${n}`, image);
    const removals = images
      .slice(0, going)
      .map(({ digest }) => ({ repository, digest, items: [{ kind: 'manifest', digest }] })) as unknown as Removal[];
    const ports = { documents: longshore.memory.documents, clock: longshore.world.clock } as PolicyPorts;
    const over = await repositoriesOver(ports, {
      registry: 'default' as RegistryName,
      policy: 'nightly',
      percent: 30,
      removals,
      more: false,
    });
    expect(over).toEqual(braked ? [{ repository: repository as RepositoryName, going, of, what: 'manifests' }] : []);
  });
});

describe('an approved plan that is under way', () => {
  it.each([
    ['keep', { keep: [{ name: 'all', tags: ['*'] }] }],
    ['retention', { retentionDays: 3 }],
    ['brake', { brakePercent: 90 }],
    ['scope', { repositories: { include: ['team/*'] } }],
    ['remove', { remove: [{ name: 'old', olderThanDays: 29 }] }],
  ])('takes nothing more when somebody edits its policy: %s', async (_, change) => {
    const longshore = policed();
    const { app } = longshore;
    for (const name of ['one', 'two']) await pushImage(app, repository, name, makeImage(name, 0));
    const policy = { ...loose, remove: [{ name: 'old', olderThanDays: 30 }] };
    await putPolicy(app, policy);
    longshore.passDays(31);
    const plan = await planOf(app);
    // It is approved, and its process dies before the first page.
    const { calls } = longshore.memory;
    calls.failOn(({ name, input }) => name === 'documents.commit' && JSON.stringify(input).includes('"lease"'));
    await approve(app, plan);
    calls.clearFaults();
    expect((await call(app, 'PUT', '/purge/policies/nightly', { ...policy, ...change })).status).toBeOneOf([200, 201]);
    longshore.passDays(0.1);
    await longshore.timers['purge-mark']();
    for (const name of ['one', 'two']) expect(await statusOf(app, at(name))).toBe(200);
  });

  it.each([
    [
      'its rules are edited',
      (app: App) =>
        call(app, 'PUT', '/purge/policies/nightly', { ...loose, remove: [{ name: 'old', olderThanDays: 29 }] }),
    ],
    [
      'what it keeps is edited',
      (app: App) =>
        call(app, 'PUT', '/purge/policies/nightly', {
          ...loose,
          remove: [{ name: 'old', olderThanDays: 30 }],
          keep: [{ name: 'none', tags: ['none'] }],
        }),
    ],
    [
      'its retention is edited',
      (app: App) =>
        call(app, 'PUT', '/purge/policies/nightly', {
          ...loose,
          remove: [{ name: 'old', olderThanDays: 30 }],
          retentionDays: 3,
        }),
    ],
    [
      'its brake is edited',
      (app: App) =>
        call(app, 'PUT', '/purge/policies/nightly', { brakePercent: 99, remove: [{ name: 'old', olderThanDays: 30 }] }),
    ],
    [
      'its scope is edited',
      (app: App) =>
        call(app, 'PUT', '/purge/policies/nightly', {
          ...loose,
          remove: [{ name: 'old', olderThanDays: 30 }],
          repositories: { include: ['team/*'] },
        }),
    ],
    ['it is deleted', (app: App) => call(app, 'DELETE', '/purge/policies/nightly')],
  ])('takes nothing of the pages that are left when %s between two of them', async (_, edit) => {
    const longshore = policed();
    const { app } = longshore;
    // A page has 25 removals.
    const names = Array.from({ length: 27 }, (__, n) => `t${String(n).padStart(2, '0')}`);
    for (const name of names) await pushImage(app, repository, name, makeImage(name, 0));
    await putPolicy(app, { ...loose, remove: [{ name: 'old', olderThanDays: 30 }] });
    longshore.passDays(31);
    const plan = await planOf(app);
    expect(plan.manifests).toBe(27);
    let isEdited = false;
    longshore.memory.calls.delay(async ({ name, input }) => {
      if (isEdited || name !== 'documents.commit' || !JSON.stringify(input).includes('"carriedOut":1')) return;
      isEdited = true;
      expect((await edit(app)).status).toBeLessThan(300);
    });
    const { body } = await approve(app, plan);
    longshore.memory.calls.clearFaults();
    expect(isEdited).toBe(true);
    longshore.passDays(0.1);
    await longshore.timers['purge-mark']();
    const left = await Promise.all(names.map(async (name) => (await statusOf(app, at(name))) === 200));
    expect(left.filter(Boolean)).toHaveLength(2);
    expect(body.state).toBe('void');
  });
});
