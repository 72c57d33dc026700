import { randomBytes } from 'node:crypto';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ContainerRegistryClient, ContainerRegistryContentClient } from '@azure/container-registry';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RequiredStack } from '../local/stack/required-stack.ts';
import { startRequiredStack } from '../local/stack/required-stack.ts';
import type { RunningStack } from '../local/stack/running-stack.ts';
import { startRunningStack, stateFolder } from '../local/stack/running-stack.ts';
import type { LocalIssuer } from '../shared/features/identity/issuer.ts';
import { startIssuer } from '../shared/features/identity/issuer.ts';
import { command } from './command.ts';
import type { DockerEngine } from './docker-engine.ts';
import { startDockerEngine } from './docker-engine.ts';
import type { Described } from './oci-layout.ts';
import { OciLayout } from './oci-layout.ts';
import type { TlsFront } from './tls-front.ts';
import { startTlsFront } from './tls-front.ts';
import type { WebhookReceivers } from './webhook-receivers.ts';
import { startWebhookReceivers } from './webhook-receivers.ts';

// ACR's quarantine as its clients go through it: a push, the webhook of a scanner, the PATCH that passes, and the push's
// own webhook after it. Those who may only pull get nothing before, by whatever client, and are told why.

const policy = { mode: 'enforce', pushEvent: 'after-passed', repositories: { include: ['team/*'] } };
const azName = 'longshorequarantine';
const azHost = `${azName}.azurecr.io`;

let front: TlsFront;
let issuer: LocalIssuer;
let required: RequiredStack;
let receivers: WebhookReceivers;
let engine: DockerEngine;
let [one, other, index]: Described[] = [];
let az: { readonly stack: RunningStack; readonly password: string; readonly folder: string };
const passwords = new Map<string, string>();
/** The clean-ups of what was started: they run even when the rest did not start. */
const stops: (() => unknown)[] = [];

const roles = {
  puller: ['repositories/**/content/read', 'repositories/**/metadata/read'],
  scanner: ['content/read', 'quarantine/read', 'quarantine/write', 'metadata/read'].map(
    (action) => `repositories/**/${action}`,
  ),
  builder: ['repositories/team/*/content/read', 'repositories/own/*/content/read', 'repositories/own/*/content/write'],
};
type Role = keyof typeof roles;

beforeAll(async () => {
  const keys = await stateFolder();
  stops.push(keys.remove);
  [front, issuer, receivers] = await Promise.all([
    startTlsFront(keys.path),
    startIssuer(() => new Date()),
    startWebhookReceivers(2),
  ]);
  stops.push(
    () => front.stop(),
    () => issuer.stop(),
    () => receivers.stop(),
  );
  [required, az, engine] = await Promise.all([
    startRequiredStack({ LONGSHORE_PUBLIC_URL: front.url }),
    startForAz(keys.path),
    startDockerEngine(join(keys.path, 'engine')),
  ]);
  stops.push(
    () => required.stop(),
    () => az.stack.stop(),
    () => engine.stop(),
  );
  front.forwardTo(required.stack.url);
  await required.manage('PUT', '/quarantine/policies/wait', policy);
  for (const [role, actions] of Object.entries(roles)) passwords.set(role, await required.makeToken(role, actions));
  await required.manage('PUT', '/trusted-issuers/tenant', {
    issuer: issuer.url,
    audience: 'https://containerregistry.azure.net',
    conditions: [{ claim: 'sub', is: 'a workload that pulls' }],
    scopeMap: 'puller',
  });
  for (const [at, action] of ['quarantine', 'push'].entries())
    await required.manage('PUT', `/webhooks/${action}1`, { serviceUri: receivers.urls[at], actions: [action] });
  await makeImages(required.folder);
});

afterAll(async () => {
  for (const stop of stops.reverse()) await stop();
});

/** In a mount namespace whose /etc/hosts has the name that az reaches the registry by, as docs/az.md has it. */
async function startForAz(folder: string) {
  await writeFile(join(folder, 'hosts'), `${await readFile('/etc/hosts', 'utf8')}\n127.0.0.1 ${azHost}\n`);
  const stack = await startRunningStack(join(folder, 'az'), ['--tls', '--host', azHost, '--port', '443']);
  return { stack, folder, password: /"admin" with the password (\S+):/.exec(stack.told())?.[1] ?? '' };
}

async function makeImages(folder: string): Promise<void> {
  const layout = new OciLayout(join(folder, 'layout'));
  one = await layout.image([randomBytes(20_000)]);
  other = await layout.image([randomBytes(1_000)], {}, 'arm64');
  index = await layout.index([
    { image: one, architecture: 'amd64' },
    { image: other, architecture: 'arm64' },
  ]);
  await layout.name(one, 'one');
  await layout.name(index, 'multi');
  const root = join(folder, 'root');
  await mkdir(join(root, 'bin'), { recursive: true });
  await copyFile('/bin/busybox', join(root, 'bin', 'busybox'));
  await command('tar', ['-cf', join(folder, 'root.tar'), '-C', root, '.']);
}

