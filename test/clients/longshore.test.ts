import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { pushSample, referenceIn } from '../../local/sample/push.ts';
import { startReceiver } from '../local/stack/receiver.ts';
import type { RequiredStack } from '../local/stack/required-stack.ts';
import { startRequiredStack } from '../local/stack/required-stack.ts';
import { bundled } from '../shared/features/trust/signing.ts';
import { ecKeyPair, pemOf } from '../shared/features/trust/sigstore/instance.ts';
import { pushImage } from '../shared/image.ts';
import { command } from './command.ts';
import type { Longshore } from './longshore-command.ts';
import { installLongshore } from './longshore-command.ts';

let required: RequiredStack;
let longshore: Longshore;
let receiver: Awaited<ReturnType<typeof startReceiver>>;

const host = () => required.stack.url.replace('http://', '');
const authorization = () => `Basic ${Buffer.from(`admin:${required.password}`).toString('base64')}`;
const push = (name: string, content: string) =>
  pushSample({ fetch, password: required.password }, referenceIn(`${host()}/${name}`), content);

/** Says in an image's manifest what it is built on, as BuildKit does, and pushes that under the same tag. */
async function basedOn(repository: string, tag: string, base: string, digest: string): Promise<void> {
  const url = `${required.stack.url}/v2/${repository}/manifests/${tag}`;
  const headers = { authorization: authorization(), accept: 'application/vnd.oci.image.manifest.v1+json' };
  const manifest = (await (await fetch(url, { headers })).json()) as { mediaType: string };
  const annotations = {
    'org.opencontainers.image.base.name': `${host()}/${base}`,
    'org.opencontainers.image.base.digest': digest,
  };
  const body = JSON.stringify({ ...manifest, annotations });
  const put = await fetch(url, { method: 'PUT', headers: { ...headers, 'content-type': manifest.mediaType }, body });
  if (!put.ok) throw new Error(await put.text());
}

const run = (line: string, options: Parameters<Longshore['run']>[1] = {}) => longshore.run(line.split(' '), options);

/** Runs a verb as JSON, and expects it to succeed. */
async function json(line: string): Promise<unknown> {
  const ran = await run(`${line} -o json`);
  expect([line, ran.err, ran.code]).toEqual([line, '', 0]);
  return JSON.parse(ran.out);
}

beforeAll(async () => {
  [required, receiver] = await Promise.all([
    startRequiredStack({ LONGSHORE_OUTBOUND: 'public,loopback' }),
    startReceiver(),
  ]);
  longshore = await installLongshore(required.folder, { HOME: required.folder });
  const digest = await push('team/base:1', 'base');
  await push('team/app:1', 'one');
  await push('team/app:6.0.9', 'two');
  await push('team/app:6.0.10', 'three');
  await basedOn('team/app', '1', 'team/base:1', digest);
  await required.manage('PUT', '/webhooks/first1', {
    serviceUri: receiver.url,
    actions: ['push'],
    scope: 'team/hooked:*',
  });
  await required.manage('PUT', '/builds/policies/team', { mode: 'notify' });
  const login = await run(`login ${host()} -u admin --password-stdin`, { input: `${required.password}\n` });
  expect(login).toMatchObject({ code: 0, err: '' });
});

afterAll(async () => {
  await receiver.stop();
  await required.stop();
});

