import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { composeForTest } from '../../shared/app/compose-for-test.ts';
import { call, planOf, putPolicy } from '../shared/features/purge/policed.ts';
import { ask, makeImage, pushImage } from '../shared/image.ts';

const repository = 'team/app';

function page(name: string): string {
  return readFileSync(new URL(`../../docs/${name}.md`, import.meta.url), 'utf8');
}

describe('docs/purge.md', () => {
  it('has an example of a policy that a new registry takes', async () => {
    const [, body = ''] = /purge\/policies\/builds -d '(\{[\s\S]*?\n\})'/.exec(page('purge')) ?? [];
    expect(
      (await call(composeForTest().app, 'PUT', '/purge/policies/builds', JSON.parse(body) as object)).status,
    ).toBeOneOf([200, 201]);
  });
});

describe('docs/operations.md', () => {
  it('changes one setting of a replica in an outage, and not all of them', () => {
    expect(page('operations')).not.toContain('`PUT /api/v1/replicas');
    expect(page('operations')).toContain('`PATCH /api/v1/replications/NAME` with `{"endpoint": false}`');
  });
});

describe('a rule on last pull that looks back too far', () => {
  it('is refused with the day from which it can be taken', async () => {
    const { app, world } = composeForTest();
    const from = new Date(world.clock.now().getTime() + 90 * 24 * 3600 * 1000).toISOString().slice(0, 10);
    const { status, body } = await call(app, 'PUT', '/purge/policies/nightly', {
      remove: [{ name: 'unused', notPulledDays: 90 }],
      keep: [],
    });
    expect(status).toBe(409);
    expect(body.errors?.[0]?.message).toContain(`leave the rule out until ${from}`);
  });
});

describe('a deletion in the bin', () => {
  it('is read, restored and purged by its group alone', async () => {
    const { app } = composeForTest();
    const image = makeImage('deleted', 1);
    await pushImage(app, repository, 'v1', image);
    expect((await ask(app, 'DELETE', `/v2/${repository}/manifests/${image.digest}`)).status).toBe(202);
    const entries = (await call(app, 'GET', '/bin')).body as unknown as { items: { group: string }[] };
    const group = entries.items[0]?.group ?? '';
    expect(await call(app, 'GET', `/bin/${group}`)).toMatchObject({ status: 200, body: { count: 2 } });
    expect(await call(app, 'POST', '/bin/restore', { group })).toMatchObject({ status: 200, body: { tags: ['v1'] } });
    expect((await call(app, 'POST', '/bin/restore', { group })).status).toBe(404);
    expect((await call(app, 'POST', '/bin/purge', { group, count: 2 })).status).toBe(404);
  });

  it('is asked for with its repository where a digest names it', async () => {
    const { status, body } = await call(composeForTest().app, 'POST', '/bin/restore', {
      digest: `sha256:${'2'.repeat(64)}`,
    });
    expect(status).toBe(400);
    expect(body.errors?.[0]?.message).toContain('"repository": "team/app"');
  });
});

describe('a plan that removes nothing', () => {
  it('is approved only by who says that the policy is to be switched on', async () => {
    const { app } = composeForTest();
    await putPolicy(app, { remove: [{ name: 'old', olderThanDays: 14 }], keep: [] });
    const plan = await planOf(app);
    const refused = await call(app, 'POST', '/purge/policies/nightly/plan/approve', { hash: plan.hash });
    expect(refused.status).toBe(409);
    expect(refused.body.errors?.[0]?.message).toContain('"switchOn": true');
    expect((await call(app, 'GET', '/purge/policies/nightly')).body.on).toBe(false);
    expect(
      (await call(app, 'POST', '/purge/policies/nightly/plan/approve', { hash: plan.hash, switchOn: true })).status,
    ).toBe(200);
    expect((await call(app, 'GET', '/purge/policies/nightly')).body.on).toBe(true);
  });
});
