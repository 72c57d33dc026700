import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AzureDocuments } from '../../../../shared/adapters/azure/documents.ts';
import { azureDocuments } from '../../../../shared/adapters/azure/documents.ts';
import { createMemoryWorld } from '../../../../shared/adapters/memory/world.ts';
import { composeForTest } from '../../../../shared/app/compose-for-test.ts';
import type { RegistryName } from '../../../../shared/core/oci/name.ts';
import { database, startDocuments } from '../../../contracts/cosmos.ts';
import { ask, makeImage, pushImage } from '../../image.ts';
import { runDue } from '../../run-due.ts';
import { askJson } from '../acr/asking.ts';
import { binOf, day, everythingOf, makeIndex, naming, post, push, statusOf } from './binned.ts';

const repository = 'team/app';

describe('on Cosmos DB, whose queries need an index,', () => {
  let emulator: Awaited<ReturnType<typeof startDocuments>>;
  let documents: AzureDocuments;
  beforeAll(async () => {
    emulator = await startDocuments({ strict: true });
    documents = azureDocuments({ endpoint: emulator.endpoint, key: emulator.key, database });
  });
  afterAll(async () => {
    documents.dispose();
    await emulator.stop();
  });

  it('a deletion is listed, restored, purged and collected as in memory', async () => {
    let now = Date.parse('2026-01-01T00:00:00Z');
    const clock = { now: () => new Date(now) };
    const longshore = composeForTest({
      world: createMemoryWorld({ clock }),
      adapters: { documents, clock },
      settings: { registryName: 'bin' as RegistryName },
    });
    const { app, world } = longshore;
    const child = makeImage('child', 2);
    const index = makeIndex([child]);
    const signature = makeImage('signature', 1, naming(index));
    await pushImage(app, repository, child.digest, child);
    await push(app, repository, 'v1', index);
    await pushImage(app, repository, signature.digest, signature);
    const before = await everythingOf(app, repository);
    for (const round of ['restored', 'purged'] as const) {
      now += 1000;
      expect(await statusOf(app, `/v2/${repository}/manifests/${index.digest}`, 'DELETE')).toBe(202);
      // The answer waits a quarter of a second at most for what goes along.
      const kinds = async () => (await binOf(app, `&repository=${repository}`)).map(({ kind }) => kind).toSorted();
      await expect.poll(kinds, { timeout: 30_000 }).toEqual(['manifest', 'manifest', 'manifest', 'tag']);
      const entries = await binOf(app, `&repository=${repository}`);
      expect((await binOf(app)).map(({ digest }) => digest).toSorted()).toEqual(
        entries.map(({ digest }) => digest).toSorted(),
      );
      expect((await askJson(app, 'GET', '/acr/v1/_deleted/_catalog')).body.repositories).toEqual([repository]);
      expect((await askJson(app, 'GET', `/acr/v1/_deleted/${repository}/_manifests`)).body.manifests).toHaveLength(3);
      expect((await askJson(app, 'GET', `/acr/v1/_deleted/${repository}/_tags`)).body.tags).toHaveLength(1);
      if (round === 'purged') continue;
      expect((await post(app, '/api/v1/bin/restore', { repository, group: entries[0]?.group })).status).toBe(200);
      expect(await everythingOf(app, repository)).toEqual(before);
    }
    for (const wait of [14 * day, day, day]) {
      now += wait + 1;
      await runDue(longshore);
    }
    expect(await binOf(app)).toEqual([]);
    expect(world.region().blobs.names()).toEqual([]);
    expect((await ask(app, 'GET', `/v2/${repository}/manifests/v1`)).status).toBe(404);
  }, 120_000);
});
