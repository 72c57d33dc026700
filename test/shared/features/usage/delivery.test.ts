import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { CallPlan } from '../../../../shared/adapters/memory/calls.ts';
import { createMemoryWorld } from '../../../../shared/adapters/memory/world.ts';
import type { TestLongshore } from '../../../../shared/app/compose-for-test.ts';
import { composeForTest } from '../../../../shared/app/compose-for-test.ts';
import type { Digest } from '../../../../shared/core/oci/digest.ts';
import { digestOf } from '../../../../shared/core/oci/digest.ts';
import type { RegistryName, RepositoryName, Tag } from '../../../../shared/core/oci/name.ts';
import { silentLog } from '../../../../shared/core/ports/log.ts';
import type { Pull } from '../../../../shared/core/ports/pulls.ts';
import { batchSchema, packed, partsOf } from '../../../../shared/features/usage/batch.ts';
import { ClientClasses, clientClasses } from '../../../../shared/features/usage/client-class.ts';
import { PullCounter } from '../../../../shared/features/usage/pull-counter.ts';
import { steppedClock } from '../../../contracts/clock.ts';
import { callsToFail, sized } from '../../../deep.ts';
import { ask, makeImage, pushImage } from '../../image.ts';
import { foldAll, usageOf } from './counting.ts';

const repository = 'team/app';
const image = makeImage('delivered', 1);
const stop = new Error('stop');

async function start(world = createMemoryWorld({ clock: steppedClock() })): Promise<TestLongshore> {
  const longshore = composeForTest({ world });
  await pushImage(longshore.app, repository, 'v1', image);
  return longshore;
}

function pull({ app }: TestLongshore, reference = 'v1'): Promise<Response> {
  return ask(app, 'GET', `/v2/${repository}/manifests/${reference}`);
}

