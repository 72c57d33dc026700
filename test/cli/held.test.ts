import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { adminPassword, byAdmin } from '../shared/features/identity/required.ts';
import { makeToken } from '../shared/features/identity/required.ts';
import { makeIndex } from '../shared/features/recycle-bin/binned.ts';
import { bundled } from '../shared/features/trust/signing.ts';
import { ecKeyPair, pemOf, startInstance } from '../shared/features/trust/sigstore/instance.ts';
import type { World } from '../shared/features/verdicts/held.ts';
import { heldWorld } from '../shared/features/verdicts/held.ts';
import { makeImage, putManifest } from '../shared/image.ts';
import type { User } from './run.ts';
import { userOf } from './run.ts';

const key = ecKeyPair();
const [one, two] = [makeImage('one'), makeImage('two')];
const index = makeIndex([one, two]);

let world: World;
let [admin, scanner, reader]: User[] = [];

beforeAll(async () => {
  world = await heldWorld();
  const asUser = async (name: string, password: string) =>
    userOf(world.app, {
      LONGSHORE_URL: 'http://registry.test',
      LONGSHORE_USERNAME: name,
      LONGSHORE_PASSWORD: password,
    });
  admin = await asUser('admin', adminPassword);
  const scans = ['content/read', 'quarantine/read', 'quarantine/write'].map((right) => `repositories/prod/**/${right}`);
  scanner = await asUser('scans', await makeToken(world, 'scans', scans));
  reader = await asUser('reads', await makeToken(world, 'reads', ['management/read']));
});
afterAll(async () => {
  for (const user of [admin, scanner, reader]) await user?.remove();
});

