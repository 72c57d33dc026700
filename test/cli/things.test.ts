import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { contextOf } from '../clients/portal-bases.ts';
import { adminPassword, byAdmin, composeRequired, makeToken } from '../shared/features/identity/required.ts';
import { makeImage, pushBlob, pushImage } from '../shared/image.ts';
import type { User } from './run.ts';
import { userOf } from './run.ts';

const longshore = composeRequired();
const app = byAdmin(longshore.app);
const image = makeImage('one');
let [admin, reader]: User[] = [];

beforeAll(async () => {
  await pushImage(app, 'team/app', '1', image);
  await pushImage(app, 'team/deep/app', '1', image);
  const asUser = (name: string, password: string) =>
    userOf(longshore.app, {
      LONGSHORE_URL: 'http://registry.test',
      LONGSHORE_USERNAME: name,
      LONGSHORE_PASSWORD: password,
    });
  admin = await asUser('admin', adminPassword);
  reader = await asUser('reader', await makeToken(longshore, 'reader', ['management/read']));
});
afterAll(async () => {
  for (const user of [admin, reader]) await user?.remove();
});

type Options = Parameters<User['run']>[1];
const run = (args: string, options: Options = {}) => (admin as User).run(args.split(' '), options);
const done = async (args: string, options: Options = {}) => {
  const ran = await run(args, options);
  expect([args, ran.code, ran.err]).toEqual([args, 0, '']);
  return ran.out;
};
const json = async <T = never>(args: string, options: Options = {}) =>
  JSON.parse(await done(`${args} -o json`, options)) as T;

interface Kind {
  readonly group: string;
  readonly name: string;
  /** The settings on the standard input, and a part of what is shown then. */
  readonly input?: object;
  readonly flags?: string;
  readonly shows: string;
}

const kinds: readonly Kind[] = [
  {
    group: 'issuers',
    name: 'github',
    input: {
      issuer: 'https://token.actions.githubusercontent.com',
      audience: 'longshore',
      conditions: [{ claim: 'repository', is: 'octo/*' }],
      scopeMap: '_repositories_pull',
    },
    shows: 'repository=octo/*',
  },
  {
    group: 'build-policies',
    name: 'apps',
    input: { repositories: { include: ['team/**'], exclude: ['team/old'] }, mode: 'rebase' },
    shows: 'team/**, not team/old',
  },
  {
    group: 'upstreams',
    name: 'registry.example',
    flags: ' --username mirror --secret longshore-user-x',
    shows: 'mirror',
  },
];

describe.each(kinds)('longshore $group', ({ group, name, input, flags = '', shows }) => {
  it('makes one, lists and shows it, replaces it only when it is told to, and deletes it only when it is sure', async () => {
    const given = input === undefined ? {} : { input: JSON.stringify(input) };
    const empty = await run(`${group} ls`);
    expect([empty.code, empty.out, empty.err]).toEqual([0, '', expect.stringContaining(`${group} create`)]);
    expect(await json(`${group} create ${name}${flags}`, given)).toMatchObject(input ?? { host: name });
    expect(await done(`${group} ls`)).toContain(shows);
    expect(await done(`${group} ls -o name`)).toBe(`${name}\n`);
    const again = await run(`${group} create ${name}${flags}`, given);
    expect([again.code, again.err]).toEqual([1, expect.stringContaining('--replace')]);
    expect(await done(`${group} create ${name}${flags} --replace -o name`, given)).toBe(`${name}\n`);
    expect((await (reader as User).run([group, 'create', 'other', ...flags.split(' ').slice(1)], given)).code).toBe(3);
    expect((await run(`${group} rm ${name}`)).code).toBe(2);
    expect((await run(`${group} rm ${name}`, { answers: ['n'] })).err).toBe('nothing was changed\n');
    expect(await done(`${group} rm ${name} --dry-run`)).toContain('would be deleted');
    expect((await (reader as User).run([group, 'rm', name, '-y'])).code).toBe(3);
    expect(await json(`${group} rm ${name} -y`)).toEqual({ deleted: name });
    expect((await run(`${group} rm ${name} -y`)).code).toBe(1);
  });

  it('takes nothing but an object of JSON', async () => {
    if (input === undefined) return;
    for (const wrong of ['', '[]', 'x: y']) expect((await run(`${group} create x`, { input: wrong })).code).toBe(2);
    expect((await run(`${group} create x`, { answers: [] })).code).toBe(2);
    expect((await run(`${group} create x`, { input: '{"nonsense":1}' })).code).toBe(1);
  });
});

