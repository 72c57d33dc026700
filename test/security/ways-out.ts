import { httpGit } from '../../shared/adapters/git/git.ts';
import { connectMemory } from '../../shared/adapters/memory/connect.ts';
import { createMemoryWorld } from '../../shared/adapters/memory/world.ts';
import { composeForTest } from '../../shared/app/compose-for-test.ts';
import { guardedGet } from '../../shared/core/outbound/guarded-get.ts';
import { guardedPost } from '../../shared/core/outbound/guarded-post.ts';
import type { OutboundClientOptions } from '../../shared/core/outbound/outbound-client.ts';
import { outboundClient } from '../../shared/core/outbound/outbound-client.ts';
import { systemClock } from '../../shared/core/ports/clock.ts';
import { sealingKeys } from '../../shared/core/secrets/sealing-keys.ts';
import { putTaskSecrets } from '../../shared/features/builds/inbound/task-secrets.ts';
import { printedBy, scheduleRun } from '../../shared/features/builds/jobs/acr.ts';
import type { RemoteJob } from '../../shared/features/builds/jobs/job.ts';
import { giveJob } from '../../shared/features/builds/jobs/runners.ts';
import type { Node } from '../../shared/features/builds/plan/documents.ts';
import { gateOf } from '../../shared/features/builds/plan/gate.ts';
import type { BuildPorts } from '../../shared/features/builds/ports.ts';
import type { AcrRunner, Task } from '../../shared/features/builds/tasks/documents.ts';
import { askTagDigest } from '../../shared/features/builds/upstream/tag-digest.ts';
import { IssuerKeys } from '../../shared/features/identity/issuers/keys.ts';
import { guardedAsk } from '../../shared/features/scanning/adapter/ask-scanner.ts';
import { ask } from '../shared/image.ts';

/** The text that a caller returns when it has got what it asked for. */
export const done = 'done';

export interface Way {
  readonly client: ReturnType<typeof outboundClient>;
  readonly outbound: ReturnType<typeof guardedGet>;
  readonly receivers: ReturnType<typeof guardedPost>;
  readonly scanners: ReturnType<typeof guardedAsk>;
  readonly git: ReturnType<typeof httpGit>;
  readonly reach: OutboundClientOptions['reach'];
}

/** The way out as the composition makes it, with less patience. */
export function wayOut(options: OutboundClientOptions, totalMs: number): Way {
  const client = outboundClient(options);
  const [outbound, receivers] = [guardedGet(client, { totalMs }), guardedPost(client, { totalMs })];
  const scanners = guardedAsk(client);
  const git = httpGit(client, { mostBytes: 16 * 1024 ** 2, patience: { listingMs: totalMs, fetchingMs: totalMs } });
  return { client, outbound, receivers, scanners, git, reach: options.reach };
}

/** Calls `host` (`HOST:PORT`) and says how that went. `friend` is a host that answers well, for what must come before. */
type Caller = (way: Way, host: string, friend: Friend) => Promise<string>;

export interface Friend {
  readonly host: string;
  /** The URL to which the host redirects. */
  lead: { to: string };
}

const isHere = (host: string) => /^(127\.\d+\.\d+\.\d+|localhost|\[::1\]):\d+$/.test(host);
const urlOf = (host: string) => `${isHere(host) ? 'http' : 'https'}://${host}`;
const commit = 'a'.repeat(40);
const acr: AcrRunner = {
  registry: '/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerRegistry/registries/theirs',
};

/** Makes what the builds' callers need: a task with secrets, and a token for its runner. */
async function builds({ outbound, receivers }: Way, azure: string) {
  const { documents } = connectMemory(createMemoryWorld(), { chance: 'none' });
  const ports = {
    documents,
    outbound,
    receivers,
    clock: systemClock,
    registry: 'default',
    sealing: sealingKeys(undefined, { key: Buffer.alloc(32, 'a key') }),
    secrets: { readUserSecret: () => Promise.resolve({ value: 'a-token' }) },
    management: { endpoint: new URL(azure), issueToken: () => Promise.resolve('a-token') },
  } as unknown as BuildPorts;
  await putTaskSecrets(ports, 'app');
  return ports;
}

const taskOf = (settings: object) =>
  ({ name: 'app', repository: 'team/app', tag: '1', host: 'registry.test', settings }) as unknown as Task;
const job = {
  type: 'build',
  id: 'j1',
  repository: 'registry.test/team/app',
  context: { git: 'https://git.example/x.git', commit, folder: '' },
  dockerfile: 'Dockerfile',
  arguments: {},
  platforms: ['linux/amd64'],
  timeoutSeconds: 600,
  callback: { url: 'https://registry.test/', token: 't' },
} as unknown as RemoteJob;

async function given(way: Way, runner: object, azure = 'https://azure.example'): Promise<string> {
  const taken = await giveJob(await builds(way, azure), taskOf({ runner }), job);
  return taken.is === 'taken' ? done : taken.why;
}

async function asked(way: Way, host: string, realm?: string): Promise<string> {
  const { state } = await askTagDigest({ outbound: way.outbound, clock: systemClock }, `${host}/team/base`, '1', {
    known: undefined,
    as: realm === undefined ? {} : { realm },
  });
  return state.is === 'at' ? done : 'why' in state ? state.why : state.is;
}

