import { createHash, randomUUID } from 'node:crypto';
import { DeployFailure } from './run.ts';

const repository = 'longshore/smoke';

export interface Smoke {
  /** Of the user admin; without it only what everyone may ask is tried. */
  readonly password: string | undefined;
  readonly say: (line: string) => void;
  readonly pause: (ms: number) => Promise<void>;
}

/** One request; throws `DeployFailure` for an answer that is not allowed. */
type Call = (step: string, url: string, allowed: readonly number[], init?: RequestInit) => Promise<Response>;

/** As a client sees it. What is pushed is deleted again; an app that has just got its code has three minutes to answer. */
export async function smokeTest(origin: string, { password, say, pause }: Smoke): Promise<void> {
  await until(36, pause, async () => (await ask(`${origin}/healthz`)).status === 200, 'GET /healthz is not 200', 'ask it: it names what does not answer; roles may need some minutes');
  const call = callsOf(origin, password);
  await call('GET /v2/', `${origin}/v2/`, password === undefined ? [200, 401] : [200]);
  if (password === undefined) {
    say('LONGSHORE_ADMIN_PASSWORD is not set: push, pull, events and webhooks were not tried.');
    return;
  }
  const before = await pushesOf(call, origin);
  const hook = `${origin}/api/v1/webhooks/longshoresmoke`;
  // Its receiver is the registry itself, the one address that is known to be there: that it refuses what it gets is an answer too.
  await call('PUT of a webhook', hook, [200, 201], { method: 'PUT', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ serviceUri: `${origin}/v2/`, actions: ['push'], scope: `${repository}:*` }) });
  try {
    const reference = await pushed(call, origin);
    // Pushes are counted by a subscriber: one more says that the event went its way through Event Grid.
    await until(24, pause, async () => (await pushesOf(call, origin)) > before, 'the event of a push did not arrive', 'look at the event subscriptions and their dead letters in the portal');
    await until(24, pause, async () => isAnswered(await call('GET of deliveries', `${hook}/deliveries?limit=5`, [200])), 'a webhook was not sent, or nothing answered it', 'GET /api/v1/webhooks/longshoresmoke/deliveries says what came back; LONGSHORE_OUTBOUND, where the registry answers inside a network alone');
    await call('DELETE of a manifest', reference, [202], { method: 'DELETE' });
  } finally {
    await call('DELETE of a webhook', hook, [200, 202, 204, 404], { method: 'DELETE' });
  }
}

function callsOf(origin: string, password: string | undefined): Call {
  const authorization = password === undefined ? undefined : `Basic ${Buffer.from(`admin:${password}`).toString('base64')}`;
  return async (step, url, allowed, init = {}) => {
    const headers = new Headers(init.headers);
    // Credentials are for the registry alone, not for where an upload leads.
    if (authorization !== undefined && new URL(url).origin === origin) headers.set('authorization', authorization);
    const answer = await ask(url, { ...init, headers });
    if (!allowed.includes(answer.status)) throw smokeFailure(`${step} was answered with ${answer.status}`);
    return answer;
  };
}

/** Pushes an image that nobody has, and pulls it. Gives where its manifest is. */
async function pushed(call: Call, origin: string): Promise<string> {
  const base = `${origin}/v2/${repository}`;
  const config = Buffer.from(JSON.stringify({ architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [] }, author: randomUUID() }));
  const started = await call('POST of an upload', `${base}/blobs/uploads/`, [202], { method: 'POST' });
  const upload = new URL(started.headers.get('location') ?? '', origin);
  upload.searchParams.set('digest', digestOf(config));
  await call('PUT of a blob', upload.href, [201], { method: 'PUT', body: config, headers: { 'content-type': 'application/octet-stream' } });
  const pulled = await call('GET of a blob', `${base}/blobs/${digestOf(config)}`, [200]);
  if (digestOf(Buffer.from(await pulled.arrayBuffer())) !== digestOf(config)) throw smokeFailure('GET of a blob gave other bytes');
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const manifest = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: digestOf(config), size: config.length }, layers: [] }));
  const reference = `${base}/manifests/${digestOf(manifest)}`;
  await call('PUT of a manifest', reference, [201], { method: 'PUT', body: manifest, headers: { 'content-type': mediaType } });
  await call('GET of a manifest', reference, [200], { headers: { accept: mediaType } });
  return reference;
}

async function pushesOf(call: Call, origin: string): Promise<number> {
  const answer = await call('GET of usage', `${origin}/api/v1/usage?repository=${encodeURIComponent(repository)}`, [200, 404]);
  return answer.status === 404 ? 0 : (((await answer.json()) as { pushes?: number }).pushes ?? 0);
}

/** Any answer says that deliveries leave the deployment. */
async function isAnswered(answer: Response): Promise<boolean> {
  const { deliveries } = (await answer.json()) as { deliveries: { attempts: { response?: object }[] }[] };
  return deliveries.some(({ attempts }) => attempts.some(({ response }) => response !== undefined));
}

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

async function ask(url: string, init: RequestInit = {}): Promise<Response> {
  try {
    return await fetch(url, { ...init, signal: AbortSignal.timeout(60_000) });
  } catch (error) {
    return new Response(null, { status: 504, statusText: error instanceof Error ? error.name : 'failed' });
  }
}

async function until(times: number, pause: Smoke['pause'], isSo: () => Promise<boolean>, what: string, next: string): Promise<void> {
  for (let left = times; !(await isSo()); left--) {
    if (left === 0) throw new DeployFailure(`${what}: everything is deployed, but it does not work yet.\nNext: ${next}`);
    await pause(5_000);
  }
}

function smokeFailure(what: string): DeployFailure {
  return new DeployFailure(`${what}: everything is deployed, but it does not work.\nNext: look at the app's failures in Application Insights; then the same command again`);
}
