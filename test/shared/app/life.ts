import { globSync } from 'node:fs';
import { join } from 'node:path';
import { digestOf } from '../../../shared/core/oci/digest.ts';
import { mediaTypes } from '../../../shared/core/oci/media-types.ts';
import type { Built } from '../features/builds/bases/building.ts';
import { build } from '../features/builds/bases/building.ts';
import { location, withDigest } from '../image.ts';
import type { Asking, Deployment, Name } from './deployment.ts';

const manifestType = mediaTypes.ociManifest;
const forms = { 'content-type': 'application/x-www-form-urlencoded' };

interface Call {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: object;
  /** Statuses that are right; absent, those of success. */
  readonly ok?: readonly number[];
}

interface Operation {
  readonly method: string;
  readonly path: string;
}

/** Gives the operations of the management API, as its document has them. */
export async function operationsOf(of: Deployment): Promise<Map<string, Operation>> {
  const document = (await (await of.ask('default', 'GET', '/api/v1/openapi.json')).json()) as {
    paths: Record<string, Record<string, { operationId?: string }>>;
  };
  return new Map(
    Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).flatMap(([method, { operationId }]) =>
        operationId === undefined ? [] : [[operationId, { method: method.toUpperCase(), path }] as const],
      ),
    ),
  );
}

/** Everything that clients do with a registry; the same names in each. `after` is told of each call. */
export class Life {
  readonly called = new Set<string>();
  /** Names that the registry chose. */
  readonly kept: Record<string, string> = {};
  after: (call: string) => Promise<void> = () => Promise.resolve();
  readonly #of: Deployment;
  readonly registry: Name;
  readonly #operations: ReadonlyMap<string, Operation>;

  constructor(of: Deployment, registry: Name, operations: ReadonlyMap<string, Operation>) {
    this.#of = of;
    this.registry = registry;
    this.#operations = operations;
  }

  async http(call: string, path: string, options: Asking = {}, ok?: readonly number[]): Promise<Response> {
    const method = call.slice(call.lastIndexOf(' ') + 1);
    this.called.add(call);
    const answer = await this.#of.ask(this.registry, method, path, options);
    const isRight = ok === undefined ? answer.status < 400 : ok.includes(answer.status);
    if (!isRight) throw new Error(`${call} ${path}: ${answer.status} ${(await answer.text()).slice(0, 400)}`);
    await this.after(call);
    return answer;
  }

  async api(operation: string, { params = {}, query = {}, body, ok }: Call = {}): Promise<Record<string, unknown>> {
    const found = this.#operations.get(operation);
    if (found === undefined) throw new Error(`the API has no ${operation}`);
    const path = found.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? '-'));
    const search = Object.keys(query).length === 0 ? '' : `?${new URLSearchParams(query).toString()}`;
    this.called.add(operation);
    const whole = `/api/v1${path}${search}`;
    const answer = await this.#of.ask(this.registry, found.method, whole, body === undefined ? {} : { body });
    const text = await answer.text();
    const isRight = ok === undefined ? answer.status < 400 : ok.includes(answer.status);
    if (!isRight) throw new Error(`${operation} ${whole}: ${answer.status} ${text.slice(0, 400)}`);
    await this.after(operation);
    return text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : { text };
  }

  keep(name: string, value: unknown): string {
    return (this.kept[name] = String(value));
  }
}

/** Calls an operation that reads, and remembers its answer. */
export type Look = (operation: string, params?: Call['params'], query?: Call['query']) => Promise<void>;

/** The exports of `test/shared/features/NAME/life.ts`: the calls of the operations of one feature. */
interface OwnLife {
  /** Makes something of it, where `team/app:1` is pushed. */
  readonly grow?: (life: Life) => Promise<void>;
  readonly look?: (api: Look) => Promise<void>;
  readonly wither?: (life: Life) => Promise<void>;
}

const folder = join(import.meta.dirname, '../features');
const ownLives = await Promise.all(
  globSync('*/life.ts', { cwd: folder }).map(async (path) => (await import(join(folder, path))) as OwnLife),
);

