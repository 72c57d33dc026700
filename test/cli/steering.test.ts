import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { adminPassword, byAdmin, composeRequired, makeToken } from '../shared/features/identity/required.ts';
import { ask, makeImage, pushImage } from '../shared/image.ts';
import type { User } from './run.ts';
import { userOf } from './run.ts';

const longshore = composeRequired();
const app = byAdmin(longshore.app);

let [admin, reader, cleaner]: User[] = [];
const image = makeImage('one');

beforeAll(async () => {
  await pushImage(app, 'team/app', '1', image);
  const asUser = async (name: string, actions: string[]) =>
    userOf(longshore.app, {
      LONGSHORE_URL: 'http://registry.test',
      LONGSHORE_USERNAME: name,
      LONGSHORE_PASSWORD: name === 'admin' ? adminPassword : await makeToken(longshore, name, actions),
    });
  admin = await asUser('admin', []);
  reader = await asUser('reader', ['management/read']);
  cleaner = await asUser('cleaner', ['management/read', 'repositories/team/*/content/delete']);
});
afterAll(async () => {
  for (const user of [admin, reader, cleaner]) await user?.remove();
});

const run = (args: string, options: Parameters<User['run']>[1] = {}) => (admin as User).run(args.split(' '), options);
const done = async (args: string, options: Parameters<User['run']>[1] = {}) => {
  const ran = await run(args, options);
  expect([args, ran.code, ran.err]).toEqual([args, 0, '']);
  return ran.out;
};
const json = async <T = never>(args: string, options: Parameters<User['run']>[1] = {}) =>
  JSON.parse(await done(`${args} -o json`, options)) as T;
const asReader = (args: string) => (reader as User).run(args.split(' '));

describe('scope maps', () => {
  const actions = 'repositories/team/**/content/read repositories/team/**/content/write';

  it('are made, listed, changed and deleted, and a token has one', async () => {
    expect((await run(`scope-maps create ci ${actions} --dry-run`)).out).toContain('content/write');
    expect(await json(`scope-maps create ci ${actions} --description builds`)).toMatchObject({
      name: 'ci',
      actions: actions.split(' '),
    });
    expect((await done('scope-maps ls -o name')).split('\n')).toContain('ci');
    expect(await done('scope-maps ls')).toContain('builds');
    const again = await run(`scope-maps create ci ${actions}`);
    expect([again.code, again.err]).toEqual([1, expect.stringContaining('--replace')]);
    await done('scope-maps create ci management/read --replace');
    await done('tokens create ci --scope-map ci -o name');
    const used = await run('scope-maps rm ci --yes');
    expect([used.code, used.err]).toEqual([1, expect.stringContaining('ci')]);
    expect(await done('tokens disable ci')).toContain('disabled');
    expect(await done('tokens enable ci')).toContain('enabled');
    await done('tokens delete ci -y');
    expect((await run('scope-maps rm ci')).code).toBe(2);
    expect(await json('scope-maps rm ci -y')).toEqual({ deleted: 'ci' });
    expect((await run('scope-maps rm ci -y')).code).toBe(1);
    expect((await run('scope-maps create ci nonsense')).code).toBe(1);
    expect((await run('scope-maps create ci')).code).toBe(2);
    expect((await asReader('scope-maps create x management/read')).code).toBe(3);
  });
});

describe('settings', () => {
  it('are shown, and those that are named change', async () => {
    expect(await done('settings show')).toMatch(/soft delete {2,}on\nretention {2,}14 days/);
    expect((await run('settings set')).code).toBe(2);
    expect((await run('settings set --retention-days soon')).code).toBe(2);
    expect((await run('settings set --sku golden')).code).toBe(2);
    expect((await run('settings set --retention-days 99999')).code).toBe(1);
    const dry = await json('settings set --retention-days 30 --dry-run');
    expect(dry).toMatchObject({ softDelete: { retentionDays: 30 } });
    expect(await json('settings show')).toMatchObject({ softDelete: { retentionDays: 14 } });
    expect(await json('settings set --retention-days 30 --anonymous-pull public/*,base --sku basic')).toMatchObject({
      registry: { sku: 'basic' },
      softDelete: { enabled: true, retentionDays: 30, restoreOnPull: true },
      anonymousPull: ['public/*', 'base'],
    });
    expect(await json('settings set --anonymous-pull none')).toMatchObject({ anonymousPull: [] });
    expect((await asReader('settings set --soft-delete off')).code).toBe(3);
  });
});

