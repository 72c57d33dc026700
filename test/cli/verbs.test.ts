import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Verb } from '../../cli/verb.ts';
import { root } from '../../cli/verbs/all.ts';
import { adminPassword, byAdmin, composeRequired, makeToken, manage } from '../shared/features/identity/required.ts';
import { ask, makeImage, pushImage } from '../shared/image.ts';
import type { User } from './run.ts';
import { userOf } from './run.ts';

const longshore = composeRequired();
const app = byAdmin(longshore.app);

let [admin, reader, stranger]: User[] = [];
const image = makeImage('one');

beforeAll(async () => {
  await pushImage(app, 'team/app', '1', image);
  await pushImage(app, 'team/app', '2', makeImage('two'));
  const password = await makeToken(longshore, 'reader', ['repositories/team/*/content/read', 'management/read']);
  const asUser = (name: string, secret: string) => ({
    LONGSHORE_URL: 'http://registry.test',
    LONGSHORE_USERNAME: name,
    LONGSHORE_PASSWORD: secret,
  });
  admin = await userOf(longshore.app, asUser('admin', adminPassword));
  reader = await userOf(longshore.app, asUser('reader', password));
  stranger = await userOf(longshore.app);
});

afterAll(async () => {
  for (const user of [admin, reader, stranger]) await user?.remove();
});

const run = async (args: readonly string[], options = {}) => (admin as User).run(args, options);
const json = async (...args: string[]) => {
  const ran = await run([...args, '-o', 'json']);
  if (ran.code !== 0) throw new Error(ran.err);
  return JSON.parse(ran.out) as never;
};

describe('the recycle bin', () => {
  it('lists what was deleted, restores a tag by its name, and says what came back', async () => {
    await ask(app, 'DELETE', '/v2/team/app/manifests/1');
    expect(await json('bin', 'ls', 'team/app')).toMatchObject([{ kind: 'tag', tag: '1', digest: image.digest }]);
    expect((await run(['bin', 'ls', '-o', 'name'])).out).toBe('team/app:1\n');
    expect((await run(['bin', 'ls', '-o', 'tsv'])).out).toMatch(/^\S+Z\tteam\/app:1\t.*\tadmin\t\S+\n$/);
    const dry = await run(['bin', 'restore', 'team/app:1', '--dry-run', '-o', 'name']);
    expect([dry.code, dry.out]).toEqual([0, 'team/app:1\n']);
    expect(await json('bin', 'ls')).toHaveLength(1);
    const restored = await run(['bin', 'restore', 'team/app:1']);
    expect([restored.code, restored.out]).toEqual([0, expect.stringContaining('1 tag')]);
    expect(await json('bin', 'ls')).toEqual([]);
    const again = await run(['bin', 'restore', 'team/app:1']);
    expect([again.code, again.err]).toEqual([
      1,
      expect.stringMatching(/team\/app:1 is not in the recycle bin: longshore bin ls team\/app/),
    ]);
  });

  it('restores a whole deletion by its id', async () => {
    await ask(app, 'DELETE', `/v2/team/app/manifests/${image.digest}`);
    const [{ group }] = (await json('bin', 'ls', 'team/app')) as [{ group: string }];
    const dry = await run(['bin', 'restore', group, '--dry-run', '-o', 'name']);
    expect(dry.out.trim().split('\n').toSorted()).toEqual(['team/app:1', `team/app@${image.digest}`]);
    expect((await run(['bin', 'restore', group, '-o', 'name'])).out.split('\n')).toContain(image.digest);
    expect((await run(['bin', 'restore', 'nothing'])).code).toBe(1);
  });
});

