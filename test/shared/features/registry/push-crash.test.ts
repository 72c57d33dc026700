import { describe, expect, it } from 'vitest';
import { CallPlan } from '../../../../shared/adapters/memory/calls.ts';
import { connectMemory } from '../../../../shared/adapters/memory/connect.ts';
import { Crash } from '../../../../shared/adapters/memory/crash.ts';
import { createMemoryWorld } from '../../../../shared/adapters/memory/world.ts';
import { composeForTest } from '../../../../shared/app/compose-for-test.ts';
import { sweepAge } from '../../../../shared/core/events/outbox.ts';
import type { Documents } from '../../../../shared/core/ports/documents.ts';
import { ask, makeImage, pushBlob, putManifest } from '../../image.ts';

const repository = 'team/app';
const image = makeImage('crashing');
const pushedType = 'Microsoft.ContainerRegistry.ImagePushed';

/** A world whose blobs are up, and a clock that the test moves. */
async function worldWithBlobs() {
  let now = Date.now();
  const clock = { now: () => new Date(now) };
  const world = createMemoryWorld({ clock });
  const { app } = composeForTest({ world });
  for (const blob of [image.config, ...image.layers]) await pushBlob(app, repository, blob);
  return { world, passTime: (ms: number) => (now += ms) };
}

async function pushUnder(plan: (calls: CallPlan) => void) {
  const { world, passTime } = await worldWithBlobs();
  const calls = new CallPlan();
  plan(calls);
  const { app } = composeForTest({ world, connection: { calls } });
  const pushed = await putManifest(app, repository, 'v1', image);
  return { world, passTime, status: pushed.status, calls };
}

/** Does what the next process must do: sweep the outbox, deliver all events (twice, backwards), look. */
async function restart({ world, passTime }: Awaited<ReturnType<typeof worldWithBlobs>>) {
  const next = composeForTest({ world });
  passTime(sweepAge + 1);
  await next.timers['events-sweep']();
  const published = world.region().events.log.filter((event) => event.type === pushedType);
  for (const event of [...published, ...published].reverse()) await next.events['usage-record'](event);
  const pulled = await ask(next.app, 'GET', `/v2/${repository}/manifests/v1`);
  const usage = await ask(next.app, 'GET', `/api/v1/usage?repository=${repository}`);
  return {
    published,
    pulled: pulled.status,
    usage: usage.status === 200 ? ((await usage.json()) as { pushes: number; images: number }) : undefined,
  };
}

const calm = await pushUnder(() => undefined);
const awaits = Array.from({ length: calm.calls.total() }, (_, index) => index + 1);

describe('a push whose process dies', () => {
  it.each(awaits.flatMap((n) => [[n, 'before'] as const, [n, 'after'] as const]))(
    'at store call %i, %s it, is whole with its event counted once, or never was',
    async (n, moment) => {
      const state = await pushUnder((calls) => (moment === 'before' ? calls.crashBefore(n) : calls.crashAfter(n)));
      expect(state.status).toBe(500);
      const after = await restart(state);
      const committed = after.pulled === 200;
      expect(new Set(after.published.map(({ id }) => id)).size).toBe(committed ? 1 : 0);
      if (committed)
        expect(after.usage).toMatchObject({ repository, pushes: 1, images: 1, bytes: expect.any(Number) as number });
      else expect(after.usage).toBeUndefined();
    },
  );

  it('is tried at the commit too: some crash leaves a committed push with its event unpublished', async () => {
    // The first commit makes the catalog's entry, the second is the push.
    const commit = calm.calls.list.indexOf('documents.commit', calm.calls.list.indexOf('documents.commit') + 1) + 1;
    const state = await pushUnder((calls) => calls.crashAfter(commit));
    expect(state.world.region().events.log).toHaveLength(0);
    expect((await restart(state)).usage?.pushes).toBe(1);
  });
});

describe('a push while Event Grid is down', () => {
  it('succeeds, and its event is published by the sweep', async () => {
    const state = await pushUnder((calls) => calls.failOn('events.publish'));
    expect(state.status).toBe(201);
    expect(state.world.region().events.log).toHaveLength(0);
    const after = await restart(state);
    expect(after.published).toHaveLength(1);
  });
});

describe('a push while the documents are down', () => {
  it.each(['documents.read', 'documents.commit'] as const)(
    'is answered with 503 and Retry-After when %s fails, and leaves nothing',
    async (call) => {
      const state = await pushUnder((calls) => calls.failOn(call));
      expect(state.status).toBe(503);
      expect((await restart(state)).pulled).toBe(404);
    },
  );

  it("is answered with 429 and the store's own Retry-After when it is throttled", async () => {
    const { world } = await worldWithBlobs();
    const { app } = composeForTest({
      world,
      connection: { calls: new CallPlan().throttleOn('documents.commit', 2500) },
    });
    const refused = await putManifest(app, repository, 'v1', image);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '3']);
  });
});

describe('a push whose commit is done and its answer lost', () => {
  it('is told once, when the store repeats the write by itself', async () => {
    const { world, passTime } = await worldWithBlobs();
    const memory = connectMemory(world);
    let lost = 0;
    const documents: Documents = {
      ...memory.documents,
      // As the SDK does after a broken connection: it sends the batch again, and that finds what the first has written.
      commitDocuments: async (container, partition, changes) => {
        if (container === 'repositories' && lost++ === 0)
          await memory.documents.commitDocuments(container, partition, changes);
        return memory.documents.commitDocuments(container, partition, changes);
      },
    };
    const { app } = composeForTest({ world, adapters: { documents } });
    expect((await putManifest(app, repository, 'v1', image)).status).toBe(201);
    const after = await restart({ world, passTime });
    expect(after.usage).toMatchObject({ pushes: 1, images: 1 });
  });
});

describe('a crash', () => {
  it('is no failure of a store: it ends the process', async () => {
    const { memory } = composeForTest({ connection: { calls: new CallPlan().crashBefore(1) } });
    await expect(memory.documents.readDocument({ container: 'usage', partition: ['a', 'b'], id: 'c' })).rejects.toThrow(
      Crash,
    );
  });
});
