import { describe, expect, it } from 'vitest';
import type { Call } from '../../shared/adapters/memory/calls.ts';
import { CallPlan } from '../../shared/adapters/memory/calls.ts';
import { connectMemory } from '../../shared/adapters/memory/connect.ts';
import { Crash } from '../../shared/adapters/memory/crash.ts';
import { createMemoryWorld } from '../../shared/adapters/memory/world.ts';
import { StoreFailure } from '../../shared/core/ports/failures.ts';
import { bytesOf, someBytes } from './bytes.ts';
import { newEvent } from './topic.contract.ts';

/** An operation of five calls: what a push does, in small. */
async function push({ documents, blobs, queues, topic }: ReturnType<typeof connectMemory>): Promise<void> {
  await blobs.stageBlock('layer', 'a', new Uint8Array([1]));
  await blobs.commitBlocks('layer', ['a'], {});
  await documents.commitDocuments('builds', ['t'], [{ do: 'create', document: { id: 'run', scope: 't' } }]);
  await topic.publishEvents([newEvent()]);
  await queues.sendMessage('work', 'go');
}

const pushed = ['blobs.stage', 'blobs.commit', 'documents.commit', 'events.publish', 'queues.send'];

/** Counts the writes of the push that reached the store. */
async function traces(world: ReturnType<typeof createMemoryWorld>): Promise<number> {
  const { documents, blobs } = connectMemory(world);
  const blob = await blobs.statBlob('layer');
  const done = [
    (await blobs.listStagedBlocks('layer')).length > 0 || blob !== undefined,
    blob !== undefined,
    (await documents.readDocument({ container: 'builds', partition: ['t'], id: 'run' })) !== undefined,
    world.region().events.log.length > 0,
    world.region().queues.length('work') > 0,
  ];
  return done.filter(Boolean).length;
}

describe('the calls of a connection', () => {
  it('are counted by name, in order and in total', async () => {
    const connection = connectMemory(createMemoryWorld());
    await push(connection);
    expect(connection.calls.list).toEqual(pushed);
    expect(connection.calls.total()).toBe(5);
    expect(connection.calls.count('documents.commit')).toBe(1);
    expect(connection.calls.count('documents.read')).toBe(0);
    connection.calls.resetCounts();
    expect(connection.calls.total()).toBe(0);
  });

  it('have a name for every verb of the ports', async () => {
    const { documents, blobs, probes, calls } = connectMemory(createMemoryWorld());
    await documents.readDocument({ container: 'builds', partition: ['t'], id: 'a' });
    await documents.queryDocuments({ container: 'builds', partition: ['t'], where: [], limit: 1 });
    await blobs.putBlob('a', someBytes(1), {});
    await blobs.statBlob('a');
    await blobs.readBlob('a');
    await blobs.listStagedBlocks('a');
    await blobs.signBlobUrl('a', 60);
    await blobs.deleteBlob('a');
    for (const each of probes) await each.probe();
    expect(calls.list).toEqual([
      ...[
        'documents.read',
        'documents.query',
        'blobs.put',
        'blobs.stat',
        'blobs.read',
        'blobs.listStaged',
        'blobs.sign',
        'blobs.delete',
      ],
      ...['documents.probe', 'blobs.probe', 'queues.probe', 'events.probe'],
    ]);
  });

  it('are shared when two connections are given one plan', async () => {
    const [world, calls] = [createMemoryWorld(), new CallPlan()];
    await connectMemory(world, { calls }).blobs.statBlob('a');
    await connectMemory(world, { calls }).blobs.statBlob('b');
    expect(calls.total()).toBe(2);
  });
});