async function pushBlob(life: Life, repository: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  const started = await life.http('v2 uploads POST', `/v2/${repository}/blobs/uploads/`);
  const patched = await life.http('v2 upload PATCH', location(started), { body: bytes });
  await life.http('v2 upload PUT', withDigest(location(patched), digestOf(bytes)));
}

export async function pushImage(life: Life, image: Built, tag: string): Promise<void> {
  for (const blob of image.blobs) await pushBlob(life, image.repository, new Uint8Array(blob));
  await life.http('v2 manifest PUT', `/v2/${image.repository}/manifests/${tag}`, {
    body: new Uint8Array(image.bytes),
    headers: { 'content-type': manifestType },
  });
}

const base = build('base', 'base 1');
const newBase = build('base', 'base 2');
const app = build('team/app', 'app', { base });
const gone = build('team/gone', 'gone');

/** Makes images and all that is about them. `settle` has events and queues done. */
export async function grow(life: Life, git: string, settle: () => Promise<void>): Promise<void> {
  await pushImage(life, base, '1');
  await pushImage(life, app, '1');
  await pushImage(life, app, '2');
  await pushImage(life, gone, '1');
  await settle();
  await growIdentities(life);
  await growWebhooks(life);
  await growPolicies(life);
  await life.api('putReplication', { params: { region: 'second' }, body: {} });
  await life.api('putReplication', { params: { region: 'home' }, body: {} });
  for (const own of ownLives) await own.grow?.(life);
  await settle();
  await growBuilds(life, git, settle);
  const pulled = { headers: { accept: manifestType } };
  await life.http('v2 manifest GET', '/v2/team/app/manifests/1', pulled);
  await life.http('v2 manifest HEAD', '/v2/team/app/manifests/1', pulled);
  await life.http('v2 manifest DELETE', `/v2/team/gone/manifests/${gone.digest}`);
  await settle();
  const bin = (await life.api('listBin')) as { items: { group: string }[] };
  life.keep('group', bin.items[0]?.group);
  await keepDeliveries(life);
}

async function growIdentities(life: Life): Promise<void> {
  const actions = ['repositories/team/*/content/read', 'repositories/team/*/content/write'];
  await life.api('putScopeMap', { params: { name: 'ci' }, body: { actions } });
  const token = (await life.api('createToken', { body: { name: 'ci', scopeMap: 'ci' } })) as {
    passwords: { value: string }[];
  };
  life.keep('password', token.passwords[0]?.value);
  await life.api('updateToken', { params: { name: 'ci' }, body: { status: 'enabled' } });
  await life.api('setAnonymousPull', { body: { repositories: ['base'] } });
  const conditions = [{ claim: 'sub', is: 'ci' }];
  const issuer = { issuer: 'https://issuer.example', audience: 'a', conditions, scopeMap: 'ci' };
  await life.api('putTrustedIssuer', { params: { name: 'cloud' }, body: issuer });
  await life.api('updateRegistry', { body: { sku: 'premium' } });
  await life.http('oauth2 token POST', '/oauth2/token', {
    body: new URLSearchParams({
      grant_type: 'password',
      username: 'ci',
      password: life.kept.password ?? '',
    }).toString(),
    headers: { ...forms, authorization: '' },
  });
  const rest = 'service=&scope=repository:team/app:pull&offline_token=true';
  const tokens = (await (await life.http('oauth2 token GET', `/oauth2/token?${rest}`)).json()) as Record<
    string,
    string
  >;
  life.keep('access', tokens.access_token);
  life.keep('refresh', tokens.refresh_token);
  await life.http(
    'oauth2 exchange POST',
    '/oauth2/exchange',
    { body: 'grant_type=access_token&access_token=x.y.z', headers: forms },
    [401, 400],
  );
  const keys = (await life.api('listSigningKeys')) as { items: { kid: string }[] };
  life.keep('kid', keys.items[0]?.kid);
}