describe('longshore against a stack that asks for credentials', () => {
  it.each([
    ['me', /^subject +admin/],
    ['repos', /^REPOSITORY .*\nteam\/app /],
    ['tags team/app', /^TAG .*\n1 .*\n6\.0\.9 .*\n6\.0\.10 /s],
    ['image team/app:1', /^image +team\/app@sha256:/],
    ['diff team/app:1 team/app:6.0.9', /layer/],
    ['purge ls', /^POLICY .*\ndefault /],
    ['purge plan default', /0 manifests and 0 tags/],
    ['purge explain team/app:1', /^POLICY /],
    ['webhooks ls', /^NAME .*\nfirst1 +ok /],
    ['webhooks deliveries first1', /^(EVENT AT|$)/],
    ['usage show', /^registry +default/],
    ['usage top', /^(REPOSITORY|$)/],
    ['tokens ls', /^(NAME|$)/],
    ['regions', /^$/],
    ['doctor', /answers +ok/],
  ])('%s is a table, and JSON', async (line, table) => {
    const ran = await run(line);
    expect([ran.code, ran.out]).toEqual([0, expect.stringMatching(table)]);
    expect(ran.out).not.toContain('\u001b');
    expect(typeof (await json(line))).toBe('object');
  });

  it('deletes a tag and restores it, as a new user would', async () => {
    expect((await run('rm team/app:6.0.9 --yes')).code).toBe(0);
    expect((await run('tags team/app -o name')).out).toBe('1\n6.0.10\n');
    expect(await json('bin ls team/app')).toMatchObject(
      expect.arrayContaining([expect.objectContaining({ tag: '6.0.9' })]),
    );
    expect((await run('bin restore team/app:6.0.9')).code).toBe(0);
    expect((await run('tags team/app -o name')).out).toBe('1\n6.0.9\n6.0.10\n');
    expect(await run('rm team/app:6.0.9')).toMatchObject({ code: 2, out: '' });
  });

  it('pings a webhook, delivers again, and says when the receiver fails', async () => {
    await push('team/hooked:1', 'hooked');
    await vi.waitFor(
      async () => expect(await json('webhooks deliveries first1 --status delivered')).toHaveLength(1),
      20_000,
    );
    const [{ id }] = (await json('webhooks deliveries first1')) as [{ id: string }];
    const before = receiver.deliveries.length;
    expect((await run(`webhooks redeliver first1 ${id}`)).code).toBe(0);
    await vi.waitFor(() => expect(receiver.deliveries.length).toBeGreaterThan(before), 20_000);
    expect(await run('webhooks ping first1')).toMatchObject({
      code: 0,
      out: expect.stringContaining('delivered') as string,
    });
    expect(await json('webhooks redeliver first1 --since 2020-01-01T00:00:00Z')).toMatchObject({ state: 'done' });
    await required.manage('PUT', '/webhooks/second2', { serviceUri: 'http://127.0.0.1:1024/', actions: ['push'] });
    expect(await run('webhooks ping second2')).toMatchObject({
      code: 1,
      err: expect.stringContaining('did not take the ping') as string,
    });
  });

  it('shows a build while it goes on, its reason, and what is built on what', async () => {
    expect((await run('bases tree team/base:1')).out).toBe('team/base:1\n└─ team/app:1  current\n');
    await push('team/base:1', 'a newer base');
    let id = '';
    await vi.waitFor(async () => {
      const builds = (await json('builds ls')) as { id: string }[];
      expect(builds).toHaveLength(1);
      id = builds[0]?.id ?? '';
    }, 30_000);
    const watched = await run(`builds watch ${id}`);
    expect(watched).toMatchObject({ code: 0, out: expect.stringMatching(/notified +team\/app:1/) as string });
    expect(await json(`builds ls ${id}`)).toMatchObject([{ image: 'team/app:1', state: 'notified' }]);
    expect(await json('builds explain team/app:1 team/base:1')).toMatchObject({ image: 'team/app:1' });
    for (const verb of ['cancel', 'retry']) {
      const ran = await run(`builds ${verb} ${id}`);
      expect([verb, ran.code === 0 || ran.err.length > 0, ran.err.trim().split('\n').length]).toEqual([verb, true, 1]);
    }
    expect((await run(`builds log ${id} team/app:1`)).code).toBeLessThanOrEqual(1);
  });

  it('makes a token that docker may use, and says what it may do and why not', async () => {
    const made = await run('tokens create puller -o name');
    expect(made).toMatchObject({ code: 0, err: '' });
    const env = {
      LONGSHORE_URL: required.stack.url,
      LONGSHORE_USERNAME: 'puller',
      LONGSHORE_PASSWORD: made.out.trim(),
    };
    expect(await run('repos', { env })).toMatchObject({ code: 3, out: '' });
    expect((await run('why puller pull team/app -o name')).out).toBe('yes\n');
    expect(await run('why puller push team/app')).toMatchObject({ code: 3 });
    expect((await run('tokens regenerate puller --yes -o name')).code).toBe(0);
    expect(await run('repos', { env })).toMatchObject({
      code: 3,
      err: expect.stringContaining('longshore login') as string,
    });
    expect((await run('tokens delete puller --yes')).code).toBe(0);
  });

  it('prints usage as a table of commas, and a plan is approved by its hash', async () => {
    expect((await run('usage export')).out).toMatch(/^\w+(,\w+)+\r?\n/);
    const { hash } = (await json('purge plan default --current')) as { hash: string };
    expect((await run(`purge approve default ${hash} --switch-on --yes`)).code).toBe(0);
    expect(await json('purge ls')).toMatchObject([{ name: 'default', on: true }]);
    expect((await run('purge stop default')).code).toBe(0);
  });
});

