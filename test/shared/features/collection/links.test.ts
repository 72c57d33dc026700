import { describe, expect, it } from 'vitest';
import { CallPlan } from '../../../../shared/adapters/memory/calls.ts';
import { connectMemory } from '../../../../shared/adapters/memory/connect.ts';
import { composeForTest } from '../../../../shared/app/compose-for-test.ts';
import type { BlobCheck } from '../../../../shared/core/documents/blob.ts';
import { blobCheckSchema, linkCheckId } from '../../../../shared/core/documents/blob.ts';
import { isNeeded, listerOf } from '../../../../shared/core/documents/listers.ts';
import type { Stored } from '../../../../shared/core/documents/stored.ts';
import { readStored } from '../../../../shared/core/documents/stored.ts';
import type { Digest } from '../../../../shared/core/oci/digest.ts';
import { digestOf as digestIn } from '../../../../shared/core/oci/digest.ts';
import type { RegistryName, RepositoryName } from '../../../../shared/core/oci/name.ts';
import { checkBlob } from '../../../../shared/features/collection/collect.ts';
import { leftoverAge } from '../../../../shared/features/collection/leftovers.ts';
import type { CollectionPorts } from '../../../../shared/features/collection/ports.ts';
import { keeperOf } from '../../../../shared/features/recycle-bin/kept.ts';
import { ask, location, makeImage, pushBlob, pushImage, putManifest } from '../../image.ts';
import { runDue } from '../../run-due.ts';
import type { Timed } from '../recycle-bin/binned.ts';
import { day, hour, makeIndex, push, statusOf, timedLongshore } from '../recycle-bin/binned.ts';

const repository = 'team/app';
const bytes = Buffer.from('bytes that somebody may need');

async function graces({ passTime, runDue }: Timed, count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) {
    passTime(day + 1);
    await runDue();
  }
}

describe('a link that no manifest needs', () => {
  it('is dropped a grace after the upload, and the bytes a grace later', async () => {
    const longshore = timedLongshore();
    const digest = await pushBlob(longshore.app, repository, bytes);
    longshore.passTime(day - 1);
    await runDue(longshore);
    expect(await statusOf(longshore.app, `/v2/${repository}/blobs/${digest}`, 'GET')).toBe(307);
    longshore.passTime(1);
    await runDue(longshore);
    expect(await statusOf(longshore.app, `/v2/${repository}/blobs/${digest}`, 'GET')).toBe(404);
    expect(longshore.world.region().blobs.names()).toHaveLength(1);
    await graces(longshore, 1);
    expect(longshore.world.region().blobs.names()).toEqual([]);
    expect(await pushBlob(longshore.app, repository, bytes)).toBe(digest);
  });

  it('is spared by HEAD, which writes at most once in a quarter of the grace', async () => {
    const longshore = timedLongshore();
    const { app, memory, passTime, runDue } = longshore;
    const digest = await pushBlob(app, repository, bytes);
    for (let quarter = 0; quarter < 8; quarter += 1) {
      passTime(6 * hour + 1);
      memory.calls.resetCounts();
      for (let n = 0; n < 3; n += 1) expect(await statusOf(app, `/v2/${repository}/blobs/${digest}`, 'HEAD')).toBe(200);
      expect(memory.calls.count('documents.commit')).toBe(1);
      await runDue();
    }
    expect(await statusOf(app, `/v2/${repository}/blobs/${digest}`, 'HEAD')).toBe(200);
  });

  it('gives its bytes to whoever mounts them in the last moment', async () => {
    const longshore = timedLongshore();
    const { app, passTime } = longshore;
    const digest = await pushBlob(app, repository, bytes);
    passTime(day);
    expect(await statusOf(app, `/v2/team/other/blobs/uploads/?mount=${digest}&from=${repository}`, 'POST')).toBe(201);
    await graces(longshore, 0);
    await runDue(longshore);
    expect(await statusOf(app, `/v2/${repository}/blobs/${digest}`)).toBe(404);
    expect(await statusOf(app, `/v2/team/other/blobs/${digest}`)).toBe(307);
    await graces(longshore, 2);
    expect(longshore.world.region().blobs.names()).toEqual([]);
  });
});