async function growWebhooks(life: Life): Promise<void> {
  const actions = ['push', 'delete', 'Longshore.TagMoved', 'Longshore.BuildFinished'].slice(0, 3);
  const body = { serviceUri: 'https://receiver.example/', actions };
  await life.api('putWebhook', { params: { name: 'everything' }, body });
  await life.api('updateWebhook', { params: { name: 'everything' }, body: { scope: 'team/**' } });
  await life.api('pingWebhook', { params: { name: 'everything' } });
  const { secrets } = (await life.api('rotateWebhookSecret', {
    params: { name: 'everything' },
    body: { overlapSeconds: 600 },
  })) as { secrets?: { id: string }[] };
  const hook = (await life.api('getWebhook', { params: { name: 'everything' } })) as { secrets: { id: string }[] };
  life.keep('secret', (secrets ?? hook.secrets)[0]?.id);
}

async function growPolicies(life: Life): Promise<void> {
  await life.api('setSoftDelete', { body: { enabled: true, retentionDays: 7, restoreOnPull: false } });
  const remove = [{ name: 'old', olderThanDays: 30 }];
  await life.api('putPurgePolicy', { params: { name: 'nightly' }, body: { remove } });
  await life.api('updatePurgePolicy', { params: { name: 'nightly' }, body: { retentionDays: 5 } });
  await life.api('createPurgePlan', { params: { name: 'nightly' } });
  await life.api('putInUse', { params: { source: 'cluster' }, body: { digests: [base.digest], ttlSeconds: 86_400 } });
}

async function growBuilds(life: Life, git: string, settle: () => Promise<void>): Promise<void> {
  await life.api('putBuildPolicy', { params: { name: 'all' }, body: { mode: 'rebase' } });
  await life.api('updateBuildPolicy', { params: { name: 'all' }, body: { enabled: true } });
  await life.api('putUpstream', { params: { host: 'ghcr.io' }, body: {} });
  await life.api('putBaseSource', { params: { source: 'longshore' }, body: {} });
  // From here and from elsewhere, so that another registry's tag is watched.
  const body = { image: 'built:1', context: { git }, pulls: ['base', 'ghcr.io/team/base'] };
  await life.api('putTask', { params: { name: 'nightly' }, body });
  await life.api('updateTask', { params: { name: 'nightly' }, body: { timeoutSeconds: 600 } });
  await life.api('putTaskHook', { params: { name: 'nightly' }, body: {} });
  await life.api('runTask', { params: { name: 'nightly' } });
  await settle();
  await pushImage(life, newBase, '1');
  await settle();
  const builds = (await life.api('listBuilds')) as { items: { id: string; images: number }[] };
  life.keep('build', builds.items.find(({ images }) => images > 0)?.id);
}

async function keepDeliveries(life: Life): Promise<void> {
  const deliveries = (await life.api('listWebhookDeliveries', { params: { name: 'everything' } })) as {
    items: { id: string }[];
  };
  life.keep('delivery', deliveries.items[0]?.id);
  const { id } = (await life.api('redeliverWebhook', {
    params: { name: 'everything' },
    body: { since: '2026-02-28T00:00:00Z' },
  })) as { id?: string };
  life.keep('job', id);
}

/** Everything that can be read, as it is answered. */
export async function look(life: Life): Promise<Record<string, string>> {
  const seen: Record<string, string> = {};
  const { kept } = life;
  const api: Look = async (operation, params = {}, query = {}) => {
    seen[operation] = JSON.stringify(await life.api(operation, { params, query, ok: [200, 404] }));
  };
  const [hook, ci, image] = [{ name: 'everything' }, { name: 'ci' }, 'team/app:1'];
  for (const list of lists) await api(list);
  for (const own of ownLives) await own.look?.(api);
  await api('getToken', ci);
  await api('getScopeMap', ci);
  await api('getTrustedIssuer', { name: 'cloud' });
  await api('explainAccess', {}, { token: 'ci', repository: 'team/app', action: 'pull' });
  for (const of of ['getWebhook', 'listWebhookDeliveries', 'listMoreWebhookEvents']) await api(of, hook);
  await api('getWebhookDelivery', { ...hook, id: kept.delivery ?? '' });
  await api('getWebhookRedelivery', { ...hook, job: kept.job ?? '' });
  await api('getDeletion', { group: kept.group ?? '' });
  for (const of of ['getPurgePolicy', 'getPurgePlan']) await api(of, { name: 'nightly' });
  await api('getInUse', { source: 'cluster' });
  await api('explainPurge', {}, { image });
  await api('getReplication', { region: 'second' });
  await api('getReplicationStatus', {}, { repository: 'team/app', tag: '1' });
  for (const of of ['listBases', 'getDependents']) {
    await api(of, {}, { image: 'base:1' });
    seen[`${of} abroad`] = JSON.stringify(await life.api(of, { query: { image: 'ghcr.io/team/base:1' } }));
  }
  await api('getBaseSource', { source: 'longshore' });
  await api('getUpstream', { host: 'ghcr.io' });
  await api('getBuildPolicy', { name: 'all' });
  await api('dryRunBuild', {}, { base: 'base:1' });
  await api('explainBuild', {}, { image, base: 'base:1' });
  await api('getBuild', { build: kept.build ?? '' });
  await api('getBuildLog', { build: kept.build ?? '' }, { image: 'built:1' });
  for (const of of ['getTask', 'getTaskHook']) await api(of, { name: 'nightly' });
  return seen;
}