describe('longshore before an image that a policy holds', () => {
  /** The stack as an app, by the administrator: what the tests push, they push there too. */
  const stack = {
    async fetch(request: Request) {
      const { pathname, search } = new URL(request.url);
      const headers = new Headers(request.headers);
      headers.set('authorization', authorization());
      const body = request.body === null ? {} : { body: await request.arrayBuffer() };
      return fetch(`${required.stack.url}${pathname}${search}`, { method: request.method, headers, ...body });
    },
  };
  const key = ecKeyPair();
  let puller: { readonly authorization: string };

  const statusOf = async (reference: string) => {
    const headers = { ...puller, accept: 'application/vnd.oci.image.manifest.v1+json' };
    return (await fetch(`${required.stack.url}/v2/signed/app/manifests/${reference}`, { headers })).status;
  };

  beforeAll(async () => {
    const password = await required.makeToken('pulls', ['repositories/signed/*/content/read']);
    puller = { authorization: `Basic ${Buffer.from(`pulls:${password}`).toString('base64')}` };
  });

  it('goes from nothing to an enforced policy, and to a signed image', async () => {
    const file = join(required.folder, 'cosign.pub');
    await writeFile(file, pemOf(key));
    expect((await run(`trust-policies create release --key ${file} --repositories signed/*`)).code).toBe(0);
    await push('signed/app:1', 'to be signed');
    expect(await json('why signed/app:1')).toMatchObject({ held: false, judgements: [{ state: 'pending' }] });
    expect(await statusOf('1')).toBe(200);
    expect(await json('trust-policies edit release --mode enforce')).toMatchObject({ mode: 'enforce' });
    // The walk over what is there goes on every minute; another push of an image that is new starts held.
    const digest = await push('signed/app:2', 'to be signed, too');
    expect(await statusOf('2')).toBe(403);
    expect(await run('why signed/app:2 -o name')).toMatchObject({ code: 3, out: 'held\n' });
    expect((await run('held signed/ -o name')).out).toContain(`signed/app@${digest}\n`);
    const bytes = Buffer.from(
      await (await stack.fetch(new Request(`http://x/v2/signed/app/manifests/2`))).arrayBuffer(),
    );
    const signature = bundled(key, { digest, bytes, mediaType: 'application/vnd.oci.image.manifest.v1+json' });
    await pushImage(stack, 'signed/app', signature.digest, signature);
    await vi.waitFor(async () => expect(await statusOf('2')).toBe(200), 20_000);
    expect((await run('why signed/app:2')).out).toMatch(/evidence +release: .* is signed by the key/);
  });

  it('releases one by hand, ends that, and passes one that waits in quarantine', async () => {
    expect((await run('quarantine-policies create wait --repositories signed/app --mode enforce')).code).toBe(0);
    await push('signed/app:3', 'to be released');
    const released = await longshore.run(['release', 'signed/app:3', '--hours', '1', '--reason', 'the fix of today']);
    expect([released.code, released.err]).toEqual([0, '']);
    expect(await statusOf('3')).toBe(200);
    expect((await run('end-release signed/app:3')).code).toBe(0);
    expect(await statusOf('3')).toBe(403);
    expect((await run('quarantine pass signed/app:3')).code).toBe(0);
    expect(await json('quarantine-policies rm wait --yes')).toEqual({ deleted: 'wait' });
    expect((await run('why signed/app:3')).out).toMatch(/quarantine +passed/);
    expect(await statusOf('3')).toBe(403);
    expect(await json('trust-policies rm release --yes')).toEqual({ deleted: 'release' });
  });
});

