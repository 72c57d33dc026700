import { createHash, randomUUID } from 'node:crypto';
import { DeployFailure } from './run.ts';

/** Where a deployment is tried: what is pushed there is deleted again. */
export const repository = 'longshore/smoke';

/** The log of a webhook outlives it: another one's deliveries must not be taken for this one's. */
export const freshHook = (): string => `longshore${randomUUID().replaceAll('-', '').slice(0, 16)}`;

/** One request; throws `DeployFailure` for an answer that is not allowed. */
export type Call = (step: string, url: string, allowed: readonly number[], init?: RequestInit) => Promise<Response>;

export function callsOf(origin: string, password: string | undefined): Call {
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
export async function pushed(call: Call, origin: string): Promise<string> {
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

export async function pushesOf(call: Call, origin: string): Promise<number> {
  const answer = await call('GET of usage', `${origin}/api/v1/usage?repository=${encodeURIComponent(repository)}`, [200, 404]);
  return answer.status === 404 ? 0 : (((await answer.json()) as { pushes?: number }).pushes ?? 0);
}

/** Any answer says that deliveries leave the deployment. */
export async function isAnswered(answer: Response): Promise<boolean> {
  const { deliveries } = (await answer.json()) as { deliveries: { attempts: { response?: object }[] }[] };
  return deliveries.some(({ attempts }) => attempts.some(({ response }) => response !== undefined));
}

export function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

export async function ask(url: string, init: RequestInit = {}): Promise<Response> {
  try {
    return await fetch(url, { ...init, signal: AbortSignal.timeout(60_000) });
  } catch (error) {
    return new Response(null, { status: 504, statusText: error instanceof Error ? error.name : 'failed' });
  }
}

export async function until(times: number, pause: (ms: number) => Promise<void>, isSo: () => Promise<boolean>, what: string, next: string): Promise<void> {
  for (let left = times; !(await isSo()); left--) {
    if (left === 0) throw new DeployFailure(`${what}: everything is deployed, but it does not work yet.\nNext: ${next}`);
    await pause(5_000);
  }
}

export function smokeFailure(what: string): DeployFailure {
  return new DeployFailure(`${what}: everything is deployed, but it does not work.\nNext: look at the app's failures in Application Insights; then the same command again`);
}
