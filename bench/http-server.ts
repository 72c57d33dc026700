import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startNodeHost } from '../host/node-host.ts';
import { azureBlobs } from '../shared/adapters/azure/blobs.ts';
import { compose } from '../shared/app/compose.ts';
import { composeForTest } from '../shared/app/compose-for-test.ts';
import { parseConfig } from '../shared/app/config/config.ts';
import { Metrics } from '../shared/core/telemetry/metrics.ts';
import { PullCounter } from '../shared/features/usage/pull-counter.ts';
import { asAdmin, bearer, composeRequired } from '../test/shared/features/identity/required.ts';
import { config, descriptor, digest, manifest, mediaType } from './pulled-image.ts';

/** A server that `bench/http.ts` measures. */
export interface BenchServer {
  readonly port: number;
  readonly byTag: string;
  readonly byDigest: string;
  readonly blob: string;
  /** The credentials, if it needs some. */
  readonly authorization: string | undefined;
}

/**
 * `required`: as `longshore`, with an access token. `uncounted`: as `longshore`, without counting. `azurite`: with its
 * blobs in Azurite, whose connection string follows. `emulators`: the app as it is deployed, whose environment follows
 * as JSON.
 */
export type ServerKind = 'longshore' | 'required' | 'uncounted' | 'azurite' | 'emulators' | 'bare';

const repository = 'bench/app';

interface Started {
  readonly port: number;
  readonly authorization: string | undefined;
}

function composed(kind: ServerKind) {
  if (kind === 'required') return composeRequired();
  if (kind === 'emulators') return compose(parseConfig(JSON.parse(process.argv[3] ?? '{}') as Record<string, string>));
  if (kind === 'uncounted') countNothing();
  const adapters =
    kind === 'azurite' ? { blobs: azureBlobs({ connectionString: process.argv[3] ?? '', container: 'registry' }) } : {};
  return composeForTest({ adapters });
}

/** Switches counting off. The app has no setting for this: a registry that nobody can monitor is useless. */
function countNothing(): void {
  for (const count of ['countRequest', 'countCall', 'countBytes', 'countPublished'] as const)
    Metrics.prototype[count] = () => undefined;
  PullCounter.prototype.countPull = () => undefined;
}

/** Gets a token, which is valid for the host that issued it, so that must be the host that the load names. */
async function credentials(kind: ServerKind, url: string): Promise<{ readonly authorization?: string | undefined }> {
  if (kind !== 'required') return {};
  const answer = await fetch(
    `${url}/oauth2/token?service=${new URL(url).host}&scope=repository:${repository}:pull,push`,
    { headers: asAdmin },
  );
  const { access_token } = (await answer.json()) as { access_token: string };
  return { authorization: bearer(access_token).authorization };
}

/**
 * Starts the app on the plain Node host, with its image pushed; over memory, except for the blobs if the kind says so.
 */
async function longshore(kind: ServerKind): Promise<Started> {
  const { app } = composed(kind);
  const host = await startNodeHost(app, { host: '127.0.0.1', port: 0 });
  const given = await credentials(kind, host.url);
  const put = async (
    path: string,
    init: { method: string; body: string | Uint8Array<ArrayBuffer>; headers?: Record<string, string> },
  ) => {
    const answer = await fetch(`${host.url}${path}`, { ...init, headers: { ...init.headers, ...given } });
    if (answer.status !== 201) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  };
  await put(`/v2/${repository}/blobs/uploads/?digest=${descriptor.digest}`, { method: 'POST', body: config });
  await put(`/v2/${repository}/manifests/v1`, {
    method: 'PUT',
    body: manifest,
    headers: { 'content-type': mediaType },
  });
  return { port: Number(new URL(host.url).port), authorization: given.authorization };
}

/** Starts the upper bound: a `node:http` server that answers every request with the same bytes. */
async function bare(): Promise<Started> {
  const headers = {
    'content-type': mediaType,
    'content-length': String(manifest.length),
    'docker-content-digest': digest,
    etag: `"${digest}"`,
  };
  const server = createServer((_, response) => response.writeHead(200, headers).end(manifest));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as AddressInfo).port, authorization: undefined };
}

const kind = process.argv[2] as ServerKind;
const started = await (kind === 'bare' ? bare() : longshore(kind));
const server: BenchServer = {
  ...started,
  byTag: `/v2/${repository}/manifests/v1`,
  byDigest: `/v2/${repository}/manifests/${digest}`,
  blob: `/v2/${repository}/blobs/${descriptor.digest}`,
};
process.send?.(server);
// Each message is answered with the processor time of this process in microseconds: on a busy machine that says more
// than a rate.
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send?.(user + system);
});
