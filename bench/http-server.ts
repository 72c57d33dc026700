import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { composeForTest } from '../shared/compose-for-test.ts';
import { startNodeHost } from '../shared/http/node-host.ts';
import { digestOf } from '../shared/oci/digest.ts';

/** What `bench/http.ts` asks for, of either server. */
export interface BenchServer {
  readonly port: number;
  readonly byTag: string;
  readonly byDigest: string;
}

const repository = 'bench/app';
const config = Buffer.from(JSON.stringify({ architecture: 'amd64', os: 'linux' }));
const descriptor = { mediaType: 'application/vnd.oci.image.config.v1+json', digest: digestOf(config), size: config.length };
const mediaType = 'application/vnd.oci.image.manifest.v1+json';
// As large as the manifest of an image with ten layers.
const manifest = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, config: descriptor, layers: [], annotations: { filler: 'x'.repeat(1_500) } }));
const digest = digestOf(manifest);

/** The app over memory on the plain Node host, with its image pushed. */
async function longshore(): Promise<number> {
  const { app } = composeForTest();
  const host = await startNodeHost(app, { host: '127.0.0.1', port: 0 });
  const put = async (path: string, init: RequestInit) => {
    const answer = await fetch(`${host.url}${path}`, init);
    if (answer.status !== 201) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  };
  await put(`/v2/${repository}/blobs/uploads/?digest=${descriptor.digest}`, { method: 'POST', body: config });
  await put(`/v2/${repository}/manifests/v1`, { method: 'PUT', body: manifest, headers: { 'content-type': mediaType } });
  return Number(new URL(host.url).port);
}

/** The ceiling: `node:http` that answers the same bytes whatever is asked. */
async function bare(): Promise<number> {
  const headers = { 'content-type': mediaType, 'content-length': String(manifest.length), 'docker-content-digest': digest, etag: `"${digest}"` };
  const server = createServer((_, response) => response.writeHead(200, headers).end(manifest));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

const port = await (process.argv[2] === 'bare' ? bare() : longshore());
const server: BenchServer = { port, byTag: `/v2/${repository}/manifests/v1`, byDigest: `/v2/${repository}/manifests/${digest}` };
process.send?.(server);
// Whoever asks is told what this process has used, in microseconds: on a busy machine that says more than a rate.
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send?.(user + system);
});
