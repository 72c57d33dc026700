import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { adminPassword, byAdmin, composeRequired, makeToken } from '../shared/features/identity/required.ts';
import { ask, makeImage, pushBlob, pushImage } from '../shared/image.ts';
import type { User } from './run.ts';
import { userOf } from './run.ts';

const longshore = composeRequired();
const app = byAdmin(longshore.app);

/** An image whose label tries everything that a terminal acts on. */
const attack = '\u001b[2J\u001b]0;owned\u0007\u202egpj\u0085\n<script>';
const first = makeImage('first', 2, {}, 'shared');
let user: User;
let reader: User;

beforeAll(async () => {
  await pushImage(app, 'team/app', '1', first);
  await pushImage(app, 'team/app', '2', makeImage('second', 3, {}, 'shared'));
  for (const tag of ['6.0.9', '6.0.10', 'latest']) await pushImage(app, 'team/app', tag, first);
  await pushImage(app, 'team/other', '1', makeImage('other'));
  const config = Buffer.from(
    JSON.stringify({ architecture: 'amd64', os: 'linux', config: { Labels: { attack }, Env: [`A=${attack}`] } }),
  );
  const digest = await pushBlob(app, 'team/evil', config);
  const { bytes, mediaType } = makeImage('evil', 0);
  const manifest = {
    ...(JSON.parse(Buffer.from(bytes).toString()) as object),
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest, size: config.length },
  };
  await ask(app, 'PUT', '/v2/team/evil/manifests/1', {
    body: JSON.stringify(manifest),
    headers: { 'content-type': mediaType },
  });
  const env = { LONGSHORE_URL: 'http://registry.test', LONGSHORE_USERNAME: 'admin', LONGSHORE_PASSWORD: adminPassword };
  user = await userOf(longshore.app, env);
  const password = await makeToken(longshore, 'reader', ['repositories/team/*/content/read', 'management/read']);
  reader = await userOf(longshore.app, { ...env, LONGSHORE_USERNAME: 'reader', LONGSHORE_PASSWORD: password });
});

afterAll(async () => {
  await user.remove();
  await reader.remove();
});

const names = async (...args: string[]) => (await user.run([...args, '-o', 'name'])).out.trim().split('\n');

describe('longshore repos', () => {
  it('lists repositories by name, prefix and order', async () => {
    expect(await names('repos')).toEqual(['team/app', 'team/evil', 'team/other']);
    expect(await names('repos', '--desc')).toEqual(['team/other', 'team/evil', 'team/app']);
    expect(await names('repos', 'team/o')).toEqual(['team/other']);
    const table = await user.run(['repos']);
    expect([table.code, table.out]).toEqual([0, expect.stringMatching(/^REPOSITORY +TAGS/)]);
    expect((await user.run(['repos', '--sort', 'colour'])).code).toBe(2);
    const none = await user.run(['repos', 'nothing/'], { terminal: { columns: 80 } });
    expect([none.code, none.out]).toEqual([0, expect.stringContaining('docker push')]);
  });
});