describe('purge policies', () => {
  const rules = { repositories: { include: ['team/**'] }, remove: [{ name: 'old', olderThanDays: 30 }] };

  it('are made, shown, changed and deleted by the JSON of their rules', async () => {
    const made = await json('purge create small', { input: JSON.stringify(rules) });
    expect(made).toMatchObject({ name: 'small', on: false, policy: { remove: rules.remove } });
    expect((await run('purge create small', { input: JSON.stringify(rules) })).code).toBe(1);
    const input = JSON.stringify({ remove: [{ name: 'older', olderThanDays: 60 }] });
    expect(await json('purge edit small', { input })).toMatchObject({ policy: { remove: [{ name: 'older' }] } });
    expect(await done('purge show small')).toContain('"olderThanDays":60');
    for (const wrong of ['', '[]', 'x: y', '1'])
      expect((await run('purge create other', { input: wrong })).code).toBe(2);
    expect((await run('purge create other', { answers: [] })).code).toBe(2);
    expect((await run('purge create other', { input: '{"remove":[]}' })).code).toBe(1);
    expect((await run('purge rm small')).code).toBe(2);
    expect(await done('purge rm small -y -o name')).toBe('small\n');
    expect((await run('purge rm small -y')).code).toBe(1);
    expect((await asReader('purge rm default -y')).code).toBe(3);
  });
});

describe('webhooks', () => {
  it('are made with a secret that is shown once, switched, given another secret, and deleted', async () => {
    const url = 'https://receiver.example/';
    expect((await run(`webhooks create first1 ${url} --dry-run`)).out).toContain('push');
    const made = await run(`webhooks create first1 ${url} --actions push,delete --scope team/** -o name`);
    expect([made.code, made.out]).toEqual([0, expect.stringMatching(/^whsec_\S+\n$/)]);
    expect(await json('webhooks ls')).toMatchObject([
      { name: 'first1', actions: ['push', 'delete'], scope: 'team/**' },
    ]);
    expect((await run(`webhooks create first1 ${url}`)).err).toContain('webhooks rm first1');
    expect((await run(`webhooks create other1 ${url} --actions nothing`)).code).toBe(1);
    expect((await run(`webhooks create other1 not-a-url`)).code).toBe(1);
    expect(await done('webhooks disable first1')).toContain('disabled');
    expect(await done('webhooks enable first1')).toContain('enabled');
    const rotated = await run('webhooks rotate first1 --overlap 600 --yes -o name');
    expect([rotated.code, rotated.out === made.out, rotated.out]).toEqual([0, false, expect.stringMatching(/^whsec_/)]);
    const [first = ''] = (await done('webhooks secrets first1 -o name')).split('\n');
    expect(await done('webhooks secrets first1')).not.toContain('whsec_');
    expect((await run(`webhooks end-secret first1 ${first}`)).code).toBe(2);
    await done(`webhooks end-secret first1 ${first} --yes`);
    expect((await run('webhooks rotate first1 --overlap soon --yes')).code).toBe(2);
    expect(await json('webhooks rm first1 --yes')).toEqual({ deleted: 'first1' });
    expect((await run('webhooks rm first1 --yes')).code).toBe(1);
    expect((await asReader(`webhooks create first1 ${url}`)).code).toBe(3);
  });
});

describe('builds dry-run', () => {
  it('lists what an update of a base would build, which may be nothing', async () => {
    expect(await json('builds dry-run team/app:1')).toEqual([]);
    const ran = await run('builds dry-run team/app:1');
    expect([ran.code, ran.err]).toEqual([0, expect.stringContaining('Nothing would be built')]);
    expect((await run('builds dry-run team/none:1')).code).toBe(1);
    expect((await run('builds dry-run')).code).toBe(2);
  });
});