describe('purges', () => {
  it('are planned, approved by the hash that was seen, explained and stopped', async () => {
    await manage(longshore, 'PUT', '/purge/policies/small', {
      repositories: { include: ['team/**'] },
      remove: [{ name: 'all-but-newest', beyondNewest: 1, tags: ['*'] }],
    });
    expect(await json('purge', 'ls')).toMatchObject(
      expect.arrayContaining([expect.objectContaining({ name: 'small', on: false })]),
    );
    const plan: { hash: string; items: object[] } = await json('purge', 'plan', 'small');
    expect(plan.hash).toMatch(/^\S+$/);
    const table = await run(['purge', 'plan', 'small', '--current'], { terminal: { columns: 100 } });
    expect([table.code, table.out]).toEqual([0, expect.stringContaining('awaiting')]);
    const unasked = await run(['purge', 'approve', 'small']);
    expect([unasked.code, unasked.err]).toEqual([2, expect.stringContaining('--yes')]);
    expect((await run(['purge', 'approve', 'small', '--yes'])).code).toBe(2);
    const declined = await run(['purge', 'approve', 'small'], { answers: ['n'] });
    expect([declined.code, declined.err, declined.asked.length]).toEqual([1, 'nothing was changed\n', 1]);
    const wrong = await run(['purge', 'approve', 'small', 'not-the-hash', '--yes']);
    expect(wrong.code).toBe(1);
    expect((await run(['purge', 'explain', 'team/app:1'])).out).toContain('small');
    expect(await json('purge', 'explain', 'team/app:1')).toMatchObject({ digest: image.digest });
    const approved = await run(['purge', 'approve', 'small', plan.hash, '--switch-on', '--yes', '-o', 'json']);
    expect([approved.err, approved.code]).toEqual(['', 0]);
    expect((await run(['purge', 'stop', 'small', '-o', 'name'])).out).toBe('small\n');
    expect((await run(['purge', 'plan', 'nobody'])).code).toBe(1);
  });
});

describe('tokens', () => {
  it('are made with passwords that are shown once, listed, renewed and deleted', async () => {
    const made = await run(['tokens', 'create', 'ci', '--scope-map', '_repositories_pull', '-o', 'name']);
    expect([made.code, made.out]).toEqual([0, expect.stringMatching(/^\S{40,}\n$/)]);
    expect((await run(['tokens', 'ls'])).out).not.toContain(made.out.trim());
    expect((await run(['tokens', 'ls', '-o', 'name'])).out.split('\n')).toContain('ci');
    expect((await run(['tokens', 'create', 'ci'])).code).toBe(1);
    expect((await run(['tokens', 'regenerate', 'ci'])).code).toBe(2);
    expect((await run(['tokens', 'regenerate', 'ci', '--dry-run'])).out).toContain('password1 of ci');
    const renewed = await run(['tokens', 'regenerate', 'ci', '--password', 'password2', '-y', '-o', 'name']);
    expect(renewed.out).toMatch(/^\S{40,}\n$/);
    expect((await run(['tokens', 'delete', 'ci', '--dry-run'])).code).toBe(0);
    const deleted = await run(['tokens', 'delete', 'ci'], { answers: ['yes'] });
    expect([deleted.code, deleted.asked[0]]).toEqual([0, expect.stringContaining('_repositories_pull')]);
    expect((await run(['tokens', 'delete', 'ci', '-y'])).code).toBe(1);
  });
});

describe('why', () => {
  it('says whether, and by which rule, with 0 and 3', async () => {
    const yes = await run(['why', 'reader', 'pull', 'team/app', '-o', 'json']);
    expect([yes.code, JSON.parse(yes.out)]).toEqual([
      0,
      { allowed: true, why: expect.stringContaining('content/read') as string },
    ]);
    const no = await run(['why', 'reader', 'push', 'team/app']);
    expect([no.code, no.out]).toEqual([3, expect.stringMatching(/allowed {2}no\nwhy +\S/)]);
    expect((await run(['why', 'everyone', 'pull', 'team/app', '-o', 'name'])).out).toBe('no\n');
    expect((await run(['why', 'nobody', 'pull', 'team/app'])).code).toBe(1);
  });
});

describe('a caller', () => {
  it('without the right is refused with 3, and told which one it is', async () => {
    const ran = await (reader as User).run(['tokens', 'create', 'x']);
    expect([ran.code, ran.out, ran.err]).toEqual([3, '', expect.stringContaining('longshore me')]);
    expect((await (reader as User).run(['tokens', 'ls'])).code).toBe(0);
  });

  it('without credentials is told to log in', async () => {
    const ran = await (stranger as User).run(['tokens', 'ls']);
    expect([ran.code, ran.err]).toEqual([3, 'authentication required; run longshore login registry.test\n']);
  });
});