describe('a link that a manifest needs', () => {
  it('outlives every grace, and its check is gone', async () => {
    const longshore = timedLongshore();
    const image = makeImage('kept', 2);
    await pushImage(longshore.app, repository, 'v1', image);
    await graces(longshore, 5);
    longshore.memory.calls.resetCounts();
    await graces(longshore, 1);
    expect(longshore.memory.calls.list).toEqual(['documents.query', 'documents.query', 'documents.query']);
    expect(longshore.world.region().blobs.names()).toHaveLength(3);
  });

  it('is looked at again by a push that took longer than half a grace', async () => {
    const longshore = timedLongshore();
    const image = makeImage('slow', 1);
    for (const blob of [image.config, ...image.layers]) await pushBlob(longshore.app, repository, blob);
    let reads = 0;
    const calls = new CallPlan().delay(async (call) => {
      reads += call.name === 'documents.read' ? 1 : 0;
      // After the links were read: the links are dropped before the manifest is there.
      if (call.name === 'blobs.read' || reads !== 4) return;
      reads += 1;
      await graces(longshore, 1);
    });
    const pushed = await putManifest(
      composeForTest({ world: longshore.world, connection: { calls } }).app,
      repository,
      'v1',
      image,
    );
    expect(pushed.status).toBe(404);
    expect(((await pushed.json()) as { errors: { code: string }[] }).errors[0]?.code).toBe('MANIFEST_BLOB_UNKNOWN');
  });
});

describe('the first page of a query', () => {
  /** Every first page is empty and has a continuation, as Cosmos DB may answer. */
  const behind = (longshore: Timed) =>
    composeForTest({ world: longshore.world, connection: { chance: { seed: 1, emptyPages: 1 } } });

  it('that is empty hides no link of a blob, no manifest that lists another, no tag and no need of a blob', async () => {
    const longshore = timedLongshore();
    const documents = connectMemory(longshore.world, { chance: { seed: 1, emptyPages: 1 } }).documents;
    const [image, signature] = [makeImage('child', 1), makeImage('signature', 0)];
    await pushImage(longshore.app, repository, 'v1', image);
    const digest = digestIn(image.layers[0] as Buffer);
    const key = { registry: 'default' as RegistryName, repository: repository as RepositoryName };
    const first = await documents.queryDocuments({
      container: 'blobs',
      partition: [digest],
      where: [{ path: 'type', is: '=', value: 'link' }],
      limit: 1,
    });
    expect([first.documents, first.continuation]).toEqual([[], expect.any(String)]);
    expect(await isNeeded({ documents }, key, digest)).toBe(true);
    expect(await listerOf({ documents }, key, digest)).toEqual({ digest: image.digest, where: 'live' });
    expect(await keeperOf({ documents }, key, { digest: image.digest as Digest })).toBe('tag');
    expect(await keeperOf({ documents }, key, { digest: signature.digest as Digest })).toBeUndefined();
    await push(longshore.app, repository, 'index', makeIndex([image]));
    expect(await keeperOf({ documents }, key, { digest: image.digest as Digest })).toBe('index');
  });

  it('that is empty has the collector take no blob that is linked', async () => {
    const longshore = timedLongshore();
    const digest = digestIn(bytes);
    const documents = connectMemory(longshore.world, { chance: { seed: 1, emptyPages: 1 } }).documents;
    await pushBlob(longshore.app, repository, bytes);
    const check: BlobCheck = {
      id: 'blob-check',
      type: 'blob-check',
      schemaVersion: 1,
      digest,
      dueAt: longshore.world.clock.now().toISOString(),
    };
    await documents.commitDocuments('blobs', [digest], [{ do: 'upsert', document: { ...check } }]);
    const found = await readStored(documents, blobCheckSchema, {
      container: 'blobs',
      partition: [digest],
      id: check.id,
    });
    const ports = { documents, clock: longshore.world.clock } as CollectionPorts;
    expect(await checkBlob(ports, found as Stored<BlobCheck>)).toBe('linked');
    expect(await statusOf(behind(longshore).app, `/v2/${repository}/blobs/${digest}`, 'GET')).toBe(307);
  });
});

