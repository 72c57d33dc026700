import { describe, expect, it } from 'vitest';
import { CallPlan } from '../../../../shared/adapters/memory/calls.ts';
import type { App } from '../../../../shared/app/app.ts';
import { composeForTest } from '../../../../shared/app/compose-for-test.ts';
import { ask, makeImage, pushImage } from '../../image.ts';
import { binOf, post, timedLongshore } from './binned.ts';

const repository = 'team/app';
const image = makeImage('many tags', 0);
const at = `/v2/${repository}/manifests/${image.digest}`;
const pad = (n: number) => `t${String(n).padStart(4, '0')}`;

/** Gives the image so many tags, thirty by one push. */
async function pushTags(app: App, count: number): Promise<string[]> {
  const names = Array.from({ length: count }, (_, n) => pad(n));
  await pushImage(app, repository, pad(0), image);
  for (let from = 0; from < count; from += 30) {
    const query = names.slice(from, from + 30).map((name) => `tag=${name}`);
    const pushed = await ask(app, 'PUT', `${at}?${query.join('&')}`, {
      body: image.bytes,
      headers: { 'content-type': image.mediaType },
    });
    if (pushed.status !== 201) throw new Error(await pushed.text());
  }
  return names;
}

async function lock(app: App, tag: string, attributes: object = { deleteEnabled: false }): Promise<void> {
  const locked = await ask(app, 'PATCH', `/acr/v1/${repository}/_tags/${tag}`, {
    body: JSON.stringify(attributes),
    headers: { 'content-type': 'application/json' },
  });
  if (locked.status !== 200) throw new Error(await locked.text());
}

async function tagsIn(app: App): Promise<string[]> {
  const answer = await ask(app, 'GET', `/v2/${repository}/tags/list?n=1000`);
  return ((await answer.json()) as { tags: string[] }).tags;
}

describe('a deletion by digest of more tags than one transaction carries', () => {
  it.each([
    [130, 129, { deleteEnabled: false }],
    [130, 129, { writeEnabled: false }],
    // Beyond what a preview names, too.
    [540, 539, { deleteEnabled: false }],
  ])('takes nothing, as its preview says, when of %i tags number %i has %j', async (count, late, attributes) => {
    const { app } = timedLongshore();
    const names = await pushTags(app, count);
    await lock(app, pad(late), attributes);
    const preview = await ask(app, 'GET', `/api/v1/images/deletion?repository=${repository}&reference=${image.digest}`);
    expect(await preview.json()).toMatchObject({
      goes: { tags: [], manifests: [] },
      blockedBy: [{ what: `tag ${pad(late)}` }],
    });
    const refused = await ask(app, 'DELETE', at);
    expect([refused.status, await refused.json()]).toMatchObject([
      405,
      { errors: [{ detail: { what: `tag ${pad(late)}`, attribute: Object.keys(attributes)[0] } }] },
    ]);
    expect(await tagsIn(app)).toEqual(names);
    expect(await binOf(app)).toEqual([]);
    await lock(app, pad(late), { deleteEnabled: true, writeEnabled: true });
    expect((await ask(app, 'DELETE', at)).status).toBe(202);
    expect(await binOf(app)).toHaveLength(count + 1);
  });

  it.each([
    ['of an image', at],
    ['of a repository', `/acr/v1/${repository}`],
  ])('says what went, and as which deletion, when the lock comes between two transactions %s', async (_, what) => {
    const longshore = timedLongshore();
    const names = await pushTags(longshore.app, 130);
    let batches = 0;
    const calls = new CallPlan();
    calls.delay(async ({ name, input }) => {
      if (name !== 'documents.commit' || !JSON.stringify(input).includes('binned-tag:')) return;
      batches += 1;
      if (batches === 4) await lock(longshore.app, pad(129));
    });
    const { app } = composeForTest({ world: longshore.world, connection: { calls } });
    const refused = await ask(app, 'DELETE', what);
    const { errors } = (await refused.json()) as {
      errors: [{ message: string; detail: { what: string; gone: { group: string; tags: number } } }];
    };
    const left = await tagsIn(longshore.app);
    expect([refused.status, errors[0].detail.what]).toEqual([405, `tag ${pad(129)}`]);
    expect(errors[0].detail.gone.tags).toBe(names.length - left.length);
    expect(errors[0].message).toContain(errors[0].detail.gone.group);
    const { group } = errors[0].detail.gone;
    expect((await post(longshore.app, '/api/v1/bin/restore', { repository, group })).status).toBe(200);
    expect(await tagsIn(longshore.app)).toEqual(names);
  });
});
