import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BlobServiceClient } from '@azure/storage-blob';
import { QueueServiceClient } from '@azure/storage-queue';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { NodeHost } from '../../host/node-host.ts';
import { startNodeHost } from '../../host/node-host.ts';
import { appSettings } from '../../local/stack/app-settings.ts';
import type { ServicesProcess } from '../../local/stack/services-process.ts';
import { startServicesProcess } from '../../local/stack/services-process.ts';
import { parseSettings } from '../../local/stack/settings.ts';
import { stackKeys } from '../../local/stack/stack-keys.ts';
import { openStateFolder } from '../../local/stack/state-folder.ts';
import type { ComposedLongshore } from '../../shared/app/compose.ts';
import { compose } from '../../shared/app/compose.ts';
import { parseConfig } from '../../shared/app/config/config.ts';
import { stateFolder } from '../local/stack/running-stack.ts';
import { runDue } from '../shared/run-due.ts';
import { command } from './command.ts';
import type { Described } from './oci-layout.ts';
import { OciLayout } from './oci-layout.ts';

let folder: Awaited<ReturnType<typeof stateFolder>>;
let services: ServicesProcess;
let settings: Record<string, string>;
let longshore: ComposedLongshore;
let host: NodeHost;

/** Starts the app anew, so many days later, over the same stores. */
async function startOn(day: number): Promise<void> {
  await stopApp();
  longshore = compose(parseConfig({ ...settings, LONGSHORE_CLOCK_AHEAD_DAYS: String(day) }));
  host = await startNodeHost(longshore.app, { host: '127.0.0.1', port: 0 });
}

async function stopApp(): Promise<void> {
  if ((host as NodeHost | undefined) === undefined) return;
  await host.stop(1_000);
  await longshore.dispose();
}

async function manage<T>(method: string, path: string, read: (body: unknown) => T, body?: object): Promise<T> {
  const answer = await fetch(`${host.url}/api/v1${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return read(await answer.json());
}

interface Plan {
  readonly hash: string;
  readonly state: string;
  readonly manifests: number;
  readonly bytes: number;
  readonly items: readonly {
    readonly kind: string;
    readonly digest: string;
    readonly tag?: string;
    readonly bytes: number;
    readonly group?: string;
  }[];
  readonly nextLink?: string;
}

async function wholePlan(): Promise<Plan> {
  const pages: Plan[] = [];
  const begin = '/purge/policies/default/plan';
  for (let next: string | undefined = begin; next !== undefined; next = pages.at(-1)?.nextLink?.replace('/api/v1', ''))
    pages.push(await manage('GET', next, (body) => body as Plan));
  const [first] = pages;
  if (first === undefined) throw new Error('no plan');
  return { ...first, items: pages.flatMap(({ items }) => items) };
}

/** All bytes of Azurite's container, as its list says. */
async function storedBytes(): Promise<number> {
  const container = BlobServiceClient.fromConnectionString(settings['BLOB_CONNECTION_STRING'] ?? '').getContainerClient(
    'registry',
  );
  let bytes = 0;
  for await (const blob of container.listBlobsFlat()) bytes += blob.properties.contentLength ?? 0;
  return bytes;
}

/** Brings the pulls that the app has counted into the counters, as the queue's function does where functions run. */
async function foldPulls(): Promise<void> {
  await longshore.flush();
  const queue = QueueServiceClient.fromConnectionString(settings['QUEUE_CONNECTION_STRING'] ?? '').getQueueClient(
    'usage-pulls',
  );
  const { receivedMessageItems } = await queue.receiveMessages({ numberOfMessages: 32 });
  for (const { messageText, messageId, popReceipt } of receivedMessageItems) {
    await longshore.messages['usage-fold'](JSON.parse(Buffer.from(messageText, 'base64').toString()));
    await queue.deleteMessage(messageId, popReceipt);
  }
}

const registry = () => host.url.replace('http://', '');
const copy = (from: string, to: string, ...options: string[]) =>
  command('skopeo', [
    'copy',
    '--all',
    '--preserve-digests',
    '--dest-tls-verify=false',
    ...options,
    from,
    `docker://${registry()}/${to}`,
  ]);
