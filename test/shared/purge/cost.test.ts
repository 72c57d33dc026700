import diagnostics from 'node:diagnostics_channel';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { azureDocuments } from '../../../shared/adapters/azure/documents.ts';
import { connectMemory } from '../../../shared/adapters/memory/connect.ts';
import { createMemoryWorld } from '../../../shared/adapters/memory/world.ts';
import { composeForTest } from '../../../shared/compose-for-test.ts';
import type { Digest } from '../../../shared/oci/digest.ts';
import { digestOf } from '../../../shared/oci/digest.ts';
import type { RegistryName, RepositoryName } from '../../../shared/oci/name.ts';
import { mediaTypes } from '../../../shared/oci/media-types.ts';
import type { Documents } from '../../../shared/ports/documents.ts';
import { everythingEnabled } from '../../../shared/state/attributes.ts';
import { binManifest } from '../../../shared/state/bin.ts';
import { manifestId, timeKey } from '../../../shared/state/manifest.ts';
import type { ManifestDocument } from '../../../shared/state/manifest.ts';
import { database, startDocuments } from '../../contracts/cosmos.ts';
import { day } from './binned.ts';

const start = '2026-01-01T00:00:00.000Z';
const due = 100;
/** 100,000 takes a minute, and costs the same to the unit. */
const many = Number(process.env.PURGE_BESIDE ?? 10_000);
const inRepository = { registry: 'default' as RegistryName, repository: 'team/app' as RepositoryName };

function manifest(n: string): ManifestDocument {
  const digest = digestOf(Buffer.from(`manifest ${n}`));
  const layers = ['config', 'layer'].map((role) => ({ role: role as 'config' | 'layer', digest: digestOf(Buffer.from(`${role} ${n}`)), size: 10, mediaType: 'application/octet-stream' }));
  const content = { text: 'x'.repeat(100) };
  const times = { createdAt: start, updatedAt: start, byTime: timeKey('manifest', start, digest) };
  return { id: manifestId(digest), type: 'manifest', schemaVersion: 1, ...inRepository, digest, mediaType: mediaTypes.ociManifest, size: 100, content, references: layers, attributes: everythingEnabled, ...times };
}

async function fill(documents: Documents, count: number): Promise<void> {
  for (let from = 0; from < count; from += 1000) {
    const batch = (at: number) => Array.from({ length: 100 }, (_, n) => ({ do: 'upsert', document: { ...manifest(`rest ${from + at * 100 + n}`) } }) as const);
    await Promise.all(Array.from({ length: 10 }, (_, at) => documents.commitDocuments('repositories', ['default', 'team/app'], batch(at))));
  }
}

/** Manifests in the bin, and the links and blobs that they need. */
async function fillBin(documents: Documents, dueAt: string): Promise<void> {
  for (let n = 0; n < due; n += 1) {
    const document = manifest(`due ${n}`);
    const [, binned] = binManifest({ document, etag: '' }, { group: `g${n}`, recycledAt: start, dueAt, by: { actor: 'somebody' } }, true);
    if (binned !== undefined) await documents.commitDocuments('repositories', ['default', 'team/app'], [binned]);
    for (const { digest } of document.references) await documents.commitDocuments('blobs', [digest], blobChanges(digest));
  }
}

function blobChanges(digest: Digest) {
  const name = `blobs/${digest.slice(7, 20)}`;
  const common = { schemaVersion: 1, digest, size: 10 };
  const blob = { ...common, id: 'blob', type: 'blob', copies: { home: { name, storedAt: start } }, storedAt: start };
  const link = { ...common, ...inRepository, id: 'link:default:team:app', type: 'link', name, region: 'home', refreshedAt: start };
  return [blob, link].map((document) => ({ do: 'create', document }) as const);
}

/** Sums what the service says that its answers cost, in RU. */
function metered() {
  const meter = { units: 0 };
  const listen = (message: unknown) => {
    const { response } = message as { request: ClientRequest; response: IncomingMessage };
    meter.units += Number(response.headers['x-ms-request-charge'] ?? 0);
  };
  diagnostics.subscribe('http.client.response.finish', listen);
  return { meter, stop: () => diagnostics.unsubscribe('http.client.response.finish', listen) };
}

/** What it costs to purge what is due, to drop its links, and to collect its blobs, beside `rest` other manifests. */
async function costBeside(rest: number, charges: { units: number }): Promise<{ units: number; collected: number }> {
  const emulator = await startDocuments();
  const documents = azureDocuments({ endpoint: emulator.endpoint, key: emulator.key, database });
  let now = Date.parse(start) + 15 * day;
  const clock = { now: () => new Date(now) };
  const world = createMemoryWorld({ clock });
  const longshore = composeForTest({ world, adapters: { ...connectMemory(world), documents } });
  await fill(documents, rest);
  await fillBin(documents, new Date(now).toISOString());
  const before = charges.units;
  let collected = 0;
  for (let step = 0; step < 3; step += 1) {
    const { done } = await longshore.runDue();
    collected += done['blob-check'] ?? 0;
    now += day + 1;
  }
  documents.dispose();
  await emulator.stop();
  return { units: charges.units - before, collected };
}

describe('what is due', () => {
  let meter: ReturnType<typeof metered>;
  beforeAll(() => {
    meter = metered();
  });
  afterAll(() => meter.stop());

  it('costs the same to purge and to collect, however much else there is', async () => {
    const few = await costBeside(1_000, meter.meter);
    const beside = await costBeside(many, meter.meter);
    expect([few.collected, beside.collected]).toEqual([2 * due, 2 * due]);
    expect(few.units).toBeGreaterThan(1_000);
    expect(beside.units / few.units).toBeLessThanOrEqual(1.05);
    console.info(`purging ${due} manifests: ${few.units.toFixed(0)} RU beside 1,000 others, ${beside.units.toFixed(0)} RU beside ${many}`);
  }, 240_000);
});