describe('longshore rm of an image', () => {
  it('may be done by one who may delete content alone, and refuses a tag that has moved since it was shown', async () => {
    const gone = await (cleaner as User).run(['rm', 'team/app:1', '-y', '-o', 'json']);
    expect([gone.code, gone.err]).toEqual([0, '']);
    const { group, digest } = JSON.parse(gone.out) as { group: string; digest: string };
    expect(digest).toBe(image.digest);
    const deletion = gone.requests.find(({ method }) => method === 'DELETE');
    expect(new URL(deletion?.url ?? '').searchParams.get('digest')).toBe(digest);
    await done(`bin restore ${group}`);
    const other = makeImage('moved');
    const moving = async (request: Request) => {
      if (request.method === 'DELETE') await pushImage(app, 'team/app', '1', other);
      return longshore.app.fetch(request);
    };
    const refused = await (admin as User).run(['rm', 'team/app:1'], { answers: ['y'], fetch: moving });
    expect([refused.code, refused.out, refused.err]).toEqual([1, '', expect.stringContaining(other.digest)]);
    const byDigest = await run(`rm team/app@${other.digest} -y`);
    expect([byDigest.code, byDigest.out]).toEqual([0, expect.stringMatching(/deletion {2,}\S{30}/)]);
    await pushImage(app, 'team/app', '1', image);
  });
});

describe('a restore of what others have taken the name of', () => {
  it('ends with 1 and says what to do', async () => {
    await pushImage(app, 'team/taken', '1', image);
    await done('rm team/taken:1 -y');
    await pushImage(app, 'team/taken', '1', makeImage('by another'));
    const ran = await run('bin restore team/taken:1');
    expect([ran.code, ran.err]).toEqual([1, expect.stringMatching(/^nothing was restored: 1 .*delete that tag/)]);
  });
});

describe('a bulk deletion', () => {
  const lock = (tag: string) =>
    ask(app, 'PATCH', `/acr/v1/team/bulk/_tags/${tag}`, {
      body: '{"deleteEnabled":false}',
      headers: { 'content-type': 'application/json' },
    });

  it('ends with 1 when locks keep a part or all, and says so; with 0 when all has gone', async () => {
    for (const tag of ['a1', 'a2', 'b1', 'c1']) await pushImage(app, 'team/bulk', tag, image);
    await lock('a1');
    await lock('b1');
    const part = await run('rm team/bulk --search a* -y');
    expect([part.code, part.err]).toEqual([
      1,
      expect.stringMatching(/^1 of 2 were deleted, and 1 stay: a1, because it is locked/),
    ]);
    const none = await run('rm team/bulk --search b* -y');
    expect([none.code, none.err]).toEqual([1, expect.stringMatching(/^nothing was deleted, and 1 stay: b1, because/)]);
    expect((await run('rm team/bulk --search c* -y')).code).toBe(0);
    expect((await run('rm team/bulk --search none* -y')).code).toBe(0);
  });

  it('is found again by its id, with the same end, and its undoing says what was taken meanwhile', async () => {
    const bulks = await json<{ id: string }[]>('bulk ls');
    const ids = bulks.map(({ id }) => id);
    const codes = await Promise.all(ids.map(async (id) => (await run(`bulk watch ${id}`)).code));
    expect(codes.toSorted()).toEqual([0, 0, 1, 1]);
    const deleted = ids[codes.indexOf(0, codes.indexOf(0) + 1)] ?? '';
    await pushImage(app, 'team/bulk', 'c1', makeImage('another'));
    const undone = await run(`bulk undo ${deleted}`);
    expect([undone.code, undone.err]).toEqual([1, expect.stringContaining('c1 stays in the recycle bin')]);
    expect((await run('bulk watch nothing')).code).toBe(1);
  });

  it('goes on after Ctrl-C, and says how to follow it up; without a terminal nothing else is said', async () => {
    const running = async (request: Request) => {
      const answer = await longshore.app.fetch(request);
      if (!request.url.includes('/bulk-deletions')) return answer;
      return Response.json({ ...((await answer.json()) as object), state: 'running' }, { status: answer.status });
    };
    await pushImage(app, 'team/bulk', 'd1', image);
    const ran = await run('rm team/bulk --search d* -y', { fetch: running, interruptAfter: 2 });
    expect([ran.code, ran.out]).toEqual([130, '']);
    expect(ran.err).toMatch(/^The bulk deletion goes on in the registry: longshore bulk watch \S+\n$/);
    const id = ran.err.trim().split(' ').at(-1) ?? '';
    expect((await run(`bulk watch ${id}`)).code).toBe(0);
    const seen = await run(`bulk watch ${id}`, { fetch: running, interruptAfter: 2, terminal: { columns: 80 } });
    expect([seen.code, seen.err]).toEqual([130, expect.stringContaining('[####')]);
  });
});