const lists = [
  ...['listTokens', 'listScopeMaps', 'getAnonymousPull'],
  ...['listTrustedIssuers', 'listSigningKeys', 'getRegistry', 'listWebhooks', 'getSoftDelete', 'listBin'],
  ...['listPurgePolicies', 'listInUse', 'listReplications', 'listBaseSources', 'listUpstreams', 'listBuildPolicies'],
  ...['listBuilds', 'listTasks', 'listDeletions'],
];

/** Reads what clients pull, and the lists of it. */
export async function lookAtContent(life: Life): Promise<Record<string, string>> {
  const seen: Record<string, string> = {};
  const get = async (call: string, path: string) => {
    const answer = await life.http(call, path, {}, [200, 307, 404]);
    seen[`${call} ${path}`] = `${answer.status} ${answer.status === 307 ? '' : await answer.text()}`;
  };
  const [config] = app.blobs.map((blob) => digestOf(blob)).slice(-1);
  await get('v2 base GET', '/v2/');
  await get('v2 base HEAD', '/v2/');
  await get('v2 catalog GET', '/v2/_catalog');
  await get('v2 tags GET', '/v2/team/app/tags/list');
  await get('v2 referrers GET', `/v2/team/app/referrers/${app.digest}`);
  await get('v2 manifest GET', `/v2/team/app/manifests/${app.digest}`);
  await get('v2 blob GET', `/v2/team/app/blobs/${config ?? ''}`);
  await get('v2 blob HEAD', `/v2/team/app/blobs/${config ?? ''}`);
  await get('acr catalog GET', '/acr/v1/_catalog');
  await get('acr repository GET', '/acr/v1/team/app');
  await get('acr tags GET', '/acr/v1/team/app/_tags');
  await get('acr tag GET', '/acr/v1/team/app/_tags/1');
  await get('acr manifests GET', '/acr/v1/team/app/_manifests');
  await get('acr manifest GET', `/acr/v1/team/app/_manifests/${app.digest}`);
  await get('acr deleted-catalog GET', '/acr/v1/_deleted/_catalog');
  await get('acr deleted-manifests GET', '/acr/v1/_deleted/team/gone/_manifests');
  await get('acr deleted-tags GET', '/acr/v1/_deleted/team/gone/_tags');
  return seen;
}

/** Everything that changes or deletes what is there. */
export async function wither(life: Life, settle: () => Promise<void>): Promise<void> {
  for (const own of ownLives) await own.wither?.(life);
  await witherContent(life);
  await settle();
  await witherBuilds(life);
  await settle();
  await witherWebhooks(life);
  const nightly = { name: 'nightly' };
  await life.api('approvePurgePlan', { params: nightly, body: { hash: '0'.repeat(64) }, ok: [400, 404, 409] });
  await life.api('stopPurgePolicy', { params: nightly });
  await life.api('deletePurgePolicy', { params: nightly });
  await life.api('deleteInUse', { params: { source: 'cluster' } });
  await life.api('reconcileReplication', { body: { repository: 'team/app' } });
  await life.api('updateReplication', { params: { region: 'second' }, body: { paused: true } });
  await life.api('deleteReplication', { params: { region: 'second' } });
  await settle();
  const ci = { name: 'ci' };
  await life.api('renewTokenPassword', { params: { ...ci, password: 'password1' }, body: {} });
  await life.api('deleteTokenPassword', { params: { ...ci, password: 'password1' } });
  await life.api('deleteToken', { params: ci });
  await life.api('deleteTrustedIssuer', { params: { name: 'cloud' } });
  await life.api('deleteScopeMap', { params: ci });
  await life.api('deleteSigningKey', { params: { kid: life.kept.kid ?? '' }, ok: [204, 409] });
  await settle();
}