describe('batches of counted pulls', () => {
  it('count exactly, in any order, however late, and however often each is delivered', async () => {
    const step = fc.record({
      pulls: fc.nat({ max: 4 }),
      by: fc.constantFrom('v1', 'v2', image.digest),
      waits: fc.constantFrom(0, 7_000, 60_000, 5_000_000),
      instance: fc.nat({ max: 1 }),
      flush: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 1, maxLength: 10 }),
        fc.infiniteStream(fc.nat()),
        async (steps, random) => {
          const clock = steppedClock();
          const world = createMemoryWorld({ clock });
          const instances = [await start(world), composeForTest({ world })] as const;
          await pushImage(instances[0].app, repository, 'v2', image);
          const counted = { v1: 0, v2: 0, all: 0, last: '' };
          for (const { pulls, by, waits, instance, flush } of steps) {
            clock.advance(waits);
            const longshore = instances[instance] ?? instances[0];
            for (let n = 0; n < pulls; n++) await pull(longshore, by);
            if (by !== image.digest) counted[by as 'v1' | 'v2'] += pulls;
            counted.all += pulls;
            if (pulls > 0) counted.last = clock.now().toISOString();
            if (flush) await longshore.flush();
          }
          for (const each of instances) await each.flush();
          const batches = world.region().queues.drain('usage-pulls');
          const deliveries = [...batches, ...batches]
            .map((batch) => ({ batch, at: random.next().value as number }))
            .sort((a, b) => a.at - b.at);
          await Promise.all(
            deliveries.map(({ batch }, index) => (instances[index % 2] ?? instances[0]).messages['usage-fold'](batch)),
          );
          if (counted.all === 0) return;
          const [longshore] = instances;
          const [registry, whole, digest] = [
            await usageOf(longshore),
            await usageOf(longshore, { repository }),
            await usageOf(longshore, { repository, digest: image.digest }),
          ];
          expect([registry.pulls, whole.pulls, digest.pulls, whole.lastPull, digest.lastPull]).toEqual([
            counted.all,
            counted.all,
            counted.all,
            counted.last,
            counted.last,
          ]);
          for (const { period } of [registry, whole, digest])
            expect(period.series.reduce((sum, { pulls }) => sum + pulls, 0)).toBe(counted.all);
          for (const tag of ['v1', 'v2'] as const)
            if (counted[tag] > 0) expect((await usageOf(longshore, { repository, tag })).pulls).toBe(counted[tag]);
        },
      ),
      { numRuns: sized(10, 25) },
    );
  });

  it('leave in the counters counts alone, so that a document stays small', async () => {
    const longshore = await start();
    await pull(longshore);
    await foldAll(longshore);
    const found = await longshore.memory.documents.queryDocuments({
      container: 'usage',
      partition: ['default', repository],
      where: [{ path: 'type', is: '=', value: 'usage-hour' }],
      limit: 1,
    });
    expect(found.documents[0]?.document['minutes']).toEqual({ '00': { pulls: 1, heads: 0, blobPulls: 0, pushes: 0 } });
  });

  it('count once when their sending was not confirmed: they are sent again under the same id', async () => {
    const longshore = await start();
    longshore.memory.calls.loseAnswerOn('queues.send', 1);
    await pull(longshore);
    await longshore.flush();
    await pull(longshore);
    const messages = await foldAll(longshore);
    expect(messages.map((message) => batchSchema.parse(message).id.split(':')[1])).toEqual(['0', '0', '1']);
    expect((await usageOf(longshore, { repository })).pulls).toBe(2);
  });

  it('wait in memory while the queue is down, and in the queue while the documents are', async () => {
    const clock = steppedClock();
    const longshore = await start(createMemoryWorld({ clock }));
    longshore.memory.calls.failOn('queues.send', 2);
    for (let n = 0; n < 3; n++) {
      await pull(longshore);
      await longshore.flush();
    }
    longshore.memory.calls.failOn('documents.commit', 1);
    await foldAll(longshore);
    expect(longshore.world.region().queues.length('usage-pulls')).toBe(1);
    clock.advance(60_000);
    await foldAll(longshore);
    expect((await usageOf(longshore, { repository })).pulls).toBe(3);
  });

  it('are whole after a crash at any call of their folding, once they are delivered again', async () => {
    const calls = (plan: CallPlan, crashed: boolean) => async () => {
      const world = createMemoryWorld({ clock: steppedClock() });
      const longshore = await start(world);
      await pull(longshore);
      await pull(longshore, image.digest);
      await longshore.flush();
      const [batch] = world.region().queues.drain('usage-pulls');
      const dying = composeForTest({ world, connection: { calls: plan } });
      await dying.messages['usage-fold'](batch).catch((error: unknown) => {
        if (!crashed) throw error;
      });
      await longshore.messages['usage-fold'](batch);
      expect([
        (await usageOf(longshore)).pulls,
        (await usageOf(longshore, { repository })).pulls,
        (await usageOf(longshore, { repository, tag: 'v1' })).pulls,
      ]).toEqual([2, 2, 1]);
      return plan.total();
    };
    const total = await calls(new CallPlan(), false)();
    expect(total).toBeGreaterThan(10);
    for (const n of callsToFail(1, total))
      for (const plan of [new CallPlan().crashBefore(n), new CallPlan().crashAfter(n)]) await calls(plan, true)();
  });

  it('lose at a crash what was counted since the last flush, and no more', async () => {
    const world = createMemoryWorld({ clock: steppedClock() });
    const longshore = await start(world);
    await pull(longshore);
    await longshore.flush();
    await pull(longshore);
    const next = composeForTest({ world });
    await foldAll(next);
    expect((await usageOf(next, { repository })).pulls).toBe(1);
  });

  it('are dropped when they cannot be read, instead of failing for ever', async () => {
    const longshore = await start();
    await expect(longshore.messages['usage-fold']({ schemaVersion: 2 })).resolves.toBeUndefined();
    await expect(longshore.messages['usage-fold']('no batch')).resolves.toBeUndefined();
  });

  it('make tracking begin anew when some before them were lost', async () => {
    const clock = steppedClock();
    const longshore = await start(createMemoryWorld({ clock }));
    await pull(longshore);
    const [batch] = (await foldAll(longshore)) as [object];
    const began = (await usageOf(longshore)).trackedSince;
    clock.advance(3_600_000);
    await longshore.messages['usage-fold']({ ...batch, id: 'another:0', gap: true });
    expect([began, (await usageOf(longshore)).trackedSince]).toEqual([
      '2026-03-01T00:00:00.000Z',
      clock.now().toISOString(),
    ]);
  });
});