describe('a push that looked at a link when it was nearly a quarter of the grace old', () => {
  it('has its blobs when it commits nearly half a grace later, though their checks were due in between', async () => {
    const longshore = timedLongshore();
    const { app, world, passTime, runDue } = longshore;
    const image = makeImage('late', 1);
    for (const blob of [image.config, ...image.layers]) await pushBlob(app, repository, blob);
    passTime(day / 4 - 1000);
    let isWaited = false;
    const calls = new CallPlan().delay(async ({ name, input }) => {
      if (isWaited || name !== 'documents.commit' || !JSON.stringify(input).includes('"manifest:')) return;
      isWaited = true;
      passTime(day / 2 - 1000);
      // The collector looks at everything, as when these checks are due by an earlier clock.
      await markDue(
        world,
        [image.config, ...image.layers].map((blob) => digestIn(blob)),
      );
      await runDue();
    });
    const pushed = await putManifest(composeForTest({ world, connection: { calls } }).app, repository, 'v1', image);
    expect([isWaited, pushed.status]).toEqual([true, 201]);
    for (const blob of [image.config, ...image.layers])
      expect(await statusOf(app, `/v2/${repository}/blobs/${digestIn(blob)}`, 'GET')).toBe(307);
    await graces(longshore, 3);
    for (const blob of [image.config, ...image.layers])
      expect(await statusOf(app, `/v2/${repository}/blobs/${digestIn(blob)}`, 'GET')).toBe(307);
  });
});

describe('what a crash leaves in Blob Storage', () => {
  const week = leftoverAge + 1;

  it('is deleted a week later when no document names it', async () => {
    const longshore = timedLongshore();
    const { app, world, passTime } = longshore;
    const image = makeImage('registered', 1);
    await pushImage(app, repository, 'v1', image);
    const crashing = composeForTest({ world, connection: { calls: new CallPlan().failOn('documents.commit') } });
    await ask(crashing.app, 'POST', `/v2/${repository}/blobs/uploads/?digest=${await digestOf(bytes)}`, {
      body: bytes,
    });
    const cancelled = await ask(app, 'POST', `/v2/${repository}/blobs/uploads/`);
    await ask(app, 'DELETE', location(cancelled));
    expect(world.region().blobs.names()).toHaveLength(4);
    passTime(week - 2);
    await longshore.timers['collection-leftovers']();
    expect(world.region().blobs.names()).toHaveLength(4);
    passTime(2);
    await longshore.timers['collection-leftovers']();
    expect(world.region().blobs.names()).toHaveLength(2);
    for (const blob of [image.config, ...image.layers])
      expect(await statusOf(app, `/v2/${repository}/blobs/${await digestOf(blob)}`)).toBe(307);
  });

  it('is told apart from the content of a large manifest, which lives in the bin too, and goes a grace after it', async () => {
    const longshore = timedLongshore();
    const { app, world, passTime, runDue } = longshore;
    const image = makeImage('large', 0, { annotations: { long: 'x'.repeat(200_000) } });
    await pushImage(app, repository, 'v1', image);
    await pushImage(app, 'team/other', 'v1', image);
    const contents = () =>
      world
        .region()
        .blobs.names()
        .filter((name) => name.startsWith('manifests/'));
    expect(contents()).toHaveLength(2);
    await ask(app, 'DELETE', `/v2/${repository}/manifests/${image.digest}`);
    passTime(week);
    await longshore.timers['collection-leftovers']();
    expect(contents()).toHaveLength(2);
    await pushImage(app, repository, 'v1', image);
    expect(contents()).toHaveLength(2);
    await ask(app, 'DELETE', `/v2/${repository}/manifests/${image.digest}`);
    passTime(14 * day);
    await runDue();
    expect(contents()).toHaveLength(2);
    await graces(longshore, 1);
    expect(contents()).toHaveLength(1);
    expect(await statusOf(app, '/v2/team/other/manifests/v1')).toBe(200);
  });
});

/** Has the checks of these blobs' links due now. */
async function markDue(world: Timed['world'], digests: readonly Digest[]): Promise<void> {
  const { documents } = connectMemory(world, { chance: 'none' });
  const id = linkCheckId({ registry: 'default' as RegistryName, repository: repository as RepositoryName });
  for (const digest of digests)
    await documents.commitDocuments(
      'blobs',
      [digest],
      [{ do: 'patch', id, set: { dueAt: world.clock.now().toISOString() } }],
    );
}

async function digestOf(content: Uint8Array): Promise<string> {
  return pushBlob(timedLongshore().app, 'x', content);
}
