import { randomUUID } from 'node:crypto';
import { digestOf } from '../../shared/core/oci/digest.ts';
import { DeployFailure } from './run.ts';

/** The repository in which a deployment is tried: images that are pushed there are deleted again. */
export const repository = 'longshore/smoke';

/** Sends one request; throws `DeployFailure` for an answer that is not allowed. */
export type Call = (step: string, url: string, allowed: readonly number[], init?: RequestInit) => Promise<Response>;

/** Makes the credentials of the user admin; none without the password. */
export function authorizationOf(password: string | undefined): Record<string, string> {
  return password === undefined
    ? {}
    : { authorization: `Basic ${Buffer.from(`admin:${password}`).toString('base64')}` };
}

export function callsOf(origin: string, password: string | undefined): Call {
  return async (step, url, allowed, init = {}) => {
    // Credentials are for the registry alone, not for the host that an upload leads to.
    const headers = {
      ...Object.fromEntries(new Headers(init.headers)),
      ...(new URL(url).origin === origin ? authorizationOf(password) : {}),
    };
    const answer = await ask(url, { ...init, headers });
    if (!allowed.includes(answer.status)) throw smokeFailure(`${step} was answered with ${answer.status}`);
    return answer;
  };
}

/** Starts an upload and returns the URL for its bytes, perhaps at another host. */
export async function startUpload(call: Call, origin: string): Promise<URL> {
  const started = await call('POST of an upload', `${origin}/v2/${repository}/blobs/uploads/`, [202], {
    method: 'POST',
  });
  return new URL(started.headers.get('location') ?? '', origin);
}

export async function pushBlob(call: Call, origin: string, bytes: Buffer): Promise<void> {
  const upload = await startUpload(call, origin);
  upload.searchParams.set('digest', digestOf(bytes));
  await call('PUT of a blob', upload.href, [201], {
    method: 'PUT',
    body: bytes as Uint8Array<ArrayBuffer>,
    headers: { 'content-type': 'application/octet-stream' },
  });
}

/** Pushes an image that nobody has, and pulls it. Returns the URL of its manifest. */
export async function pushImage(call: Call, origin: string): Promise<string> {
  const base = `${origin}/v2/${repository}`;
  const config = Buffer.from(
    JSON.stringify({
      architecture: 'amd64',
      os: 'linux',
      rootfs: { type: 'layers', diff_ids: [] },
      author: randomUUID(),
    }),
  );
  await pushBlob(call, origin, config);
  const pulled = await call('GET of a blob', `${base}/blobs/${digestOf(config)}`, [200]);
  if (digestOf(Buffer.from(await pulled.arrayBuffer())) !== digestOf(config))
    throw smokeFailure('GET of a blob gave other bytes');
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType,
      config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: digestOf(config), size: config.length },
      layers: [],
    }),
  );
  const reference = `${base}/manifests/${digestOf(manifest)}`;
  await call('PUT of a manifest', reference, [201], {
    method: 'PUT',
    body: manifest,
    headers: { 'content-type': mediaType },
  });
  await call('GET of a manifest', reference, [200], { headers: { accept: mediaType } });
  return reference;
}

export async function pushesOf(call: Call, origin: string): Promise<number> {
  const answer = await call(
    'GET of usage',
    `${origin}/api/v1/usage?repository=${encodeURIComponent(repository)}`,
    [200, 404],
  );
  return answer.status === 404 ? 0 : (((await answer.json()) as { pushes?: number }).pushes ?? 0);
}

/** One attempt to deliver, with its answer or failure. */
export interface Attempt {
  readonly response?: { readonly status: number };
  readonly failure?: { readonly why: string };
}

/**
 * Keeps a webhook on pushes here for as long as `work` runs. Without a receiver the registry itself is one, because its
 * address is the only one that is known to exist: that it refuses the delivery is an answer too. The name is new each
 * time, for the log of a webhook outlives it.
 */
export async function withWebhook<T>(
  call: Call,
  origin: string,
  receiver: string | undefined,
  work: (attempts: () => Promise<readonly Attempt[]>) => Promise<T>,
): Promise<T> {
  const url = `${origin}/api/v1/webhooks/longshore${randomUUID().replaceAll('-', '').slice(0, 16)}`;
  await call('PUT of a webhook', url, [200, 201], {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ serviceUri: receiver ?? `${origin}/v2/`, actions: ['push'], scope: `${repository}:*` }),
  });
  try {
    return await work(async () => {
      const answer = await call('GET of deliveries', `${url}/deliveries?limit=5`, [200]);
      return ((await answer.json()) as { items: { attempts: Attempt[] }[] }).items.flatMap(({ attempts }) => attempts);
    });
  } finally {
    await call('DELETE of a webhook', url, [200, 202, 204, 404], { method: 'DELETE' });
  }
}

export async function ask(url: string, init: RequestInit = {}): Promise<Response> {
  try {
    return await fetch(url, { ...init, signal: AbortSignal.timeout(60_000) });
  } catch (error) {
    return new Response(null, { status: 504, statusText: error instanceof Error ? error.name : 'failed' });
  }
}

export async function until(
  times: number,
  pause: (ms: number) => Promise<void>,
  isSo: () => Promise<boolean>,
  what: string,
  next: string,
): Promise<void> {
  for (let left = times; !(await isSo()); left--) {
    if (left === 0)
      throw new DeployFailure(`${what}: everything is deployed, but it does not work yet.\nNext: ${next}`);
    await pause(5_000);
  }
}

function smokeFailure(what: string): DeployFailure {
  return new DeployFailure(
    `${what}: everything is deployed, but it does not work.\nNext: read the app's failures in ` +
      'Application Insights, then run the same command again',
  );
}