async function witherContent(life: Life): Promise<void> {
  const [, group] = ['', life.kept.group ?? ''];
  await life.api('restoreDeleted', { body: { repository: 'team/gone', group } });
  await life.http('v2 manifest DELETE', `/v2/team/gone/manifests/${gone.digest}`);
  await life.http(
    'acr deleted-manifest POST',
    `/acr/v1/_deleted/team/gone/_manifests/${gone.digest}`,
    {},
    [200, 202, 204, 400, 404],
  );
  const bin = (await life.api('listBin')) as { items: { group: string; repository: string }[] };
  const [deletion] = bin.items;
  const purged = { group: deletion?.group ?? group, count: 1 };
  await life.api('purgeDeletion', { body: purged, ok: [200, 202, 204, 404, 409] });
  const attributes = { deleteEnabled: true, writeEnabled: true };
  await life.http('acr repository PATCH', '/acr/v1/team/app', { body: attributes });
  await life.http('acr tag PATCH', '/acr/v1/team/app/_tags/1', { body: attributes });
  await life.http('acr manifest PATCH', `/acr/v1/team/app/_manifests/${app.digest}`, { body: attributes });
  const started = await life.http('v2 uploads POST', '/v2/team/app/blobs/uploads/');
  await life.http('v2 upload GET', location(started));
  await life.http('v2 upload DELETE', location(started));
  await life.http(
    'v2 uploads POST',
    `/v2/team/other/blobs/uploads/?mount=${digestOf(app.blobs[0] ?? new Uint8Array())}`,
  );
  await life.http(
    'v2 blob DELETE',
    `/v2/team/other/blobs/${digestOf(app.blobs[0] ?? new Uint8Array())}`,
    {},
    [202, 404],
  );
  await life.http('v2 manifest DELETE', '/v2/team/app/manifests/2');
  await life.http('acr tag DELETE', '/acr/v1/team/app/_tags/1');
  await life.http('acr repository DELETE', '/acr/v1/team/app');
}

async function witherBuilds(life: Life): Promise<void> {
  const build = life.kept.build ?? '';
  const [nightly, query] = [{ name: 'nightly' }, { image: 'built:1' }];
  await life.api('notifyTask', { params: nightly, body: { ref: 'refs/heads/main', after: '0'.repeat(40) } });
  await life.api('notifyBases', { params: { source: 'longshore' }, body: {}, ok: [202, 400] });
  await life.api('retryBuild', { params: { build }, ok: [200, 202, 404, 409] });
  await life.api('cancelBuild', { params: { build }, ok: [200, 202, 204, 409] });
  const told = { state: 'failed', why: 'it did not go' };
  await life.api('reportBuild', { params: { build }, query, body: told, ok: [204, 404, 409] });
  await life.api('claimBuildJob', { params: { build }, query, ok: [200, 404, 409] });
  await life.api('deleteTaskHook', { params: nightly });
  await life.api('deleteTask', { params: nightly });
  await life.api('deleteBuildPolicy', { params: { name: 'all' } });
  await life.api('deleteUpstream', { params: { host: 'ghcr.io' } });
  await life.api('deleteBaseSource', { params: { source: 'longshore' } });
}

async function witherWebhooks(life: Life): Promise<void> {
  const hook = { name: 'everything' };
  await life.api('listWebhookEvents', { params: hook });
  const id = life.kept.delivery ?? '';
  await life.api('redeliverWebhookDelivery', { params: { ...hook, id }, ok: [202, 409] });
  await life.api('deleteWebhookSecret', { params: { ...hook, id: life.kept.secret ?? '' }, ok: [200, 204, 409] });
  await life.api('deleteWebhook', { params: hook });
}
