import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { adminPassword, makeToken } from '../shared/features/identity/required.ts';
import type { ScannedWorld } from '../shared/features/scanning/scanned.ts';
import { closeAdapters, scannedWorld } from '../shared/features/scanning/scanned.ts';
import { makeImage } from '../shared/image.ts';
import type { User } from './run.ts';
import { userOf } from './run.ts';

const [image, other] = [makeImage('scanned'), makeImage('reported')];
const sarif = {
  version: '2.1.0',
  runs: [{ tool: { driver: { name: 'none', version: '1' } }, results: [] }],
};

let world: ScannedWorld;
let [admin, reader]: User[] = [];

beforeAll(async () => {
  world = await scannedWorld();
  const asUser = async (name: string, password: string) =>
    userOf(world.app, {
      LONGSHORE_URL: 'http://registry.test',
      LONGSHORE_USERNAME: name,
      LONGSHORE_PASSWORD: password,
    });
  admin = await asUser('admin', adminPassword);
  reader = await asUser('reads', await makeToken(world, 'reads', ['management/read', 'repositories/**/content/read']));
});
afterAll(async () => {
  for (const user of [admin, reader]) await user?.remove();
  closeAdapters();
});

const words = (args: string) =>
  [...args.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
const run = (args: string, user = admin, options: Parameters<User['run']>[1] = {}) =>
  (user as User).run(words(args), options);
const done = async (args: string, options: Parameters<User['run']>[1] = {}) => {
  const ran = await run(args, admin, options);
  expect([args, ran.code, ran.err]).toEqual([args, 0, '']);
  return ran.out;
};
const json = async <T = never>(args: string, options: Parameters<User['run']>[1] = {}) =>
  JSON.parse(await done(`${args} -o json`, options)) as T;

describe('longshore scanners', () => {
  it('are listed, and asked what they are', async () => {
    expect(await json('scanners ls')).toMatchObject([{ name: 'trivy' }]);
    expect(await done('scanners check trivy')).toMatch(/^answer +\S+/m);
    const input = JSON.stringify({ url: 'http://127.0.0.1:2' });
    expect(await json('scanners create dead', { input })).toMatchObject({ name: 'dead' });
    const dead = await run('scanners check dead');
    expect([dead.code, dead.err]).toEqual([1, expect.stringContaining('dead gave no answer')]);
    expect(await json('scanners rm dead --yes')).toEqual({ deleted: 'dead' });
  });
});

describe('longshore scan', () => {
  it('waits until the scanner has reported, and findings shows what it found', async () => {
    await world.push('team/app', 'v1', image);
    await world.run();
    const ran = await run('scan team/app:v1 -o json', admin, {
      // The registry does its own work between the questions of the command.
      async fetch(request) {
        if (request.url.includes('/images/findings')) await world.run();
        return world.app.fetch(request);
      },
    });
    expect([ran.code, ran.err]).toEqual([0, '']);
    expect(JSON.parse(ran.out)).toMatchObject([{ repository: 'team/app', outcome: 'reported', scanner: 'trivy' }]);
    expect(await json('findings team/app:v1')).toMatchObject({ images: [{ state: 'reported' }] });
    expect((await run('findings team/app:v1')).out).toMatch(/scanned 2026-01-01 .* by /);
    expect((await run('scan team/none:v1')).code).toBe(1);
    expect((await run('scan team/app:v1', reader)).code).toBe(3);
    expect((await run('scan team/app:v1 --scanner nobody')).code).toBe(1);
  });
});

describe('longshore report put', () => {
  it('clears an image by the report of a CI, and takes no empty one', async () => {
    await world.push('team/app', 'ci', other);
    expect((await run('report put team/app:ci')).code).toBe(2);
    expect((await run('report put team/app:ci', reader, { input: JSON.stringify(sarif) })).code).toBe(3);
    expect(await json('report put team/app:ci', { input: JSON.stringify(sarif) })).toMatchObject({
      digest: other.digest,
      state: 'reported',
    });
    expect(await done('why team/app:ci -o name')).toBe('open\n');
  });
});

describe('longshore scan-policies and exceptions', () => {
  it('are made of flags or JSON, and deleted', async () => {
    expect(
      await json('scan-policies create soft --severity medium --only-fixable --repositories soft/**'),
    ).toMatchObject({ mode: 'audit', block: { severity: 'medium', onlyFixable: true } });
    expect(await json('scan-policies edit soft --mode off')).toMatchObject({ mode: 'off' });
    expect(await done('scan-policies ls')).toMatch(/^soft +off +soft\/\*\* +medium and worse, with a fix$/m);
    await done('scan-policies rm soft --yes');
    const made =
      'exceptions create ssl --vulnerability CVE-2026-1 --owner web --reason "not reachable" --until 2026-06-30';
    expect(await json(made)).toMatchObject({ vulnerability: 'CVE-2026-1', expiresAt: '2026-06-30T00:00:00.000Z' });
    expect(await done('exceptions ls')).toMatch(/^ssl +CVE-2026-1 +\*\* +active /m);
    expect((await run('exceptions create half --vulnerability CVE-2026-1')).code).toBe(2);
    expect((await run(made.replace('2026-06-30', 'soon').replace('ssl', 'half'))).code).toBe(2);
    await done('exceptions rm ssl --yes');
  });
});