const told = (error: unknown) => (error instanceof Error ? error.message : String(error));
const answered = (answer: Promise<unknown>) => answer.then(() => done, told);

/** Everything of `shared/` that calls a host which somebody else names. */
export const callers: Readonly<Record<string, Caller>> = {
  async 'a webhook'(way, host) {
    const { app } = composeForTest({
      adapters: { receivers: way.receivers },
      settings: { reach: way.reach, sealing: { key: Buffer.alloc(32, 'a key') } },
    });
    const api = async (method: string, path: string, body?: object) => {
      const json = { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
      const answer = await ask(app, method, `/api/v1/webhooks/hook1${path}`, body === undefined ? {} : json);
      return { status: answer.status, text: await answer.text() };
    };
    const put = await api('PUT', '', { serviceUri: `${urlOf(host)}/hook`, actions: ['push'] });
    if (put.status >= 300) return put.text;
    const ping = await api('POST', '/ping');
    return ping.text.includes('"delivered"') ? done : ping.text;
  },
  async 'a scanner'(way, host) {
    const { app } = composeForTest({ adapters: { scanners: way.scanners } });
    const json = { 'content-type': 'application/json' };
    // Less patience than the usual thirty seconds of one question.
    const body = JSON.stringify({ url: urlOf(host), requestSeconds: 1 });
    const put = await ask(app, 'PUT', '/api/v1/scanning/scanners/trivy', { headers: json, body });
    if (put.status >= 300) return put.text();
    const checked = await (await ask(app, 'POST', '/api/v1/scanning/scanners/trivy/check')).text();
    // The benign server is no scanner, and its answer shows that it was asked.
    return checked.includes("The scanner's answer to the question for its metadata has no type") ? done : checked;
  },
  "an issuer's document": (way, host) => answered(new IssuerKeys(way.outbound).of(urlOf(host))),
  "an issuer's keys": (way, host, friend) => {
    friend.lead = { to: `${urlOf(host)}/keys` };
    // The token names a key, so that the set is fetched; the benign set holds none.
    return answered(
      new IssuerKeys(way.outbound)
        .of(`http://${friend.host}`)
        .then(async (keyOf) => keyOf({ alg: 'RS256', kid: 'k1' }, { payload: '', signature: '' }))
        .catch((error: unknown) => {
          if (!(error instanceof Error) || !error.message.startsWith('no applicable key')) throw error;
        }),
    );
  },
  "a certificate's responder": ({ outbound }, host) => {
    const how = { method: 'POST' as const, headers: {}, body: Buffer.from('x'), timeoutMs: 2_000, mostBytes: 65_536 };
    return answered(outbound.askBytes(new URL(`${urlOf(host)}/ocsp`), how));
  },
  'a list of revoked certificates': ({ outbound }, host) => {
    const how = { method: 'GET' as const, headers: {}, timeoutMs: 5_000, mostBytes: 4 * 1024 ** 2 };
    return answered(outbound.askBytes(new URL(`${urlOf(host)}/acme.crl`), how));
  },
  "a base's tag": (way, host) => asked(way, host),
  "a registry's token service": (way, host, friend) => {
    friend.lead = { to: `${urlOf(host)}/token` };
    return asked(way, friend.host, host);
  },
  "a git repository's references": async ({ git }, host) => {
    const found = await git.resolveRef({ url: `${urlOf(host)}/x.git` }, 'main').catch(told);
    return typeof found === 'string' ? found : found.is === 'at' ? done : found.why;
  },
  'a git context': async ({ git }, host) => {
    // The benign server has no pack, and its answer to the request for one shows that it was asked.
    const found = await git.archiveOf({ url: `${urlOf(host)}/x.git` }, commit, '').catch(told);
    if (typeof found === 'string') return found;
    return found.is === 'archive' || found.why === 'it has no such commit or folder' ? done : found.why;
  },
  'a runner elsewhere': (way, host) => given(way, { webhook: { url: `${urlOf(host)}/build` } }),
  'a gate elsewhere': async (way, host) => {
    const task = taskOf({ test: { url: `${urlOf(host)}/gate`, timeoutSeconds: 5 } });
    const log = { write: () => undefined } as never;
    const tested = { digest: 'sha256:x' as never, log, signal: AbortSignal.timeout(20_000) };
    const { gate } = await gateOf(
      await builds(way, 'https://azure.example'),
      { build: 'b1' } as unknown as Node,
      task,
      tested,
    );
    return gate === undefined || gate.includes('did not answer {') ? done : gate;
  },
  'a workflow of GitHub': (way, host) =>
    given(way, { github: { repository: 'a/b', workflow: 'w.yml', ref: 'main', token: 't', api: urlOf(host) } }),
  "a task of Azure's": async (way, host) => {
    const taken = await scheduleRun(await builds(way, urlOf(host)), acr, job);
    return taken.is === 'taken' || taken.why === 'Azure answered without a run' ? done : taken.why;
  },
  "the log of a task of Azure's": async (way, host, friend) => {
    friend.lead = { to: `${urlOf(host)}/log` };
    const printed = await printedBy(await builds(way, `http://${friend.host}`), acr, 'r1');
    return printed === undefined ? 'nothing' : done;
  },
};
