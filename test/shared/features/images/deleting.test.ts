import { beforeEach, describe, expect, it } from 'vitest';
import type { App } from '../../../../shared/app/app.ts';
import { composeForTest } from '../../../../shared/app/compose-for-test.ts';
import type { Question } from '../../../../shared/core/admission/gate.ts';
import type { RegistryName } from '../../../../shared/core/oci/name.ts';
import { ask } from '../../image.ts';
import { basic, byAdmin, composeRequired, makeToken, manage } from '../identity/required.ts';
import { everythingOf, post, timedLongshore } from '../recycle-bin/binned.ts';
import type { Pushed } from './viewed.ts';
import { api, pushIndex, pushWith, repository } from './viewed.ts';

interface Answer {
  readonly status: number;
  readonly body: {
    readonly digest: string;
    readonly group?: string;
    readonly purgedAt?: string;
    readonly errors?: readonly { readonly code: string; readonly message: string; readonly detail?: unknown }[];
  };
}

async function remove(
  app: App,
  query: Readonly<Record<string, string>>,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const search = new URLSearchParams({ repository, ...query }).toString();
  const answer = await ask(app, 'DELETE', `/api/v1/images?${search}`, { headers });
  return { status: answer.status, body: (await answer.json()) as Answer['body'] };
}

const tagsIn = async (app: App) =>
  ((await (await ask(app, 'GET', `/v2/${repository}/tags/list`)).json()) as { tags: string[] }).tags;

let longshore: ReturnType<typeof timedLongshore>;
let app: App;
let image: Pushed;
beforeEach(async () => {
  longshore = timedLongshore();
  app = longshore.app;
  image = await pushWith(app, '1');
});

describe('DELETE /api/v1/images', () => {
  it('of a tag takes the tag alone, and answers the deletion that restores it', async () => {
    const before = await everythingOf(app, repository);
    const { status, body } = await remove(app, { reference: '1', digest: image.digest });
    expect([status, body]).toEqual([
      200,
      {
        repository,
        reference: '1',
        digest: image.digest,
        group: expect.any(String) as string,
        purgedAt: '2026-01-15T00:00:00.000Z',
      },
    ]);
    expect(await tagsIn(app)).toEqual([]);
    expect((await ask(app, 'HEAD', `/v2/${repository}/manifests/${image.digest}`)).status).toBe(200);
    expect((await post(app, '/api/v1/bin/restore', { group: body.group })).status).toBe(200);
    expect(await everythingOf(app, repository)).toEqual(before);
  });

  it('by digest takes what the preview says, and is undone whole by its deletion', async () => {
    const index = await pushIndex(app, 'all', [{ of: image }]);
    await pushWith(app, `${index.digest.replace(':', '-')}.sig`, { layers: ['signature'] });
    await ask(app, 'DELETE', `/v2/${repository}/manifests/1`);
    const before = await everythingOf(app, repository);
    const preview = await api<{ goes: { tags: string[]; manifests: object[] } }>(app, '/images/deletion', {
      repository,
      reference: index.digest,
    });
    expect([preview.goes.tags.length, preview.goes.manifests.length]).toEqual([2, 3]);
    const { status, body } = await remove(app, { reference: index.digest });
    expect([status, body.digest]).toEqual([200, index.digest]);
    expect(await everythingOf(app, repository)).toMatchObject({ tags: { tags: [] }, manifests: { manifests: [] } });
    expect((await post(app, '/api/v1/bin/restore', { group: body.group })).status).toBe(200);
    expect(await everythingOf(app, repository)).toEqual(before);
  });

  it('refuses with 409 when the tag has moved from the digest that was previewed, and deletes nothing', async () => {
    const other = await pushWith(app, '1', { layers: ['moved'] });
    const { status, body } = await remove(app, { reference: '1', digest: image.digest });
    expect([status, body.errors?.[0]]).toMatchObject([409, { code: 'tagMoved' }]);
    expect(body.errors?.[0]?.message).toContain(other.digest);
    expect(await tagsIn(app)).toEqual(['1']);
    expect((await remove(app, { reference: '1', digest: other.digest })).status).toBe(200);
  });

  it('refuses a digest that contradicts the reference, and references that are none', async () => {
    const other = await pushWith(app, '2', { layers: ['other'] });
    for (const query of [
      { reference: image.digest, digest: other.digest },
      { reference: '' },
      { reference: 'a/b' },
      { reference: '1', digest: 'sha256:short' },
      { reference: '1', tags: '1' },
    ])
      expect((await remove(app, query)).status).toBe(400);
    expect((await remove(app, { repository: '../x', reference: '1' })).status).toBe(400);
    expect(await tagsIn(app)).toEqual(['1', '2']);
  });

  it('is refused by a lock of the tag, the manifest or the repository with 405, by whose name it says', async () => {
    for (const path of [`/_tags/1`, `/_manifests/${image.digest}`, '']) {
      const patch = (deleteEnabled: boolean) =>
        ask(app, 'PATCH', `/acr/v1/${repository}${path}`, {
          body: JSON.stringify({ deleteEnabled }),
          headers: { 'content-type': 'application/json' },
        });
      await patch(false);
      const { status, body } = await remove(app, { reference: path.includes('_tags') ? '1' : image.digest });
      expect([status, body.errors?.[0]]).toMatchObject([
        405,
        { code: 'locked', detail: { attribute: 'deleteEnabled' } },
      ]);
      await patch(true);
    }
    expect(await tagsIn(app)).toEqual(['1']);
  });

  it('answers the same deletion when it is asked again, also by another instance, and 404 for what never was', async () => {
    for (const query of [{ reference: '1', digest: image.digest }, { reference: image.digest }]) {
      const first = await remove(app, query);
      longshore.passTime(1_000);
      const again = await remove(longshore.another().app, query);
      expect(again).toEqual(first);
    }
    // Without the digest nobody knows which of the tags of that name was meant.
    for (const query of [{ reference: '1' }, { reference: 'none' }, { reference: `sha256:${'0'.repeat(64)}` }]) {
      const { status, body } = await remove(app, query);
      expect([status, body.errors?.[0]]).toMatchObject([404, { code: 'manifestNotFound' }]);
      expect(body.errors?.[0]?.message).toContain('/api/v1/bin');
    }
    expect((await remove(app, { repository: 'no/such', reference: '1' })).status).toBe(404);
  });

  it('is one deletion when many ask for it at once', async () => {
    const instances = [app, longshore.another().app, longshore.another().app];
    const answers = await Promise.all(instances.map((each) => remove(each, { reference: '1', digest: image.digest })));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(new Set(answers.map(({ body }) => body.group)).size).toBe(1);
  });

  it('says that nothing restores it where soft delete is off', async () => {
    await ask(app, 'PUT', '/api/v1/soft-delete', {
      body: JSON.stringify({ enabled: false, retentionDays: 7, restoreOnPull: false }),
      headers: { 'content-type': 'application/json' },
    });
    const { status, body } = await remove(app, { reference: image.digest });
    expect([status, body]).toEqual([200, { repository, reference: image.digest, digest: image.digest }]);
  });
});