describe('longshore as a program', () => {
  it('ends at once with 0 when its reader does', async () => {
    const line = `"$0" tags team/app -o name | head -1; exit "\${PIPESTATUS[0]}"`;
    const out = await command('bash', ['-c', line, `${longshore.bin}/longshore`], { env: { HOME: required.folder } });
    expect(out).toBe('1\n');
    const many = `"$0" completion bash | head -1; exit "\${PIPESTATUS[0]}"`;
    expect(await command('bash', ['-c', many, `${longshore.bin}/longshore`])).toMatch(/^# /);
  });

  it('ends with 130 on Ctrl-C while it watches', async () => {
    // The receiver never ends what is followed: a server that answers nothing.
    const silent = await startSilent();
    const child = longshore.start(['builds', 'watch', 'any', '-r', silent.url]);
    const err = text(child.stderr);
    await silent.asked;
    child.kill('SIGINT');
    const [code] = (await once(child, 'close')) as [number | null];
    expect([code, await err]).toEqual([130, '']);
    await silent.stop();
  });

  it.each([
    ['tags team/app -r 127.0.0.1:2', 1, /nothing listens at 127\.0\.0\.1:2/],
    ['tags team/app -r 127.0.0.1:6000', 1, /no client that follows the Fetch standard may call/],
    ['tags team/app -r no-such-host.invalid', 1, /no-such-host\.invalid/],
    ['tags no/such/repository --nonsense', 2, /unknown option/],
    ['image team/app:nothing', 1, /team\/app/],
    ['purge plan nobody', 1, /nobody/],
    ['builds ls nothing', 1, /./],
    ['why puller fly team/app', 2, /no action/],
  ])('%s ends with %i and one sentence', async (line, code, says) => {
    const ran = await run(line);
    expect([ran.code, ran.out, ran.err]).toEqual([code, '', expect.stringMatching(says)]);
    expect(ran.err.trim().split('\n')).toHaveLength(1);
  });

  it('speaks no TLS to a port that has none, and says so', async () => {
    const ran = await run(`tags team/app -r https://${host()}`);
    expect([ran.code, ran.err]).toEqual([1, expect.stringMatching(/speaks no TLS|ended the connection/)]);
  });

  it('starts in little more than the time of Node itself', async () => {
    const timed = async (program: string, args: readonly string[]) => {
      const began = performance.now();
      await command(program, args, { env: { HOME: required.folder } });
      return performance.now() - began;
    };
    let [node, help, tags] = [Infinity, Infinity, Infinity];
    // The machine has other work: the least of several runs is the program's own time.
    for (let round = 0; round < 8; round++) {
      node = Math.min(node, await timed('node', ['-e', '0']));
      help = Math.min(help, await timed(`${longshore.bin}/longshore`, ['--help']));
      tags = Math.min(tags, await timed(`${longshore.bin}/longshore`, ['tags', 'team/app']));
    }
    process.stdout.write(`node ${Math.round(node)} ms, --help ${Math.round(help)} ms, tags ${Math.round(tags)} ms\n`);
    expect(help).toBeLessThan(node * 4 + 100);
    expect(tags).toBeLessThan(node * 8 + 200);
  });
});

/** Starts a server that takes a request and answers nothing. */
async function startSilent() {
  const { createServer } = await import('node:http');
  const server = createServer();
  const asked = once(server, 'request');
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`,
    asked,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