describe('the other verbs', () => {
  it.each([
    ['webhooks ls', /There is no webhook/],
    ['builds ls', /Nothing was built yet/],
    ['regions', /in one region/],
    ['usage top', /Nothing is counted yet/],
  ])('%s says the next step where there is nothing', async (words, says) => {
    const ran = await run(words.split(' '), { terminal: { columns: 100 } });
    expect([ran.code, ran.out]).toEqual([0, expect.stringMatching(says)]);
  });

  it('bases tree shows what is built on an image', async () => {
    const ran = await run(['bases', 'tree', 'team/app:1']);
    expect([ran.code, ran.out.split('\n')[0]]).toEqual([0, 'team/app:1']);
    expect(await json('bases', 'tree', 'team/app:1')).toEqual({ image: 'team/app:1', dependents: [] });
  });

  it('usage show and export show the counters', async () => {
    expect((await run(['usage', 'show'])).out).toMatch(/^registry +default\n/);
    expect((await run(['usage', 'export'])).out).toMatch(/^\w+,.*\r?\n/);
    expect((await run(['usage', 'show', 'no/such'])).code).toBe(1);
  });

  it('of what is not there end with 1 and one line', async () => {
    for (const words of [
      'webhooks ping nobody',
      'webhooks deliveries nobody',
      'builds ls nothing',
      'builds watch nothing',
      'builds cancel nothing',
      'builds retry nothing',
      'builds log nothing team/app:1',
      'regions no/such:1',
      'purge explain no/such:1',
      'purge stop nobody',
    ]) {
      const ran = await run(words.split(' '));
      expect([words, ran.code, ran.out, ran.err.trim().split('\n').length]).toEqual([words, 1, '', 1]);
    }
  });

  it('doctor says what is well, and fails where something is wrong', async () => {
    const ran = await run(['doctor', '-o', 'json']);
    expect(ran.code).toBe(0);
    expect((JSON.parse(ran.out) as { check: string; is: string }[]).map(({ check, is }) => [check, is])).toEqual([
      ['answers', 'ok'],
      ['is Longshore', 'ok'],
      ['clock', 'ok'],
      ['rights', 'ok'],
      ['docker', 'ok'],
    ]);
    const page = async () => Promise.resolve(new Response('<html>', { status: 404 }));
    const wrong = await run(['doctor'], { fetch: page });
    expect([wrong.code, wrong.out]).toEqual([
      1,
      expect.stringMatching(/answers +wrong +GET \/v2\/ is answered with 404/),
    ]);
  });
});

describe('help', () => {
  const all = (verb: Verb, words: readonly string[]): (readonly [string, Verb])[] => [
    [words.join(' '), verb],
    ...(verb.verbs ?? []).flatMap((each) => all(each, [...words, each.name])),
  ];
  it.each(all(root, []))('of "%s" has its usage, a sentence, and examples that are commands', async (words, verb) => {
    const args = words.split(' ').filter((word) => word !== '');
    const ran = await (stranger as User).run([...args, '--help']);
    expect([ran.code, ran.err, ran.requests]).toEqual([0, '', []]);
    expect(ran.out).toMatch(new RegExp(`^usage: longshore ${words}.*\\n\\n[A-Z].*\\.\\n\\n`));
    for (const line of ran.out.split('\n')) expect(line.length).toBeLessThanOrEqual(180);
    if (verb.verbs === undefined) expect(verb.examples?.length).toBeGreaterThan(0);
    for (const example of verb.examples ?? []) {
      const [first = '', ...rest] =
        example
          .split(/ [<|>]/)[0]
          ?.trim()
          .split(' ') ?? [];
      const known = await (stranger as User).run([first, ...rest, '--help']);
      expect([example, known.code]).toEqual([example, 0]);
    }
  });

  it.each(['bash', 'zsh', 'fish'])('completion for %s has every verb', async (shell) => {
    const { out, code } = await (stranger as User).run(['completion', shell]);
    expect(code).toBe(0);
    for (const { name } of root.verbs ?? []) expect(out).toContain(name);
  });
});