describe('the right to delete an image by the management API', () => {
  it('is that to change anything, or content/delete of that repository, and no other', async () => {
    const required = composeRequired();
    const asUser = async (name: string, actions: string[]) => basic(name, await makeToken(required, name, actions));
    const open = byAdmin(required.app);
    const pushed = await pushWith(open, '1');
    const query = { reference: '1', digest: pushed.digest };
    const refused: [string, string[]][] = [
      ['stranger', ['repositories/other/**/content/delete', 'management/read']],
      ['reader', [`repositories/${repository}/content/read`, `repositories/${repository}/content/write`]],
      ['looker', ['management/read']],
    ];
    for (const [name, actions] of refused) {
      const { status, body } = await remove(required.app, query, await asUser(name, actions));
      expect([name, status]).toEqual([name, 403]);
      expect(body.errors?.[0]?.message).toContain(`repositories/${repository}/content/delete`);
    }
    expect((await remove(required.app, query)).status).toBe(401);
    expect(await tagsOf(open)).toEqual(['1']);
    const mayDelete = await asUser('cleaner', [`repositories/${repository}/content/delete`]);
    // The right is for the repository that is deleted from: a second name in the query proves nothing.
    const two = `repository=other/one&repository=${repository}&reference=1`;
    for (const search of [
      two,
      two.replace('other/one', repository).replace(`&repository=${repository}`, '&repository=other/one'),
    ])
      expect([400, 403]).toContain(
        (await ask(required.app, 'DELETE', `/api/v1/images?${search}`, { headers: mayDelete })).status,
      );
    expect(
      (await ask(required.app, 'DELETE', '/api/v1/tokens/ci?repository=team/app', { headers: mayDelete })).status,
    ).toBe(403);
    expect(await tagsOf(open)).toEqual(['1']);
    const { status, body } = await remove(required.app, query, mayDelete);
    expect(status).toBe(200);
    await manage(required, 'POST', '/bin/restore', { group: body.group });
    const manager = await asUser('manager', ['management/write']);
    expect((await remove(required.app, query, manager)).status).toBe(200);
  });
});

const tagsOf = async (open: Pick<App, 'fetch'>) => tagsIn(open);

describe('two registries of one deployment', () => {
  it('have images of their own: a deletion in one leaves the other as it is, also asked again there', async () => {
    const names = [
      { name: 'a' as RegistryName, hosts: ['a.test'] },
      { name: 'b' as RegistryName, hosts: ['b.test'] },
    ];
    const both = composeForTest({ registries: names });
    const at = (host: string): App => ({
      fetch: ({ url, method, headers, body }) =>
        both.app.fetch(
          new Request(url.replace('registry.test', host), {
            method,
            headers,
            ...(body === null ? {} : { body, duplex: 'half' }),
          }),
        ),
    });
    const pushed = await pushWith(at('a.test'), '1');
    await pushWith(at('b.test'), '1');
    await pushWith(at('b.test'), '2');
    const query = { reference: '1', digest: pushed.digest };
    expect((await remove(at('a.test'), query)).status).toBe(200);
    expect(await tagsIn(at('b.test'))).toEqual(['1', '2']);
    await ask(at('b.test'), 'DELETE', `/acr/v1/${repository}/_tags/1`);
    const { body } = await remove(at('a.test'), query);
    expect((await post(at('b.test'), '/api/v1/bin/restore', { group: body.group })).status).toBe(404);
  });
});

describe('a gate that holds an image', () => {
  it('refuses its deletion with its own words, by tag and by digest', async () => {
    const ask = ({ operation }: Question) =>
      operation === 'delete'
        ? ({ is: 'refused', fault: { is: 'denied', why: 'a court wants it' } } as const)
        : undefined;
    const held = composeForTest({
      world: longshore.world,
      settings: { gates: [{ kind: 'hold', name: 'court', ask }] },
    });
    for (const reference of ['1', image.digest]) {
      const { status, body } = await remove(held.app, { reference });
      expect([status, body.errors]).toEqual([403, [{ code: 'forbidden', message: 'a court wants it' }]]);
    }
    expect(await tagsIn(app)).toEqual(['1']);
  });
});
