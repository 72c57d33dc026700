import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { azureDocuments } from '../../../../shared/adapters/azure/documents.ts';
import { connectMemory } from '../../../../shared/adapters/memory/connect.ts';
import { createMemoryWorld } from '../../../../shared/adapters/memory/world.ts';
import { composeForTest } from '../../../../shared/app/compose-for-test.ts';
import { tagId, timeKey } from '../../../../shared/core/documents/manifest.ts';
import type { Documents } from '../../../../shared/core/ports/documents.ts';
import { database, startDocuments } from '../../../contracts/cosmos.ts';
import { sized } from '../../../deep.ts';
import { day } from '../recycle-bin/binned.ts';
import { blobChanges, fill, manifest, metered } from '../recycle-bin/stored.ts';
import { approve, currentPlan, planOf, putPolicy, start } from './policed.ts';

const due = 100;
/** 100,000 takes minutes, and costs the same. */
const many = sized(500, 10_000);
const few = sized(50, 1_000);

/** Images with a tag each that are old by the time of the run; the rest, which has no tag, is pushed just before it. */
async function fillDue(documents: Documents): Promise<void> {
  for (let n = 0; n < due; n += 1) {
    const image = manifest(`due ${n}`);
    const updatedAt = image.updatedAt;
    const tag = {
      id: tagId(`t${n}`),
      type: 'tag',
      schemaVersion: 1,
      registry: image.registry,
      repository: image.repository,
      name: `t${n}`,
      digest: image.digest,
      attributes: image.attributes,
      createdAt: updatedAt,
      updatedAt,
      byTime: timeKey('tag', updatedAt, `t${n}`),
    };
    await documents.commitDocuments(
      'repositories',
      ['default', 'team/app'],
      [
        { do: 'upsert', document: { ...image } },
        { do: 'upsert', document: tag },
      ],
    );
    for (const { digest } of image.references) await documents.commitDocuments('blobs', [digest], blobChanges(digest));
  }
}

/**
 * Measures a run of the schedule that plans and recycles what is due, beside `rest` other manifests of the same
 * repository.
 */
async function costBeside(
  rest: number,
  charges: { units: number },
): Promise<{ run: number; push: number; gone: number }> {
  const emulator = await startDocuments();
  const documents = azureDocuments({ endpoint: emulator.endpoint, key: emulator.key, database });
  let now = start + day;
  const world = createMemoryWorld({ clock: { now: () => new Date(now) } });
  const longshore = composeForTest({ world, adapters: { ...connectMemory(world), documents } });
  const entry = {
    id: 'repository:team:app',
    type: 'repository',
    schemaVersion: 1,
    registry: 'default',
    repository: 'team/app',
    state: 'live',
    generation: 'g',
    announced: true,
    attributes: manifest('').attributes,
    createdAt: manifest('').createdAt,
    updatedAt: manifest('').updatedAt,
  };
  await documents.commitDocuments('registries', ['default'], [{ do: 'create', document: entry }]);
  await putPolicy(longshore.app, { brakePercent: 100, remove: [{ name: 'old', olderThanDays: 10, tags: ['t*'] }] });
  await fillDue(documents);
  await approve(longshore.app, await planOf(longshore.app));
  await fill(documents, rest);
  const before = charges.units;
  const { digest, mediaType } = manifest('due 0');
  await longshore.events['purge-touched'](pushOf(digest, mediaType));
  const push = charges.units - before;
  now += 20 * day;
  await longshore.timers['purge-mark']();
  const run = charges.units - before - push;
  const { outcome } = await currentPlan(longshore.app);
  documents.dispose();
  await emulator.stop();
  return { run, push, gone: outcome.manifests };
}

function pushOf(digest: string, mediaType: string) {
  const target = { mediaType, size: 1, digest, length: 1, repository: 'team/app', tag: 't0' };
  const data = {
    id: 'x',
    timestamp: new Date(start).toISOString(),
    action: 'push',
    target,
    request: { id: 'x', host: 'h', method: 'PUT', useragent: 'u' },
    actor: { name: 'a' },
  };
  return {
    specversion: '1.0',
    id: 'x',
    source: '/longshore',
    type: 'Microsoft.ContainerRegistry.ImagePushed',
    subject: 'team/app:t0',
    time: data.timestamp,
    data,
  };
}

describe('a run of a policy', () => {
  let meter: ReturnType<typeof metered>;
  beforeAll(() => {
    meter = metered();
  });
  afterAll(() => meter.stop());

  it('costs what is due, and a push what it touches, however much else there is', async () => {
    const beside = await costBeside(many, meter.meter);
    const alone = await costBeside(few, meter.meter);
    expect([alone.gone, beside.gone]).toEqual([due, due]);
    expect(alone.run).toBeGreaterThan(1_000);
    expect(beside.run / alone.run).toBeLessThanOrEqual(1.05);
    expect(beside.push / alone.push).toBeLessThanOrEqual(1.05);
    console.info(
      `planning and recycling ${due}: ${alone.run.toFixed(0)} RU beside ${few} others, ${beside.run.toFixed(0)} RU ` +
        `beside ${many}; marking a push: ${alone.push.toFixed(0)} and ${beside.push.toFixed(0)} RU`,
    );
  }, 600_000);
});
