import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { azureDocuments } from '../../../../shared/adapters/azure/documents.ts';
import { connectMemory } from '../../../../shared/adapters/memory/connect.ts';
import { createMemoryWorld } from '../../../../shared/adapters/memory/world.ts';
import { composeForTest } from '../../../../shared/app/compose-for-test.ts';
import { binManifest } from '../../../../shared/core/documents/bin.ts';
import type { Documents } from '../../../../shared/core/ports/documents.ts';
import { database, startDocuments } from '../../../contracts/cosmos.ts';
import { sized } from '../../../deep.ts';
import { runDue } from '../../run-due.ts';
import { day } from './binned.ts';
import { blobChanges, fill, manifest, metered, start } from './stored.ts';

const due = 100;
/** 100,000 takes a minute. */
const many = sized(500, 100_000);
const few = sized(50, 1_000);

/** Manifests in the bin, and the links and blobs that they need. */
async function fillBin(documents: Documents, dueAt: string): Promise<void> {
  for (let n = 0; n < due; n += 1) {
    const document = manifest(`due ${n}`);
    const [, binned] = binManifest(
      { document, etag: '' },
      { group: `g${n}`, recycledAt: start, dueAt, by: { actor: 'somebody' } },
      true,
    );
    if (binned !== undefined) await documents.commitDocuments('repositories', ['default', 'team/app'], [binned]);
    for (const { digest } of document.references)
      await documents.commitDocuments('blobs', [digest], blobChanges(digest));
  }
}

/**
 * Measures what it costs to purge what is due, to drop its links, and to collect its blobs, beside `rest` other
 * manifests.
 */
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
    const { done } = await runDue(longshore);
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
    const beside = await costBeside(many, meter.meter);
    const alone = await costBeside(few, meter.meter);
    expect([alone.collected, beside.collected]).toEqual([2 * due, 2 * due]);
    expect(alone.units).toBeGreaterThan(1_000);
    expect(beside.units / alone.units).toBeLessThanOrEqual(1.05);
    console.info(
      `purging ${due} manifests: ${alone.units.toFixed(0)} RU beside ${few} others, ${beside.units.toFixed(0)} RU beside ${many}`,
    );
  }, 240_000);
});
