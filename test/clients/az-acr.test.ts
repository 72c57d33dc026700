import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningStack } from '../local/stack/running-stack.ts';
import { startRunningStack, stateFolder } from '../local/stack/running-stack.ts';
import { makeImage } from '../shared/image.ts';
import { command } from './command.ts';
import { OciLayout } from './oci-layout.ts';

// Debian's azure-cli, unchanged, against `npm start -- --tls --host NAME.azurecr.io` as docs/az.md has it. It reaches a
// registry by https on port 443 alone, under the name and the suffix of its cloud, so these tests need that port, and
// root for a hosts file of their own.

const name = 'longshoretest';
const host = `${name}.azurecr.io`;

let stack: RunningStack;
let folder: string;
let password: string;
const stops: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  const { path, remove } = await stateFolder();
  folder = path;
  stops.push(remove);
  await writeFile(join(folder, 'hosts'), `${await readFile('/etc/hosts', 'utf8')}\n127.0.0.1 ${host}\n`);
  stack = await startRunningStack(join(folder, 'state'), ['--tls', '--host', host, '--port', '443']);
  stops.push(() => stack.stop());
  password = /"admin" with the password (\S+):/.exec(stack.told())?.[1] ?? '';
  await mkdir(join(folder, 'bin'));
  // As Debian's package podman-docker does it. az runs `docker ps` and `docker login`, and takes a warning for a
  // failure.
  await writeFile(join(folder, 'bin', 'docker'), '#!/bin/sh\nexec podman --log-level error "$@"\n');
  await chmod(join(folder, 'bin', 'docker'), 0o700);
  await pushSamples();
});

afterAll(async () => {
  for (const stop of stops.reverse()) await stop();
});

/** In a mount namespace whose /etc/hosts has the registry's name, so that the machine's own stays as it is. */
function there(program: string, args: readonly string[]): Promise<string> {
  const authority = join(folder, 'state', 'tls', 'ca.pem');
  const env = {
    HOSTS: join(folder, 'hosts'),
    REQUESTS_CA_BUNDLE: authority,
    SSL_CERT_FILE: authority,
    NO_PROXY: host,
    AZURE_CONFIG_DIR: join(folder, 'az'),
    AZURE_CORE_COLLECT_TELEMETRY: 'false',
    AZURE_CORE_ONLY_SHOW_ERRORS: 'true',
    REGISTRY_AUTH_FILE: join(folder, 'auth.json'),
    PATH: `${join(folder, 'bin')}:${process.env.PATH ?? ''}`,
  };
  return command(
    'unshare',
    ['-m', 'sh', '-c', 'mount --bind "$HOSTS" /etc/hosts && exec "$@"', 'sh', program, ...args],
    { env },
  );
}

type Login = readonly [user: string, password: string];

/** Runs an `az acr` command and returns what it prints. */
function acrText(args: string, [user, word]: Login): Promise<string> {
  return there('az', ['acr', ...args.split(' '), '--username', user, '--password', word, '--output', 'json']);
}

/** The same, parsed. By `admin` unless another login is given. */
async function acr(args: string, login: Login = ['admin', password]): Promise<unknown> {
  const printed = await acrText(args, login);
  return printed.trim() === '' ? undefined : (JSON.parse(printed) as unknown);
}

const [one, two] = [makeImage('one', 1), makeImage('two', 1)];

async function pushSamples(): Promise<void> {
  const layout = new OciLayout(join(folder, 'layout'));
  for (const [tag, image] of [
    ['v1', one],
    ['v2', two],
  ] as const) {
    await Promise.all([image.config, ...image.layers].map((blob) => layout.blob(blob, 'application/octet-stream')));
    await layout.name(await layout.blob(image.bytes, image.mediaType), tag);
  }
  for (const target of ['team/app:v1', 'team/app:v2', 'team/other:v1']) {
    await there('skopeo', [
      'copy',
      '--preserve-digests',
      '--dest-creds',
      `admin:${password}`,
      `oci:${join(folder, 'layout')}:${target.split(':')[1] ?? ''}`,
      `docker://${host}/${target}`,
    ]);
  }
}

