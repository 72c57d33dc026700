import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunningStack } from '../local/stack/running-stack.ts';
import { startRunningStack, stateFolder } from '../local/stack/running-stack.ts';
import type { TestImage } from '../shared/image.ts';
import { makeImage } from '../shared/image.ts';

export const names = ['local', 'local-2', 'local-3'] as const;

export interface RunningRegions {
  readonly stack: RunningStack;
  /** The state folder, where a file takes a region's storage down. */
  readonly state: string;
  readonly urls: readonly [string, string, string];
  /** The URLs of the same regions under the Functions host. */
  readonly functionsUrls: readonly [string, string, string];
  stop(): Promise<void>;
}

/** `npm start -- --regions 3`; without `lagMs` at the lag that the stack has by itself. */
export async function startRegions(lagMs?: number): Promise<RunningRegions> {
  const work = await stateFolder();
  const state = join(work.path, 'state');
  const stack = await startRunningStack(state, [
    '--regions',
    '3',
    ...(lagMs === undefined ? [] : ['--region-lag', String(lagMs)]),
  ]);
  const urls = urlsIn(stack.told(), 'regions');
  const functionsUrls = urlsIn(stack.told(), 'their Functions hosts');
  return {
    stack,
    state,
    urls,
    functionsUrls,
    async stop() {
      const code = await stack.stop();
      await work.remove();
      if (code !== 0) throw new Error(`the stack ended with ${String(code)}`);
    },
  };
}

/**
 * Sends a request, and again where a kept connection was closed before any of the answer came, as clients do: the server
 * had ended it for being idle in the moment of the request. All that is sent here may be sent twice.
 */
async function request(url: string, init?: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (error) {
    const { code, socket } = ((error as Error).cause ?? {}) as { code?: string; socket?: { bytesRead?: number } };
    if (code !== 'UND_ERR_SOCKET' || socket?.bytesRead !== 0) throw error;
    return fetch(url, init);
  }
}

/** As a line of what the stack tells has them: `what: local at URL, local-2 at URL, …`. */
function urlsIn(told: string, what: string): [string, string, string] {
  const [, line = ''] = new RegExp(`^${what}: (.*)$`, 'm').exec(told) ?? [];
  const [first, second, third] = names.map((name) =>
    line
      .split(', ')
      .find((each) => each.startsWith(`${name} at `))
      ?.slice(`${name} at `.length),
  );
  if (first === undefined || second === undefined || third === undefined)
    throw new Error(`not all regions in: ${told}`);
  return [first, second, third];
}

export async function manage(
  url: string,
  method: string,
  path: string,
  body?: object,
): Promise<Record<string, unknown>> {
  const answer = await request(`${url}/api/v1${path}`, {
    method,
    ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  const content = (await answer.json()) as Record<string, unknown>;
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(content)}`);
  return content;
}

export async function pushBlobTo(url: string, repository: string, bytes: Uint8Array): Promise<void> {
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  const pushed = await request(`${url}/v2/${repository}/blobs/uploads/?digest=${digest}`, {
    method: 'POST',
    body: Buffer.from(bytes),
  });
  if (pushed.status !== 201) throw new Error(`POST blob: ${pushed.status} ${await pushed.text()}`);
}

export async function putManifestTo(
  url: string,
  repository: string,
  reference: string,
  { bytes, mediaType }: Pick<TestImage, 'bytes' | 'mediaType'>,
): Promise<void> {
  const pushed = await request(`${url}/v2/${repository}/manifests/${reference}`, {
    method: 'PUT',
    body: Buffer.from(bytes),
    headers: { 'content-type': mediaType },
  });
  if (pushed.status !== 201) throw new Error(`PUT manifest: ${pushed.status} ${await pushed.text()}`);
}

export async function pushTo(url: string, repository: string, tag: string, seed: string): Promise<TestImage> {
  const image = makeImage(seed, 1);
  await Promise.all([image.config, ...image.layers].map((blob) => pushBlobTo(url, repository, blob)));
  await putManifestTo(url, repository, tag, image);
  return image;
}

/**
 * A whole pull, redirects and all. Gives the manifest's digest; throws when any of it is not there or has another
 * digest. `again` is told when a blob did not come: then the registry is asked for it once more, as docker and
 * containerd do.
 */
export async function pullFrom(
  url: string,
  repository: string,
  reference: string,
  again?: () => void,
): Promise<string> {
  const answer = await request(`${url}/v2/${repository}/manifests/${reference}`, { headers: { accept: '*/*' } });
  const bytes = Buffer.from(await answer.arrayBuffer());
  if (!answer.ok) throw new Error(`GET manifest ${reference}: ${answer.status} ${bytes.toString()}`);
  const { config, layers } = JSON.parse(bytes.toString()) as {
    config: { digest: string };
    layers: { digest: string }[];
  };
  await Promise.all(
    [config, ...layers].map(async ({ digest }) => {
      const ask = async () => {
        const blob = await request(`${url}/v2/${repository}/blobs/${digest}`);
        const content = Buffer.from(await blob.arrayBuffer());
        if (!blob.ok || `sha256:${createHash('sha256').update(content).digest('hex')}` !== digest)
          throw new Error(`GET blob ${digest}: ${blob.status}`);
      };
      await (again === undefined ? ask() : askAgain(again, ask));
    }),
  );
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/**
 * Docker's engine asks for a layer five times more, later and later; this one twice, a second apart. A body that breaks
 * is asked for again, too.
 */
async function askAgain(again: () => void, ask: () => Promise<void>): Promise<void> {
  for (let left = 2; ; left -= 1) {
    try {
      await ask();
      return;
    } catch (error) {
      if (left === 0) throw error;
      again();
      await sleep(1_000);
    }
  }
}

/** Returns the state of an image in each region. */
export async function statesOf(url: string, repository: string, tag: string): Promise<Record<string, string>> {
  const { regions } = (await manage(url, 'GET', `/replication/status?repository=${repository}&tag=${tag}`)) as {
    regions: { region: string; state: string }[];
  };
  return Object.fromEntries(regions.map(({ region, state }) => [region, state]));
}
