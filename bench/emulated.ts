import { randomBytes, randomUUID } from 'node:crypto';
import { azureDocuments } from '../shared/adapters/azure/documents.ts';
import { tagRef } from '../shared/core/documents/manifest.ts';
import { digestOf } from '../shared/core/oci/digest.ts';
import type { RegistryName, RepositoryName } from '../shared/core/oci/name.ts';
import { remoteApp } from '../test/conformance/registry.ts';
import { ask, location, makeImage, pushImage, putManifest, withDigest } from '../test/shared/image.ts';
import type { Figure, Side } from './compare.ts';
import { interleave, rateOf, ratio, scaled, told } from './compare.ts';
import { startEmulators } from './emulators.ts';
import type { Asked } from './http-load.ts';
import { connections, requestsPerSecond } from './http-load.ts';
import { anotherOf } from './images.ts';
import { start } from './server-process.ts';

const roundMs = 1_000;
const inFlight = connections;
const layerBytes = 10 * 1024 * 1024;
const layersEach = 2;
const repository = 'bench/app' as RepositoryName;
const key = { registry: 'default' as RegistryName, repository };

/**
 * Measures the whole app, with its log, over the emulators: pulls against the reads that they consist of, and pushes
 * end to end.
 */
export async function benchEmulated(): Promise<Figure[]> {
  const emulators = await startEmulators();
  const documents = azureDocuments(emulators.endpoints.cosmos);
  const longshore = await start('emulators', JSON.stringify(emulators.settings));
  try {
    const url = `http://127.0.0.1:${longshore.server.port}`;
    const reads: Side = {
      name: 'point reads of the emulator by the SDK',
      unit: '/s',
      measure: () => rateOf(inFlight, roundMs, (n) => documents.readDocument(tagRef(key, `v1-${n % connections}`))),
    };
    const pulls = (name: string, path: Asked['path']): Side => ({
      name,
      unit: '/s',
      measure: () => requestsPerSecond(longshore.server.port, { path, status: 200 }, roundMs),
    });
    await tagEach(url, longshore.server.byTag);
    // Pulls of one tag at the same time share reads; each connection has its own, so that nothing is shared.
    const byTags = pulls('manifests down, by tag', (connection) => `${longshore.server.byTag}-${connection}`);
    const byOneTag = pulls('manifests down, all by one tag', longshore.server.byTag);
    const measured = await interleave([
      reads,
      byTags,
      byOneTag,
      pulls('manifests down, by digest', longshore.server.byDigest),
      await manifestsUp(url),
      layersUp(url),
    ]);
    const readsEach = await readsPerPull(url, byTags);
    const [readRate, byTagRate] = measured;
    const counted = [
      { name: 'reads per pull by tag', value: readsEach.toFixed(3) },
      { name: 'reads per pull, all by one tag', value: (await readsPerPull(url, byOneTag)).toFixed(3) },
    ];
    return [
      ...measured.map(told),
      ...counted,
      ratio(byTagRate, readRate && scaled(readRate, 1 / readsEach), 'pulls by tag / (point reads / reads per pull)'),
    ];
  } finally {
    longshore.stop();
    documents.dispose();
    await emulators.stop();
  }
}

/** Pushes the same manifest under one tag for each connection. */
async function tagEach(url: string, byTag: string): Promise<void> {
  const manifest = await fetch(`${url}${byTag}`);
  const image = {
    bytes: new Uint8Array(await manifest.arrayBuffer()),
    mediaType: manifest.headers.get('content-type') ?? '',
  };
  for (let n = 0; n < connections; n++) await putManifest(remoteApp(url), repository, `v1-${n}`, image);
}

/** Pushes different manifests under different tags, of blobs that exist. */
async function manifestsUp(url: string): Promise<Side> {
  const app = remoteApp(url);
  const image = makeImage('up', 2);
  await pushImage(app, repository, 'up', image);
  const push = async () => {
    const { status } = await putManifest(app, repository, `up-${randomUUID()}`, anotherOf(image));
    if (status !== 201) throw new Error(`PUT manifest ${status}`);
  };
  return { name: 'manifests up', unit: '/s', measure: () => rateOf(inFlight, roundMs, push) };
}

/** Pushes layers two at a time, each by POST and one PUT; their bytes and digests are made before the clock starts. */
function layersUp(url: string): Side {
  const app = remoteApp(url);
  const upload = async ({ bytes, digest }: { readonly bytes: Uint8Array; readonly digest: string }) => {
    const started = await ask(app, 'POST', `/v2/${repository}/blobs/uploads/`);
    const { status } = await ask(app, 'PUT', withDigest(location(started), digest), { body: bytes });
    if (status !== 201) throw new Error(`PUT blob ${status}`);
  };
  const measure = async () => {
    const layers = Array.from({ length: layersEach }, () => randomBytes(layerBytes)).map((bytes) => ({
      bytes,
      digest: digestOf(bytes),
    }));
    const started = performance.now();
    const one = async () => {
      for (let layer = layers.pop(); layer !== undefined; layer = layers.pop()) await upload(layer);
    };
    await Promise.all([one(), one()]);
    return (layersEach * layerBytes * 1000) / 1024 ** 2 / (performance.now() - started);
  };
  return { name: `layers of ${layerBytes / 1024 ** 2} MiB up`, unit: ' MiB/s', measure };
}

/** Returns the reads of a pull, both as the app itself counts them. */
async function readsPerPull(url: string, pulls: Side): Promise<number> {
  const counted = async () => {
    const metrics = await (await fetch(`${url}/metrics`)).text();
    return {
      reads: sumOf(metrics, /^longshore_store_calls_total\{call="documents\.read".*\} (\d+)$/gm),
      pulls: sumOf(metrics, /^longshore_requests_total\{route="manifest",method="GET".*\} (\d+)$/gm),
    };
  };
  const before = await counted();
  await pulls.measure();
  const after = await counted();
  return (after.reads - before.reads) / (after.pulls - before.pulls);
}

function sumOf(metrics: string, series: RegExp): number {
  return [...metrics.matchAll(series)].reduce((sum, [, value]) => sum + Number(value), 0);
}