const words = (args: string) =>
  [...args.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
const run = (args: string, user = admin, options: Parameters<User['run']>[1] = {}) =>
  (user as User).run(words(args), options);
const done = async (args: string, user = admin, options: Parameters<User['run']>[1] = {}) => {
  const ran = await run(args, user, options);
  expect([args, ran.code, ran.err]).toEqual([args, 0, '']);
  return ran.out;
};
const json = async <T = never>(args: string, user = admin, options: Parameters<User['run']>[1] = {}) =>
  JSON.parse(await done(`${args} -o json`, user, options)) as T;
const statusOf = async (reference: string, repository = 'prod/app') =>
  (await world.pull(world.puller, repository, reference)).status;

describe('longshore trust-policies', () => {
  it('are made of flags, shown, switched to enforce by a flag, and deleted', async () => {
    const file = join((admin as User).home, 'cosign.pub');
    await writeFile(file, pemOf(key));
    const made = await json(`trust-policies create release --key ${file} --repositories prod/**,team/app`);
    expect(made).toMatchObject({
      name: 'release',
      mode: 'audit',
      repositories: { include: ['prod/**', 'team/app'], exclude: [] },
      sigstoreKeys: [{ name: 'release', keys: [pemOf(key)] }],
    });
    const again = await run(`trust-policies create release --key ${file}`);
    expect([again.code, again.err]).toEqual([1, expect.stringContaining('--replace')]);
    expect(await done('trust-policies ls')).toMatch(/^release +audit +prod\/\*\* team\/app +key release$/m);
    expect(await json('trust-policies edit release --mode enforce')).toMatchObject({ mode: 'enforce' });
    const input = JSON.stringify({ repositories: { include: ['team/*'] } });
    expect(await json('trust-policies edit release', admin, { input })).toMatchObject({ mode: 'enforce' });
    expect((await run('trust-policies edit release', reader, { input })).code).toBe(3);
    expect(await done('trust-policies show release')).toContain('signed by');
    expect((await run('trust-policies rm release')).code).toBe(2);
    expect(await json('trust-policies rm release --yes')).toEqual({ deleted: 'release' });
    expect((await run('trust-policies show release')).code).toBe(1);
  });

  it('may trust an identity by flags, and everything else by JSON', async () => {
    const issuer = 'https://token.actions.githubusercontent.com';
    const keyless = `trust-policies create ci --issuer ${issuer} --subject https://github.com/acme/** --mode off`;
    expect(await json(keyless)).toMatchObject({
      sigstoreIdentities: [{ name: 'ci', issuer, subject: 'https://github.com/acme/**', trustedRoot: 'public-good' }],
    });
    const input = JSON.stringify({ mode: 'off', attestation: 'https://slsa.dev/provenance/v1' });
    expect(await json('trust-policies create slsa', admin, { input })).toMatchObject({ mode: 'off', sigstoreKeys: [] });
    for (const name of ['ci', 'slsa']) await done(`trust-policies rm ${name} --yes`);
  });

  it('never send a private key, and say which flag is missing or wrong before anything is asked', async () => {
    const file = join((admin as User).home, 'cosign.key');
    await writeFile(file, '-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\nAAAA\n');
    const other = join((admin as User).home, 'notes.txt');
    await writeFile(other, 'no key');
    const large = join((admin as User).home, 'large');
    await writeFile(large, 'x'.repeat(100_000));
    for (const [flags, says] of [
      [`--key ${file}`, 'private key'],
      [`--key ${other}`, 'no public key'],
      [`--key ${large}`, 'at most'],
      ['--key /no/such/file', 'ENOENT'],
      [`--key ${(admin as User).home}`, 'is no file'],
      ['--mode audit', '--key FILE'],
      ['--issuer https://issuer.example', '--subject'],
      ['--mode strict --key x', 'strict'],
      [`--key ${join((admin as User).home, 'cosign.pub')} --repositories prod/**,`, 'empty pattern'],
    ] as const) {
      const ran = await run(`trust-policies create wrong ${flags}`);
      expect([flags, ran.code, ran.err, ran.requests]).toEqual([flags, 2, expect.stringContaining(says), []]);
    }
  });
});

describe('longshore trust-roots', () => {
  it("are made of sigstore's own JSON, and one that cannot be used is refused", async () => {
    const { root } = await startInstance();
    const made = await json('trust-roots create own', admin, { input: JSON.stringify(root) });
    expect(made).toMatchObject({ name: 'own', notes: [] });
    expect((await run('trust-roots create own', admin, { input: JSON.stringify(root) })).code).toBe(1);
    expect((await run('trust-roots create wrong', admin, { input: '{}' })).code).toBe(1);
    expect(await done('trust-roots ls -o name')).toBe('own\n');
    expect(await done('trust-roots show own')).toContain('trusted root');
    await done('trust-roots rm own --yes');
  });
});

describe('an image that a quarantine policy holds', () => {
  it('is listed, explained, released for a while, held again, failed and passed, with all that it lists', async () => {
    expect((await run('held')).err).toContain('No image is held');
    await done('quarantine-policies create wait --repositories prod/** --mode enforce');
    expect(await json('quarantine-policies show wait')).toMatchObject({ mode: 'enforce', backlog: 'open' });
    await world.push('prod/app', '1-amd64', one);
    await world.push('prod/app', '1-arm64', two);
    await putManifest(byAdmin(world.app), 'prod/app', '1', index);
    await world.hear();
    await world.push('other/app', '1', one);
    expect((await done('held prod/ -o name')).trim().split('\n').toSorted()).toEqual(
      [one, two, index].map(({ digest }) => `prod/app@${digest}`).toSorted(),
    );
    expect(await done('held')).toMatch(/^prod\/app@sha256:[0-9a-f]{12} +wait +2026-01-01 .* it is in quarantine/m);
    expect(await json('held nothing/')).toEqual([]);

    const why = await run('why prod/app:1');
    expect([why.code, why.out, why.err]).toEqual([
      3,
      expect.stringMatching(/^held +yes\nwhy +It is held by wait: .*\nquarantine +pending, enforce, by wait$/m),
      'prod/app:1 is held: longshore quarantine pass prod/app:1 passes it, ' +
        'longshore release prod/app:1 --reason TEXT opens it for some hours\n',
    ]);
    expect(await run('why prod/app:1 -o name')).toMatchObject({ code: 3, out: 'held\n' });
    expect(await done('why other/app:1 -o name')).toBe('open\n');

    const released = await json('release prod/app:1 --hours 2 --reason "the tests are down"', scanner);
    expect(released).toMatchObject({ digest: index.digest, held: false, release: { reason: 'the tests are down' } });
    for (const { digest } of [one, two, index]) expect(await statusOf(digest)).toBe(200);
    expect(await done('why prod/app:1')).toContain('the tests are down');
    expect(await done('end-release prod/app:1')).toMatch(/^manifests +3 manifests of the image$/m);
    for (const { digest } of [one, two, index]) expect(await statusOf(digest)).toBe(403);

    expect(await json('quarantine fail prod/app:1 --details "it does not start"', scanner)).toMatchObject({
      digest: index.digest,
      quarantineState: 'Failed',
      manifests: 3,
    });
    expect((await run('why prod/app:1')).out).toContain('it does not start');
    expect(await done('quarantine pass prod/app:1 -o name', scanner)).toBe(`prod/app@${index.digest}\n`);
    for (const { digest } of [one, two, index]) expect(await statusOf(digest)).toBe(200);
    expect(await json('held')).toEqual([]);
    await done('quarantine-policies rm wait --yes');
  });

  it('is released by nobody without the right, not twice, and not for ever', async () => {
    await done('quarantine-policies create wait --repositories prod/** --mode enforce');
    const fresh = makeImage('fresh');
    await world.push('prod/app', 'fresh', fresh);
    expect((await run('release prod/app:fresh --reason because', reader)).code).toBe(3);
    expect((await run('quarantine pass prod/app:fresh', reader)).code).toBe(3);
    expect((await run('release prod/app:fresh')).code).toBe(2);
    expect((await run('release prod/app:fresh --reason because --hours soon')).code).toBe(2);
    expect((await run('release prod/app:fresh --reason because --hours 9999')).code).toBe(1);
    expect((await run('release prod/app --reason because')).code).toBe(2);
    expect((await run('release prod/app:none --reason because')).code).toBe(1);
    const ended = await run('end-release prod/app:fresh');
    expect([ended.code, ended.err]).toEqual([1, expect.stringContaining('was not released by hand')]);
    await done('quarantine pass prod/app:fresh');
    const open = await run('release prod/app:fresh --reason because');
    expect([open.code, open.err]).toEqual([1, expect.stringContaining('is not held')]);
    await done('quarantine-policies rm wait --yes');
  });
});

describe('an image that must be signed', () => {
  it('says so by why, and passes when its signature has come', async () => {
    const file = join((admin as User).home, 'cosign.pub');
    await writeFile(file, pemOf(key));
    await done(`trust-policies create release --key ${file} --repositories signed/* --mode enforce`);
    const image = makeImage('signed');
    await world.push('signed/app', '1', image);
    const before = await run('why signed/app:1');
    expect([before.code, before.out]).toEqual([3, expect.stringMatching(/^ {2}because +the policy release asks for/m)]);
    expect(before.err).not.toContain('quarantine pass');
    const signature = bundled(key, image);
    await world.push('signed/app', signature.digest, signature);
    expect(await done('why signed/app:1')).toMatch(/^ {2}evidence +release: .* is signed by the key/m);
  });
});

describe('longshore why with other words', () => {
  it.each([
    ['why ci push', 2],
    ['why prod/app', 2],
    ['why prod/none:1', 1],
    ['why', 2],
  ])('%s ends with %i', async (line, code) => {
    const ran = await run(line);
    expect([ran.code, ran.out, ran.err.trim().split('\n').length]).toEqual([code, '', 1]);
  });
});
