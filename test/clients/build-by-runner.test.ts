import { createHash } from 'node:crypto';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { RequiredStack } from '../local/stack/required-stack.ts';
import { startRequiredStack } from '../local/stack/required-stack.ts';
import type { Ci, Job } from '../shared/features/builds/bases/ci.ts';
import { startCi } from '../shared/features/builds/bases/ci.ts';
import { command } from './command.ts';

let required: RequiredStack;
let ci: Ci;

beforeAll(async () => {
  [required, ci] = await Promise.all([startRequiredStack(), startCi()]);
});

afterAll(async () => {
  ci.stop();
  await required.stop();
});

/** buildah with logins of one user's own. */
async function tools(user: string) {
  const file = join(required.folder, `auth-${user}.json`);
  await writeFile(file, '{}', { flag: 'a' });
  const storage = [
    '--storage-driver',
    'vfs',
    '--root',
    join(required.folder, 'storage'),
    '--runroot',
    join(required.folder, 'run'),
  ];
  return (...args: string[]) =>
    command('buildah', [...storage, ...args], {
      cwd: join(required.folder, 'context'),
      env: { REGISTRY_AUTH_FILE: file },
    });
}

const asAdmin = () => ({ authorization: `Basic ${Buffer.from(`admin:${required.password}`).toString('base64')}` });
const digestAt = async (name: string, tag: string) =>
  (
    await fetch(`${required.stack.url}/v2/${name}/manifests/${tag}`, {
      method: 'HEAD',
      headers: { ...asAdmin(), accept: 'application/vnd.oci.image.manifest.v1+json' },
    })
  ).headers.get('docker-content-digest');

it('an image is built by a CI that has nothing but its job, and can do nothing but that', async () => {
  const { host } = new URL(required.stack.url);
  const context = join(required.folder, 'context');
  await mkdir(context);
  await copyFile('/bin/busybox', join(context, 'busybox'));
  await writeFile(join(context, 'Base'), 'FROM scratch\nCOPY busybox /bin/busybox\n');
  await writeFile(
    join(context, 'Dockerfile'),
    `FROM ${host}/team/base:1\nRUN ["/bin/busybox", "touch", "/made-elsewhere"]\n`,
  );
  const byAdmin = await tools('admin');
  await byAdmin('login', '--tls-verify=false', '-u', 'admin', '-p', required.password, host);
  await byAdmin('bud', '--isolation', 'chroot', '--format', 'oci', '-f', 'Base', '-t', 'localhost/base', '.');
  await byAdmin('push', '--tls-verify=false', 'localhost/base', `docker://${host}/team/base:1`);
  await byAdmin('push', '--tls-verify=false', 'localhost/base', `docker://${host}/other/secret:1`);

  const archive = join(required.folder, 'context.tar.gz');
  await command('tar', ['-czf', archive, '-C', context, 'Dockerfile']);
  const bytes = await readFile(archive);
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  expect(
    (
      await fetch(`${required.stack.url}/v2/contexts/blobs/uploads/?digest=${digest}`, {
        method: 'POST',
        headers: asAdmin(),
        body: bytes,
      })
    ).status,
  ).toBe(201);
  await required.manage('PUT', '/tasks/app', {
    image: 'team/app:1',
    context: { repository: 'contexts', digest },
    runner: { webhook: { url: `${ci.url}/build` } },
  });
  await required.manage('PUT', '/tasks/app/hook', {});
  await required.manage('POST', '/tasks/app/run', {});

  const asked = await vi.waitFor(() => ci.asked[0] ?? expect.fail('the CI was not asked'), { timeout: 20_000 });
  const job = JSON.parse(asked.body) as Job & { readonly context: { readonly archive: string } };
  const { user, password } = job.login ?? expect.fail('the job has no login');
  const fetched = await fetch(job.context.archive, {
    headers: { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` },
  });
  expect(
    createHash('sha256')
      .update(new Uint8Array(await fetched.arrayBuffer()))
      .digest('hex'),
  ).toBe(digest.slice('sha256:'.length));

  const byJob = await tools('job');
  expect(await byJob('login', '--tls-verify=false', '-u', user, '-p', password, host)).toContain('Login Succeeded!');
  await byJob(
    'bud',
    '--isolation',
    'chroot',
    '--tls-verify=false',
    '--pull-always',
    '--format',
    'oci',
    '-t',
    'localhost/app',
    '.',
  );
  await byJob(
    'push',
    '--tls-verify=false',
    '--digestfile',
    join(required.folder, 'digest'),
    'localhost/app',
    `docker://${job.repository}:staging`,
  );
  await expect(byJob('pull', '--tls-verify=false', `docker://${host}/other/secret:1`)).rejects.toThrow(
    /unauthorized|denied/,
  );
  await expect(byJob('push', '--tls-verify=false', 'localhost/app', `docker://${host}/team/base:1`)).rejects.toThrow(
    /unauthorized|denied/,
  );

  const built = (await readFile(join(required.folder, 'digest'), 'utf8')).trim();
  const told = await fetch(job.callback.url, {
    method: 'POST',
    headers: { 'x-longshore-token': job.callback.token, 'content-type': 'application/json' },
    body: JSON.stringify({ state: 'succeeded', digest: built }),
  });
  expect(told.status).toBe(202);
  await vi.waitFor(
    async () => {
      expect(await digestAt('team/app', '1')).toBe(built);
    },
    { timeout: 20_000 },
  );
}, 120_000);