describe('a planned fault', () => {
  const ref = { container: 'builds', partition: ['t'], id: 'run' } as const;

  it('fails calls by name, for as many times as it was told, and reaches no store', async () => {
    const world = createMemoryWorld();
    const connection = connectMemory(world);
    connection.calls.failOn('documents.commit', 1);
    await expect(push(connection)).rejects.toMatchObject({
      name: 'StoreFailure',
      dependency: 'documents',
      kind: 'unavailable',
    });
    expect(await traces(world)).toBe(2);
    await expect(connection.documents.readDocument(ref)).resolves.toBeUndefined();
    await expect(
      connection.documents.commitDocuments('builds', ['t'], [{ do: 'create', document: { id: 'run', scope: 't' } }]),
    ).resolves.toMatchObject({ committed: true });
  });

  it('fails a call by its place among all', async () => {
    const world = createMemoryWorld();
    const connection = connectMemory(world);
    connection.calls.failOn(4);
    await expect(push(connection)).rejects.toMatchObject({ dependency: 'events' });
    expect(await traces(world)).toBe(3);
  });

  it('fails calls by what they were given, until the faults are cleared', async () => {
    const { documents, calls } = connectMemory(createMemoryWorld());
    calls.failOn(({ name, input }) => name === 'documents.read' && JSON.stringify(input).includes('"run"'));
    await expect(documents.readDocument(ref)).rejects.toThrow(StoreFailure);
    await expect(documents.readDocument({ ...ref, id: 'other' })).resolves.toBeUndefined();
    await expect(documents.readDocument(ref)).rejects.toThrow(StoreFailure);
    calls.clearFaults();
    await expect(documents.readDocument(ref)).resolves.toBeUndefined();
  });

  it('loses the answer of a write that was done', async () => {
    const world = createMemoryWorld();
    const connection = connectMemory(world);
    connection.calls.loseAnswerOn('documents.commit');
    await expect(push(connection)).rejects.toThrow(StoreFailure);
    expect(await traces(world)).toBe(3);
  });

  it('throttles, and says for how long', async () => {
    const { queues, calls } = connectMemory(createMemoryWorld());
    calls.throttleOn('queues.send', 250, 1);
    await expect(queues.sendMessage('work', 1)).rejects.toMatchObject({
      kind: 'throttled',
      dependency: 'queues',
      retryAfterMs: 250,
    });
    await expect(queues.sendMessage('work', 1)).resolves.toBeUndefined();
  });

  it('breaks the stream of a blob in the middle', async () => {
    const { blobs, calls } = connectMemory(createMemoryWorld());
    await blobs.putBlob('a', someBytes(200_000), {});
    calls.cutOn('blobs.read', 100_000);
    const read: number[] = [];
    const reading = (async () => {
      for await (const chunk of (await blobs.readBlob('a')) ?? []) read.push(chunk.length);
    })();
    await expect(reading).rejects.toMatchObject({ name: 'StoreFailure', dependency: 'blobs' });
    expect(read.reduce((sum, length) => sum + length, 0)).toBe(100_000);
    calls.clearFaults();
    expect(await bytesOf(await blobs.readBlob('a'))).toHaveLength(200_000);
  });
});

describe('a crash', () => {
  it('before the nth call leaves what the calls before it did, whatever n is', async () => {
    for (let n = 1; n <= pushed.length; n += 1) {
      const world = createMemoryWorld();
      const connection = connectMemory(world);
      connection.calls.crashBefore(n);
      await expect(push(connection)).rejects.toThrow(Crash);
      expect(await traces(world)).toBe(n - 1);
    }
  });

  it('after the nth call leaves what that call did too', async () => {
    for (let n = 1; n <= pushed.length; n += 1) {
      const world = createMemoryWorld();
      const connection = connectMemory(world);
      connection.calls.crashAfter(n);
      await expect(push(connection)).rejects.toThrow(Crash);
      expect(await traces(world)).toBe(n);
    }
  });

  it('is the end of the process: every later call, and every call under way, throws Crash', async () => {
    const world = createMemoryWorld();
    const { blobs, documents, calls } = connectMemory(world);
    const waiting = Promise.withResolvers<undefined>();
    calls.delay((call: Call) => (call.name === 'blobs.put' ? waiting.promise : 0)).crashBefore(2);
    const underWay = blobs.putBlob('late', someBytes(1), {});
    await expect(blobs.statBlob('a')).rejects.toThrow(Crash);
    waiting.resolve(undefined);
    await expect(underWay).rejects.toThrow(Crash);
    calls.clearFaults();
    await expect(documents.readDocument({ container: 'builds', partition: ['t'], id: 'a' })).rejects.toThrow(Crash);
    expect(await connectMemory(world).blobs.statBlob('late')).toBeUndefined();
  });
});

describe('a delay', () => {
  it('of a scheduler decides the order in which calls reach the store', async () => {
    const world = createMemoryWorld();
    const { documents, calls } = connectMemory(world);
    const turns = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()];
    calls.delay(({ n }) => turns[n - 1]?.promise ?? 0);
    const create = (by: string) =>
      documents.commitDocuments('builds', ['t'], [{ do: 'create', document: { id: 'run', scope: 't', by } }]);
    const [first, second] = [create('first'), create('second')];
    turns[1]?.resolve(undefined);
    await expect(second).resolves.toMatchObject({ committed: true });
    turns[0]?.resolve(undefined);
    await expect(first).resolves.toEqual({ committed: false, index: 0, because: 'exists' });
  });

  it('in milliseconds passes in real time', async () => {
    const { blobs, calls } = connectMemory(createMemoryWorld());
    calls.delay(30);
    const before = performance.now();
    await blobs.statBlob('a');
    expect(performance.now() - before).toBeGreaterThanOrEqual(29);
  });
});