const tagsThere = async () =>
  (
    JSON.parse(await command('skopeo', ['list-tags', '--tls-verify=false', `docker://${registry()}/team/app`])) as {
      Tags: string[];
    }
  ).Tags;

beforeAll(async () => {
  folder = await stateFolder();
  const state = openStateFolder(join(folder.path, 'state'));
  const local = parseSettings(
    'start',
    ['--state', join(folder.path, 'state'), '--port', '0', '--functions-port', '0'],
    {},
  );
  services = await startServicesProcess(local, () => undefined);
  settings = appSettings(services.endpoints, {
    keys: await stackKeys(state, 'open', () => undefined),
    auth: 'open',
    logLevel: 'silent',
  });
});

afterAll(async () => {
  await stopApp();
  await services.stop();
  await folder.remove();
});

describe('the script for Kubernetes', () => {
  it('says what pods run, and nothing when the pods cannot be listed', async () => {
    await startOn(0);
    const [, script = ''] =
      /```sh\n(#!\/bin\/sh\n# Says which images run[^]*?)```/.exec(
        await readFile(new URL('../../docs/purge.md', import.meta.url), 'utf8'),
      ) ?? [];
    const [one, two] = [`sha256:${'1'.repeat(64)}`, `sha256:${'2'.repeat(64)}`];
    const pods = {
      items: [
        {
          status: {
            containerStatuses: [
              { imageID: `registry.example.com/team/app@${one}` },
              { imageID: `docker-pullable://registry.example.com/team/b@${two}` },
            ],
          },
        },
        { spec: { containers: [{ image: `team/app@${one}` }] } },
      ],
    };
    await writeFile(join(folder.path, 'pods.json'), JSON.stringify(pods));
    const run = async (kubectl: string) => {
      // Stands where Kubernetes' client stands: it prints what the cluster would.
      await writeFile(join(folder.path, 'kubectl'), `#!/bin/sh\n${kubectl}\n`, { mode: 0o755 });
      return command('sh', ['-c', script], {
        env: {
          PATH: `${folder.path}:${process.env.PATH ?? ''}`,
          LONGSHORE: host.url,
          SOURCE: 'west',
          TOKEN: 'west',
          PASSWORD: 'any',
        },
      });
    };
    expect(JSON.parse(await run(`cat ${join(folder.path, 'pods.json')}`))).toMatchObject({
      source: 'west',
      digests: 2,
    });
    await expect(run('exit 1')).rejects.toThrow();
    expect(await manage('GET', '/in-use', (body) => body as { items: object[] })).toMatchObject({
      items: [{ source: 'west', digests: 2 }],
    });
  });
});