describe('the counter of an instance', () => {
  const world = (calls = new CallPlan()) => {
    const sent: unknown[] = [];
    const told: string[] = [];
    const queues = {
      sendMessage: (_: string, message: unknown) => calls.make('queues.send', message, () => void sent.push(message)),
    };
    const metrics = {
      tellPulls: () => undefined,
      tellFlush: (outcome: string) => void told.push(outcome),
      tellFold: () => undefined,
    };
    const clock = steppedClock();
    const counter = new PullCounter(
      { queues, metrics, clock, ids: { nextId: () => 'instance' }, log: silentLog },
      { region: 'home', clients: new ClientClasses([]) },
    );
    const pullOf = (n: number): Pull => ({
      key: { registry: 'default' as RegistryName, repository: `r${n % 50}` as RepositoryName },
      what: 'manifest',
      digest: digestOf(Buffer.from(`${n}`)),
      tag: `t${n}` as Tag,
      actor: 'anonymous',
      userAgent: 'docker/28',
    });
    const count = (n: number) => counter.countPull(pullOf(n));
    return { counter, count, pullOf, sent, told, clock, calls };
  };

  it('counts each of 10,000 pulls a second for a minute, and calls the queue alone, once in a flush', async () => {
    const { counter, pullOf, sent, clock, calls } = world();
    const perSecond = 10_000;
    const different = Array.from({ length: 200 }, (_, n) => pullOf(n));
    for (let second = 0; second < 60; second++) {
      for (let n = 0; n < perSecond / different.length; n++) for (const pull of different) counter.countPull(pull);
      clock.advance(1_000);
      if (second % 5 === 4) await counter.flush();
    }
    const batches = sent.map((message) => batchSchema.parse(message));
    const pulls = batches
      .flatMap(({ parts }) => parts.flatMap(({ rows }) => rows.map((row) => row.pulls)))
      .reduce((sum, each) => sum + each, 0);
    expect([pulls, batches.length, calls.total()]).toEqual([60 * perSecond, 12, 12]);
  });

  it('sends by itself within ten seconds, and sets no timer while nothing is pulled', async () => {
    vi.useFakeTimers();
    try {
      const { count, sent } = world();
      expect(vi.getTimerCount()).toBe(0);
      count(1);
      await vi.advanceTimersByTimeAsync(10_000);
      expect([sent.length, vi.getTimerCount()]).toEqual([1, 0]);
    } finally {
      vi.useRealTimers();
    }
  });

  it('tries again by itself while the queue is down', async () => {
    vi.useFakeTimers();
    try {
      const { count, sent, told } = world(new CallPlan().failOn('queues.send', 2));
      count(1);
      await vi.advanceTimersByTimeAsync(20_000);
      expect([sent.length, told]).toEqual([1, ['failed', 'failed', 'sent']]);
    } finally {
      vi.useRealTimers();
    }
  });

  it('sends early what is of very many images, so that its memory is bounded', async () => {
    const { counter, count, sent } = world();
    for (let n = 0; n < 5_000; n++) count(n);
    await new Promise((resolve) => setImmediate(resolve));
    expect(sent.length).toBeGreaterThan(0);
    await counter.flush();
    expect(
      sent.map((message) => batchSchema.parse(message)).flatMap(({ parts }) => parts.flatMap(({ rows }) => rows))
        .length,
    ).toBe(5_000);
  });

  it('drops the oldest when the queue takes nothing for long, and says so in what it sends next', async () => {
    const calls = new CallPlan().failOn('queues.send');
    const { counter, count, sent, told } = world(calls);
    for (let n = 0; n < 300; n++) {
      count(n);
      await counter.flush();
    }
    calls.clearFaults();
    count(0);
    await counter.flush();
    expect(told.filter((outcome) => outcome === 'dropped')).toHaveLength(45);
    const batches = sent.map((message) => batchSchema.parse(message));
    expect(batches).toHaveLength(256);
    expect(batches.at(-1)?.gap).toBe(true);
  });

  it('survives a queue that throws what no adapter should', async () => {
    const { counter, count } = world(
      new CallPlan().failOn((): boolean => {
        throw stop;
      }),
    );
    count(1);
    await expect(counter.flush()).resolves.toBeUndefined();
  });
});

describe('a message', () => {
  const digest = (n: number) => digestOf(Buffer.from(String(n)));
  const row = fc.record({
    client: fc.constantFrom(...clientClasses),
    digest: fc.nat({ max: 400 }).map(digest),
    tag: fc.constantFrom('v1', 'x'.repeat(128)).map((tag) => tag as Tag),
    pulls: fc.nat(),
    heads: fc.nat(),
    blobPulls: fc.nat(),
    pushes: fc.constant(0),
    lastAt: fc.constant('2026-03-01T00:00:00.000Z'),
  });
  const part = fc.record({
    registry: fc.constant('default' as RegistryName),
    repository: fc
      .constantFrom('a', 'a/b', `${'r'.repeat(100)}/${'s'.repeat(100)}`)
      .map((name) => name as RepositoryName),
    minute: fc.constantFrom('2026-03-01T00:00', '2026-03-01T00:01'),
  });

  it('fits into a queue, and each of its parts into one transaction', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ part, row }), { minLength: 1, maxLength: 400 }), (counted) => {
        const messages = packed(partsOf(counted)).map((parts, n) => ({
          schemaVersion: 1,
          id: `an-instance-with-a-long-id:${n}`,
          region: 'r'.repeat(40),
          gap: false,
          parts,
        }));
        for (const message of messages)
          expect(JSON.stringify(batchSchema.parse(message)).length).toBeLessThan(48 * 1024);
        const rows = messages.flatMap(({ parts }) => parts.flatMap((each) => each.rows));
        expect(rows).toHaveLength(counted.length);
        for (const { rows } of messages.flatMap(({ parts }) => parts)) {
          const images =
            new Set(rows.map((each) => each.digest as Digest)).size + new Set(rows.map((each) => each.tag)).size;
          expect(images + 4).toBeLessThanOrEqual(100);
        }
      }),
      { numRuns: 50 },
    );
  });
});