describe('longshore tags', () => {
  it('lists tags in their natural order, with the names of the same image beside', async () => {
    expect(await names('tags', 'team/app')).toEqual(['1', '2', '6.0.9', '6.0.10', 'latest']);
    expect(await names('tags', 'team/app', '--search', '6*', '--desc')).toEqual(['6.0.10', '6.0.9']);
    const ran = await user.run(['tags', 'http://registry.test/team/app', '-o', 'json']);
    expect(JSON.parse(ran.out)).toMatchObject([{ name: '1', digest: first.digest, aliasCount: 3 }, {}, {}, {}, {}]);
    const table = await user.run(['tags', 'team/app'], { terminal: { columns: 100 } });
    for (const line of table.out.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
  });

  it('of no repository, or of one that is typed wrong, says so', async () => {
    expect((await user.run(['tags', 'no/such'])).code).toBeLessThanOrEqual(1);
    expect((await user.run(['tags', 'team/app:1'])).code).toBe(2);
    expect((await user.run(['tags'])).code).toBe(2);
  });
});

describe('longshore image', () => {
  it('shows one image by tag and by digest', async () => {
    const ran = await user.run(['image', 'team/app:1']);
    expect([ran.code, ran.out]).toEqual([0, expect.stringMatching(new RegExp(`^image +team/app@${first.digest}\\n`))]);
    expect((await user.run(['image', `team/app@${first.digest}`, '-o', 'name'])).out).toBe(
      `team/app@${first.digest}\n`,
    );
    expect(JSON.parse((await user.run(['image', 'team/app:1', '-o', 'json'])).out)).toMatchObject({
      digest: first.digest,
    });
    expect(await user.run(['image', 'team/app:nothing'])).toMatchObject({ code: 1, out: '' });
    expect((await user.run(['image', 'team/app'])).code).toBe(2);
    expect((await user.run(['image', 'team/app:1', '--dockerfile'])).code).toBe(0);
  });

  it.each(['table', 'json', 'tsv', 'name'])(
    'is harmless on the terminal as %s, whatever its labels say',
    async (format) => {
      const ran = await user.run(['image', 'team/evil:1', '-o', format], { terminal: { columns: 80 } });
      expect([ran.code, ran.err]).toEqual([0, '']);
      // The colours of states are the command's own, and no state is here.
      expect(ran.out).toMatch(/^[ -~\n\t…]*$/);
      if (format === 'json') expect(JSON.parse(ran.out)).toMatchObject({ config: { labels: { attack } } });
      if (format === 'table') expect(ran.out).toContain(String.raw`\x1b[2J`);
    },
  );
});

describe('longshore diff', () => {
  it('says what a pull of the second takes, and refuses two registries', async () => {
    const ran = await user.run(['diff', 'team/app:1', 'team/app:2']);
    expect([ran.code, ran.out]).toEqual([0, expect.stringMatching(/\+ +layer/)]);
    expect(ran.out).toMatch(/2 layers in common/);
    expect(JSON.parse((await user.run(['diff', 'team/app:1', 'team/app:2', '-o', 'json'])).out)).toMatchObject({
      bytes: {},
      layers: {},
    });
    expect((await user.run(['diff', 'team/app:1', 'team/app:none'])).code).toBe(1);
    expect((await user.run(['diff', 'team/app:1', 'evil.test/team/app:2'])).code).toBe(2);
    expect((await user.run(['diff', 'team/app:1'])).code).toBe(2);
  });
});

describe('longshore me', () => {
  it('says who one is, and what one may do', async () => {
    const ran = await reader.run(['me']);
    expect([ran.code, ran.out]).toEqual([0, expect.stringMatching(/^subject +reader\n/)]);
    expect((await user.run(['me', '-o', 'name'])).out).toBe('admin\n');
    expect(JSON.parse((await reader.run(['me', '-o', 'json'])).out)).toMatchObject({ kind: 'token' });
  });
});

describe('longshore rm', () => {
  it('shows what goes, asks, deletes one tag alone, and says how to undo it', async () => {
    const dry = await user.run(['rm', 'team/app:latest', '--dry-run', '-o', 'json']);
    expect([dry.code, JSON.parse(dry.out)]).toEqual([
      0,
      expect.objectContaining({ digest: first.digest, goes: expect.objectContaining({ tags: ['latest'] }) as object }),
    ]);
    expect((await user.run(['rm', 'team/app:latest'])).code).toBe(2);
    const declined = await user.run(['rm', 'team/app:latest'], { answers: [''] });
    expect([declined.code, declined.err]).toEqual([1, 'nothing was changed\n']);
    expect(await names('tags', 'team/app')).toContain('latest');
    const done = await user.run(['rm', 'team/app:latest'], { answers: ['y'] });
    expect([done.code, done.out, done.asked[0]]).toEqual([
      0,
      expect.stringContaining('undo it: longshore bin restore team/app:latest'),
      expect.stringContaining('1 tag'),
    ]);
    expect(await names('tags', 'team/app')).toEqual(['1', '2', '6.0.9', '6.0.10']);
    expect((await user.run(['bin', 'restore', 'team/app:latest'])).code).toBe(0);
    expect(await names('tags', 'team/app')).toContain('latest');
  });

  it('deletes an image with all of its tags by its digest', async () => {
    const done = await user.run(['rm', `team/app@${first.digest}`, '--yes', '-o', 'json']);
    expect([done.code, done.err]).toEqual([0, '']);
    expect(await names('tags', 'team/app')).toEqual(['2']);
  });

  it('deletes a whole repository with --repository alone', async () => {
    expect(await user.run(['rm', 'team/other', '-y'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('--repository') as string,
    });
    expect((await user.run(['rm', 'team/other:1', '--repository', '-y'])).code).toBe(2);
    expect((await user.run(['rm', 'team/oth', '--repository', '-y'])).code).toBe(1);
    expect((await user.run(['rm', 'team/other', '--repository', '--dry-run'])).out).toContain('team/other');
    expect((await user.run(['rm', 'team/other', '--repository', '-y'])).code).toBe(0);
    expect(await names('repos')).not.toContain('team/other');
  });

  it('is refused with 3 where it is locked, and where the right is missing', async () => {
    const lock = JSON.stringify({ deleteEnabled: false });
    const headers = { 'content-type': 'application/json' };
    const locked = await ask(app, 'PATCH', '/acr/v1/team/app/_tags/2', { body: lock, headers });
    expect(locked.status).toBe(200);
    const held = await user.run(['rm', 'team/app:2', '--yes']);
    expect([held.code, held.err]).toEqual([3, expect.stringMatching(/^team\/app:2 stays, because /)]);
    const refused = await reader.run(['rm', 'team/evil:1', '--yes']);
    expect([refused.code, refused.out]).toEqual([3, '']);
    expect(await names('tags', 'team/app')).toEqual(['2']);
  });
});