describe('az acr, by a name and a certificate that were made here (C2)', () => {
  it('logs in, and what pulls then is logged in', async () => {
    expect(await acrText(`login --name ${name}`, ['admin', password])).toContain('Login Succeeded');
    expect(JSON.parse(await there('skopeo', ['inspect', `docker://${host}/team/app:v1`]))).toMatchObject({
      Digest: one.digest,
    });
    await expect(acrText(`login --name ${name}`, ['admin', 'wrong'])).rejects.toThrow(
      /invalid username\/password|Login failed/,
    );
  });

  it('lists and shows repositories, tags and manifests', async () => {
    const [repositories, repository, tag, tags, newest, manifests, metadata, manifest, ofImage, referrers] =
      await Promise.all([
        acr(`repository list --name ${name}`),
        acr(`repository show --name ${name} --repository team/app`),
        acr(`repository show --name ${name} --image team/app:v1`),
        acr(`repository show-tags --name ${name} --repository team/app`),
        acr(`repository show-tags --name ${name} --repository team/app --orderby time_desc --detail --top 1`),
        acr(`repository show-manifests --name ${name} --repository team/app --orderby time_asc`),
        acr(`manifest list-metadata --registry ${name} --name team/app`),
        acr(`manifest show --registry ${name} --name team/app:v1`),
        acr(`manifest show-metadata --registry ${name} --name team/app@${one.digest}`),
        acr(`manifest list-referrers --registry ${name} --name team/app:v1`),
      ]);
    expect(repositories).toEqual(['team/app', 'team/other']);
    expect(repository).toMatchObject({
      registry: host,
      imageName: 'team/app',
      manifestCount: 2,
      tagCount: 2,
      changeableAttributes: { deleteEnabled: true, writeEnabled: true },
    });
    expect(tag).toMatchObject({ name: 'v1', digest: one.digest });
    expect(tags).toEqual(['v1', 'v2']);
    expect(newest).toMatchObject([{ name: 'v2', digest: two.digest }]);
    expect(manifests).toMatchObject([
      { digest: one.digest, tags: ['v1'] },
      { digest: two.digest, tags: ['v2'] },
    ]);
    expect((metadata as { digest: string }[]).map(({ digest }) => digest).toSorted()).toEqual(
      [one.digest, two.digest].toSorted(),
    );
    expect(manifest).toEqual(JSON.parse(Buffer.from(one.bytes).toString('utf8')));
    expect(ofImage).toMatchObject({ digest: one.digest, architecture: 'amd64', os: 'linux' });
    expect(referrers).toMatchObject({ manifests: [] });
  });

  it('locks and unlocks, and is refused what is locked', async () => {
    expect(
      await acr(`repository update --name ${name} --image team/app:v1 --delete-enabled false --write-enabled false`),
    ).toMatchObject({ changeableAttributes: { deleteEnabled: false, writeEnabled: false } });
    await expect(acr(`repository untag --name ${name} --image team/app:v1`)).rejects.toThrow('disallowed');
    expect(
      await acr(`repository update --name ${name} --image team/app:v1 --delete-enabled true --write-enabled true`),
    ).toMatchObject({ changeableAttributes: { deleteEnabled: true, writeEnabled: true } });
    expect(
      await acr(`manifest update-metadata --registry ${name} --name team/app@${two.digest} --delete-enabled false`),
    ).toMatchObject({ changeableAttributes: { deleteEnabled: false } });
    await expect(acr(`repository delete --name ${name} --image team/app@${two.digest} --yes`)).rejects.toThrow(
      'disallowed',
    );
    await acr(`manifest update-metadata --registry ${name} --name team/app@${two.digest} --delete-enabled true`);
  });

  it('untags, deletes, lists what was deleted, and restores it', async () => {
    await acr(`repository untag --name ${name} --image team/app:v2`);
    await acr(`manifest delete --registry ${name} --name team/app:v1 --yes`);
    expect(await acr(`repository show-manifests --name ${name} --repository team/app`)).toMatchObject([
      { digest: two.digest },
    ]);
    await acr(`repository delete --name ${name} --repository team/other --yes`);
    expect(await acr(`repository list-deleted --name ${name}`)).toEqual(['team/app', 'team/other']);
    expect(await acr(`manifest restore --registry ${name} --name team/app:v1 --yes`)).toMatchObject({
      digest: one.digest,
      tag: 'v1',
    });
    await acr(`manifest restore --registry ${name} --name team/other:v1 --digest ${one.digest} --force --yes`);
    expect(await acr(`repository list --name ${name}`)).toEqual(['team/app', 'team/other']);
    expect(await acr(`repository list-deleted --name ${name}`)).toEqual([]);
  });

  it('shows a token what its scope map has, and no more', async () => {
    const authorization = `Basic ${Buffer.from(`admin:${password}`).toString('base64')}`;
    const manage = async (method: string, path: string, body: object) => {
      const answer = await fetch(`${stack.functionsUrl}/api/v1${path}`, {
        method,
        headers: { authorization, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      return (await answer.json()) as { passwords: [{ value: string }] };
    };
    await manage('PUT', '/scope-maps/ci', {
      actions: ['repositories/team/app/content/read', 'repositories/team/app/metadata/read'],
    });
    const { passwords } = await manage('POST', '/tokens', { name: 'ci', scopeMap: 'ci' });
    const ci = ['ci', passwords[0].value] as const;
    expect(await acr(`repository list --name ${name}`, ci)).toEqual(['team/app']);
    expect(await acr(`repository show-tags --name ${name} --repository team/app`, ci)).toContain('v1');
    await expect(acr(`repository delete --name ${name} --image team/app:v1 --yes`, ci)).rejects.toThrow(
      /401|authentication required|does not hold/,
    );
    await expect(acr(`repository list-deleted --name ${name}`, ci)).rejects.toThrow(
      /401|authentication required|does not hold/,
    );
  });
});