describe('a registry that skopeo fills, months later', () => {
  const images = 'images';
  const pulled = ['build-24', 'build-25', 'build-26'];
  let index: Described;
  let signature: Described;

  it('takes thirty images, an index with a signature among them', async () => {
    await startOn(0);
    // Pulls are tracked from the first survey on.
    await longshore.timers['usage-survey']();
    const layout = new OciLayout(join(folder.path, images));
    const base = randomBytes(20_000);
    for (let n = 1; n <= 26; n += 1)
      await layout.name(await layout.image([base, randomBytes(1_000 * n)]), n <= 3 ? `1.${n}.0` : `build-${n}`);
    const children = await Promise.all(
      ['amd64', 'arm64'].map(async (architecture) => ({
        architecture,
        image: await layout.image([randomBytes(30_000)], {}, architecture),
      })),
    );
    index = await layout.index(children);
    await layout.name(index, 'multi');
    signature = await layout.image([randomBytes(500)], {
      artifactType: 'application/vnd.dev.cosign.artifact.sig.v1+json',
      subject: index,
    });
    await layout.name(signature, 'signature');
    for (let n = 1; n <= 26; n += 1) {
      const name = n <= 3 ? `1.${n}.0` : `build-${n}`;
      await copy(`oci:${join(folder.path, images)}:${name}`, `team/app:${name}`);
    }
    await copy(`oci:${join(folder.path, images)}:multi`, 'team/app:multi');
    await copy(`oci:${join(folder.path, images)}:signature`, `team/app@${signature.digest}`);
    expect(await tagsThere()).toHaveLength(27);
  });

  it('serves three of them again after twenty days', async () => {
    await startOn(20);
    for (const tag of pulled)
      await command('skopeo', [
        'copy',
        '--src-tls-verify=false',
        `docker://${registry()}/team/app:${tag}`,
        `dir:${join(folder.path, `pulled-${tag}`)}`,
      ]);
    await foldPulls();
  });

  it('plans, takes into the bin, gives one back, purges the rest, and is freed of exactly what the plan said', async () => {
    await startOn(40);
    const pinned = (
      JSON.parse(
        await command('skopeo', ['inspect', '--tls-verify=false', `docker://${registry()}/team/app:build-20`]),
      ) as { Digest: string }
    ).Digest;
    await manage('PUT', '/in-use/test-cluster', () => undefined, { digests: [pinned], ttlSeconds: 24 * 3600 });
    const rules = {
      remove: [{ name: 'unused', notPulledDays: 30 }],
      keep: [{ name: 'releases', semver: '*' }],
      brakePercent: 95,
      retentionDays: 14,
    };
    await manage('PUT', '/purge/policies/default', () => undefined, rules);
    const before = await storedBytes();
    await manage('POST', '/purge/policies/default/plan', () => undefined);
    const plan = await wholePlan();
    // 19 builds, the index, its children and its signature.
    expect([plan.state, plan.manifests]).toEqual(['awaiting', 23]);
    expect(plan.items.map(({ digest }) => digest)).toEqual(expect.arrayContaining([index.digest, signature.digest]));
    expect(plan.items.map(({ digest }) => digest)).not.toContain(pinned);
    expect(await storedBytes()).toBe(before);

    const { hash, bytes } = plan;
    expect(await manage('POST', '/purge/policies/default/plan/approve', (body) => (body as Plan).state, { hash })).toBe(
      'done',
    );
    expect((await tagsThere()).toSorted()).toEqual(['1.1.0', '1.2.0', '1.3.0', 'build-20', ...pulled]);
    expect(await storedBytes()).toBe(before);

    const done = await wholePlan();
    const restored = done.items.find(({ tag }) => tag === 'build-7');
    await manage('POST', '/bin/restore', () => undefined, { repository: 'team/app', group: restored?.group });
    await command('skopeo', [
      'copy',
      '--src-tls-verify=false',
      `docker://${registry()}/team/app:build-7`,
      `dir:${join(folder.path, 'back')}`,
    ]);
    const ofRestored = done.items
      .filter(({ digest }) => digest === restored?.digest)
      .reduce((sum, item) => sum + item.bytes, 0);
    expect(ofRestored).toBeGreaterThan(7_000);

    // The retention, and a grace each for links and bytes.
    for (const day of [55, 57, 59]) {
      await startOn(day);
      await runDue(longshore);
    }
    expect(before - (await storedBytes())).toBe(bytes - ofRestored);
    expect((await tagsThere()).toSorted()).toEqual(['1.1.0', '1.2.0', '1.3.0', 'build-20', ...pulled, 'build-7']);
    for (const tag of await tagsThere())
      await command('skopeo', [
        'copy',
        '--src-tls-verify=false',
        `docker://${registry()}/team/app:${tag}`,
        `dir:${join(folder.path, tag)}`,
      ]);
  });

  it('says of what came back that its time has begun anew', async () => {
    const explained = await manage(
      'GET',
      `/purge/explain?image=${encodeURIComponent('team/app:build-7')}`,
      (body) => body as { policies: { tags: { verdict: string; dueAt: string }[] }[] },
    );
    expect(explained.policies[0]?.tags).toMatchObject([{ verdict: 'not-yet' }]);
    const days = (Date.parse(explained.policies[0]?.tags[0]?.dueAt ?? '') - Date.now()) / (24 * 3600 * 1000);
    expect(Math.round(days)).toBe(70);
  });
});