describe('longshore build-policies', () => {
  it('changes one, and switches it off and on', async () => {
    await done('build-policies create changed', { input: '{"mode":"notify"}' });
    expect(await json('build-policies edit changed', { input: '{"pins":"bump"}' })).toMatchObject({
      mode: 'notify',
      pins: 'bump',
    });
    expect(await done('build-policies disable changed')).toMatch(/state +disabled/);
    expect(await json('build-policies enable changed')).toMatchObject({ enabled: true });
    expect(await json('build-policies show changed')).toMatchObject({ name: 'changed', mode: 'notify' });
    expect((await run('build-policies show none')).code).toBe(1);
  });
});

describe('longshore tasks', () => {
  const settings = (digest: string) => ({ image: 'team/built:1', context: { repository: 'contexts', digest } });

  it('makes one of a file, shows, changes, switches and runs it, and gives its hook secrets that are shown once', async () => {
    const digest = await pushBlob(app, 'contexts', await contextOf('FROM scratch\n'));
    const input = JSON.stringify(settings(digest));
    expect(await json('tasks create app', { input })).toMatchObject({ name: 'app', image: 'team/built:1' });
    expect((await run('tasks create app', { input })).code).toBe(1);
    expect(await done('tasks ls')).toContain(`contexts@${digest}`);
    expect(await json('tasks edit app', { input: '{"timeoutSeconds":600}' })).toMatchObject({
      timeoutSeconds: 600,
    });
    expect(await done('tasks disable app')).toMatch(/state +disabled/);
    expect(await done('tasks enable app')).toMatch(/state +enabled/);
    expect((await (reader as User).run(['tasks', 'run', 'app'])).code).toBe(3);
    expect(await done('tasks run app')).toMatch(/^build +\S/);
    const made = await done('tasks rotate app --yes -o name');
    expect(made).toMatch(/^whsec_\S+\n$/);
    expect((await run('tasks rotate app')).code).toBe(2);
    const hook = await done('tasks hook app');
    expect(hook).toContain('http://registry.test/api/v1/tasks/app/hook');
    expect(hook).not.toContain('whsec_');
    expect((await run('tasks end-hook app')).code).toBe(2);
    expect(await json('tasks end-hook app --yes')).toEqual({ deleted: 'app' });
    expect((await run('tasks hook app')).code).toBe(1);
    expect(await json('tasks rm app --yes')).toEqual({ deleted: 'app' });
  });

  it('refuses what is not there, and to build of what is no archive', async () => {
    const made = await run('tasks create app', { input: JSON.stringify(settings(image.digest)) });
    expect([made.code, made.err]).toEqual([1, expect.stringContaining(image.digest)]);
    expect((await run('tasks show app')).code).toBe(1);
    expect((await run('tasks run app')).code).toBe(1);
    expect((await run('tasks hook app')).code).toBe(1);
    expect((await run('tasks rotate app -y')).code).toBe(1);
    expect((await run('tasks end-hook app -y')).code).toBe(1);
    expect((await run('tasks ls')).err).toContain('tasks create');
  });
});

describe('longshore signing-keys', () => {
  it('lists the keys, and deletes one when it is sure', async () => {
    const [key = ''] = (await done('signing-keys ls -o name')).trim().split('\n');
    expect(key).not.toBe('');
    const rm = (...flags: string[]) => (admin as User).run(['signing-keys', 'rm', key, ...flags]);
    expect(await done('signing-keys ls')).toContain('SIGNS FROM');
    expect((await rm()).code).toBe(2);
    expect((await rm('--dry-run', '-o', 'name')).out).toBe(`${key}\n`);
    expect(JSON.parse((await rm('--yes', '-o', 'json')).out)).toEqual({ deleted: key });
    const none = await run('signing-keys rm none --yes');
    expect([none.code, none.err]).toEqual([1, expect.stringContaining('signing-keys ls')]);
  });
});