const registry = () => front.url.replace('https://', '');
const passwordOf = (role: Role | 'admin') => (role === 'admin' ? required.password : (passwords.get(role) ?? ''));
const basic = (role: Role | 'admin') => ({
  authorization: `Basic ${Buffer.from(`${role}:${passwordOf(role)}`).toString('base64')}`,
});

function push(from: string, to: string, ...more: string[]): Promise<string> {
  const flags = [
    '--all',
    '--preserve-digests',
    '--dest-tls-verify=false',
    '--dest-creds',
    `admin:${passwordOf('admin')}`,
  ];
  return command('skopeo', [
    'copy',
    ...flags,
    ...more,
    `oci:${join(required.folder, 'layout')}:${from}`,
    `docker://${registry()}/${to}`,
  ]);
}

async function ask(role: Role, method: string, path: string, body?: object): Promise<number> {
  const json = { 'content-type': 'application/json' };
  const answer = await fetch(`${required.stack.url}${path}`, {
    method,
    headers: { ...basic(role), ...(body === undefined ? {} : json) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  await answer.arrayBuffer();
  return answer.status;
}

function pass(repository: string, digest: string, state = 'Passed'): Promise<number> {
  return ask('scanner', 'PATCH', `/acr/v1/${repository}/_manifests/${digest}`, {
    quarantineState: state,
    quarantineDetails: '{"state":"scan passed","link":"https://scanner.example/1"}',
  });
}

const options = () => ({
  tlsOptions: { ca: front.certificate },
  retryOptions: { maxRetries: 0 },
  allowInsecureConnection: true,
});
const workload = {
  async getToken(scopes: string | string[]) {
    const aud = [scopes].flat()[0]?.replace('/.default', '');
    return {
      token: await issuer.token({ aud, sub: 'a workload that pulls' }),
      expiresOnTimestamp: Date.now() + 300_000,
    };
  },
};
const sdk = (repository: string) => new ContainerRegistryContentClient(front.url, repository, workload, options());

/** The bodies that came to the receiver of an action, of one repository. */
function received(action: 'quarantine' | 'push', repository: string): { target: object; action: string }[] {
  return receivers.arrived
    .filter(({ receiver }) => receiver === (action === 'quarantine' ? 0 : 1))
    .map(({ body }) => JSON.parse(body) as { action: string; target: { repository: string } })
    .filter(({ target }) => target.repository === repository);
}

const held = /is held: it is in quarantine until somebody with quarantine\/write passes it/;

describe("ACR's quarantine, by its clients", () => {
  it('tells the scanner of a push, and those who deploy once it has passed, in the bodies of ACR', async () => {
    await push('one', 'team/app:v1');
    await expect.poll(() => received('quarantine', 'team/app'), { timeout: 20_000 }).toHaveLength(1);
    const [quarantined] = received('quarantine', 'team/app');
    expect(Object.keys(quarantined ?? {})).toEqual(['id', 'timestamp', 'action', 'target', 'request']);
    const { digest, size } = one ?? { digest: '', size: 0 };
    expect(quarantined).toMatchObject({
      action: 'quarantine',
      target: { size, digest, length: size, repository: 'team/app', tag: 'v1' },
      request: { method: 'PUT' },
    });
    expect(received('push', 'team/app')).toEqual([]);
    expect(await ask('scanner', 'GET', `/v2/team/app/manifests/${digest}`)).toBe(200);
    expect(await pass('team/app', digest)).toBe(200);
    await expect
      .poll(() => received('push', 'team/app'), { timeout: 20_000 })
      .toMatchObject([{ action: 'push', target: { digest, repository: 'team/app', tag: 'v1' } }]);
    expect((await sdk('team/app').getManifest('v1')).digest).toBe(digest);
  });

  it('keeps it from those who may only pull: by tag, digest, HEAD, as a child of its index, and by a copy', async () => {
    await push('multi', 'team/multi:v1');
    const [child, whole] = [one?.digest ?? '', index?.digest ?? ''];
    for (const reference of ['v1', whole, child]) {
      await expect(sdk('team/multi').getManifest(reference)).rejects.toMatchObject({
        statusCode: 403,
        message: expect.stringMatching(held) as string,
      });
      expect(await ask('puller', 'HEAD', `/v2/team/multi/manifests/${reference}`)).toBe(403);
    }
    // A blob is nobody's image yet, so it may be mounted; the manifest that would make one of it is refused.
    const copied = command('skopeo', [
      'copy',
      ...['--src-tls-verify=false', '--dest-tls-verify=false'],
      ...['--src-creds', `builder:${passwordOf('builder')}`, '--dest-creds', `builder:${passwordOf('builder')}`],
      `docker://${registry()}/team/multi@${child}`,
      `docker://${registry()}/own/copy:v1`,
    ]);
    await expect(copied).rejects.toThrow(held);
    for (const digest of [child, whole]) expect(await pass('team/multi', digest)).toBe(200);
    expect((await sdk('team/multi').getManifest('v1')).digest).toBe(whole);
    expect((await sdk('team/multi').getManifest(child)).digest).toBe(child);
    expect(await ask('puller', 'GET', `/v2/team/multi/manifests/${other?.digest ?? ''}`)).toBe(403);
  });

  it('shows its state in the properties of the manifest, and is no right of those who may only change metadata', async () => {
    await push('one', 'team/shown:v1');
    const digest = one?.digest ?? '';
    expect(
      await ask('puller', 'PATCH', `/acr/v1/team/shown/_manifests/${digest}`, { quarantineState: 'Passed' }),
    ).not.toBe(200);
    expect(await pass('team/shown', digest, 'Failed')).toBe(200);
    const client = new ContainerRegistryClient(front.url, workload, options());
    const properties = client.getArtifact('team/shown', digest).getManifestProperties();
    await expect(properties).resolves.toMatchObject({ digest });
    await expect(sdk('team/shown').getManifest('v1')).rejects.toThrow(/marked it as failed/);
  });

  it('is said by docker and podman in the words of the registry, and both pull what has passed', async () => {
    const storage = [
      '--storage-driver',
      'vfs',
      '--root',
      join(required.folder, 'podman'),
      '--runroot',
      join(required.folder, 'podman-run'),
    ];
    const target = `${registry()}/team/run:1`;
    await engine.docker('import', '-c', 'CMD ["/bin/busybox", "true"]', join(required.folder, 'root.tar'), target);
    await engine.docker('login', '-u', 'admin', '-p', passwordOf('admin'), registry());
    const digest = /digest: (sha256:[0-9a-f]{64})/.exec(await engine.docker('push', target))?.[1] ?? '';
    await engine.docker('rmi', target);
    await engine.docker('login', '-u', 'puller', '-p', passwordOf('puller'), registry());
    const podman = (...args: string[]) =>
      command('podman', [
        ...storage,
        'pull',
        '--tls-verify=false',
        '--creds',
        `puller:${passwordOf('puller')}`,
        ...args,
      ]);
    await expect(engine.docker('pull', target)).rejects.toThrow(held);
    await expect(podman(target)).rejects.toThrow(held);
    expect(await pass('team/run', digest)).toBe(200);
    expect(await engine.docker('pull', target)).toContain(digest);
    expect(await podman(target)).toMatch(/^[0-9a-f]{64}/m);
  });

  it('shows by az what is in quarantine, and what has passed', async () => {
    const there = (program: string, args: readonly string[]) => {
      const authority = join(az.folder, 'az', 'tls', 'ca.pem');
      const env = {
        HOSTS: join(az.folder, 'hosts'),
        REQUESTS_CA_BUNDLE: authority,
        SSL_CERT_FILE: authority,
        NO_PROXY: azHost,
        AZURE_CONFIG_DIR: join(az.folder, 'az-config'),
        AZURE_CORE_COLLECT_TELEMETRY: 'false',
        AZURE_CORE_ONLY_SHOW_ERRORS: 'true',
      };
      const script = 'mount --bind "$HOSTS" /etc/hosts && exec "$@"';
      return command('unshare', ['-m', 'sh', '-c', script, 'sh', program, ...args], { env });
    };
    const login = ['--username', 'admin', '--password', az.password];
    const curl = (method: string, path: string, body: object) =>
      there('curl', [
        '-sS',
        '--fail',
        '--cacert',
        join(az.folder, 'az', 'tls', 'ca.pem'),
        '-u',
        `admin:${az.password}`,
        '-X',
        method,
        '-H',
        'content-type: application/json',
        '-d',
        JSON.stringify(body),
        `https://${azHost}${path}`,
      ]);
    await curl('PUT', '/api/v1/quarantine/policies/wait', policy);
    await there('skopeo', [
      'copy',
      '--preserve-digests',
      '--dest-creds',
      `admin:${az.password}`,
      `oci:${join(required.folder, 'layout')}:one`,
      `docker://${azHost}/team/app:v1`,
    ]);
    await curl('PATCH', `/acr/v1/team/app/_manifests/${one?.digest ?? ''}`, {
      quarantineState: 'Passed',
      quarantineDetails: '{}',
    });
    const shown = await there('az', [
      'acr',
      'manifest',
      'show-metadata',
      '--registry',
      azName,
      '--name',
      `team/app@${one?.digest ?? ''}`,
      ...login,
    ]);
    expect(JSON.parse(shown)).toMatchObject({
      digest: one?.digest,
      changeableAttributes: { quarantineState: 'Passed', quarantineDetails: '{}' },
    });
  });
});