describe('longshore base-sources', () => {
  it('makes a secret that is shown once, another one when it is sure, and deletes it', async () => {
    const made = await done('base-sources rotate quay -o name');
    expect(made).toMatch(/^whsec_\S+\n$/);
    expect(await done('base-sources ls')).not.toContain('whsec_');
    expect(await done('base-sources ls -o name')).toBe('quay\n');
    expect((await run('base-sources rotate quay')).code).toBe(2);
    const other = await json<{ secret: string }>('base-sources rotate quay --yes');
    expect(other.secret).not.toBe(made.trim());
    const wrong = await run('base-sources rotate elsewhere');
    expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining('docker-hub')]);
    expect(await json('base-sources rm quay --yes')).toEqual({ deleted: 'quay' });
    expect((await run('base-sources rm quay --yes')).code).toBe(1);
  });
});

describe('longshore in-use', () => {
  it('reports what a source uses by its digests, bare or in references, and never that it uses nothing', async () => {
    const other = `sha256:${'b'.repeat(64)}`;
    const input = `registry.example/team/app@${image.digest}\n${other}\r\n\n${other}\n`;
    expect(await json('in-use put cluster-1', { input })).toMatchObject({ source: 'cluster-1', digests: 2 });
    expect((await done('in-use show cluster-1 -o name')).trim().split('\n').toSorted()).toEqual(
      [image.digest, other].toSorted(),
    );
    expect(await done('in-use ls')).toContain('cluster-1');
    const nothing = await run('in-use put cluster-1', { input: '\n' });
    expect([nothing.code, nothing.err]).toEqual([2, expect.stringContaining('in-use rm cluster-1')]);
    expect((await run('in-use put cluster-1 --ttl soon', { input })).code).toBe(2);
    expect((await run('in-use put cluster-1', { input: 'latest' })).code).toBe(1);
    expect((await run('in-use put cluster-1', { answers: [] })).code).toBe(2);
    expect((await run('in-use rm cluster-1')).code).toBe(2);
    expect(await json('in-use rm cluster-1 -y')).toEqual({ deleted: 'cluster-1' });
    expect((await run('in-use show cluster-1')).code).toBe(1);
  });
});

describe('longshore bin purge', () => {
  it('deletes one deletion for good when it is sure, and nothing that came to it since', async () => {
    await pushImage(app, 'team/gone', '1', makeImage('gone'));
    await done('rm team/gone --repository -y');
    const deletions = await json<{ group: string; repository: string; tags: number }[]>('bin deletions team/gone');
    const { group } = deletions.find(({ tags }) => tags === 1) ?? { group: '' };
    expect(await done(`bin purge ${group} --dry-run -o name`)).toContain('team/gone:1');
    expect((await run(`bin purge ${group}`)).code).toBe(2);
    expect((await (reader as User).run(['bin', 'purge', group, '-y'])).code).toBe(3);
    const asked = await run(`bin purge ${group}`, { answers: ['y'] });
    expect([asked.code, asked.asked[0], asked.out]).toEqual([
      0,
      expect.stringContaining('team/gone'),
      expect.stringContaining('1 tag'),
    ]);
    expect((await run(`bin restore ${group}`)).code).toBe(1);
    expect((await run('bin purge nothing -y')).code).toBe(1);
  });
});

describe('what is shown at a glance', () => {
  it('is the overview, one level of the tree of names, the config of an image, and the forecast', async () => {
    expect(await done('overview')).toMatch(/registry +default\nstored +/);
    expect(await json('overview')).toMatchObject({ registry: 'default' });
    expect(await done('overview -o name')).toBe('default\n');
    expect(await done('repos team/ --tree -o name')).toBe('team/app\nteam/deep/\n');
    expect((await run('repos --tree --sort size')).code).toBe(2);
    expect(JSON.parse(await done('image team/app:1 --config'))).toEqual(JSON.parse(image.config.toString()));
    expect(await done('image team/app:1 --config -o name')).toBe(`team/app@${image.digest}\n`);
    for (const words of ['usage forecast', 'usage pulled']) {
      const ran = await run(words);
      // Before the first survey there is nothing to say.
      expect([words, ran.code, ran.err]).toEqual([words, 1, expect.stringContaining('survey')]);
    }
    expect((await run('webhooks delivery none1 dlv_1')).code).toBe(1);
    expect((await run('bases of team/app:1')).err).toContain('No base of it is known');
  });
});
