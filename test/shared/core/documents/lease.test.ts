import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { connectMemory } from '../../../../shared/adapters/memory/connect.ts';
import { createMemoryWorld } from '../../../../shared/adapters/memory/world.ts';
import { collection } from '../../../../shared/core/documents/collection.ts';
import { isHeld, Lease } from '../../../../shared/core/documents/lease.ts';
import { documentShape } from '../../../../shared/core/documents/stored.ts';

const jobSchema = z.object({
  ...documentShape('job'),
  registry: z.string(),
  takenUntil: z.string().optional(),
  step: z.int(),
});
type Job = z.infer<typeof jobSchema>;

const jobs = collection({
  container: 'registries',
  schema: jobSchema,
  place: ({ registry, id }: Pick<Job, 'registry' | 'id'>) => ({ partition: [registry], id }),
});
const terms = { ms: 1_000, renewMs: 1, until: (takenUntil: string) => ({ takenUntil }) };
const key = { registry: 'local', id: 'job' };

async function setUp() {
  let now = Date.parse('2026-03-01T12:00:00Z');
  const ports = { documents: connectMemory(createMemoryWorld()).documents, clock: { now: () => new Date(now) } };
  const job = await jobs.create(ports.documents, { ...key, type: 'job', schemaVersion: 1, step: 0 });
  if (job === undefined) throw new Error('it was not created');
  return { ports, job, wait: (ms: number) => (now += ms) };
}

describe('a lease', () => {
  it('is taken by one of those who read the same document', async () => {
    const { ports, job } = await setUp();
    const leases = await Promise.all([1, 2, 3].map((step) => Lease.take(ports, jobs, job, terms, { step })));
    expect(leases.filter((lease) => lease !== undefined)).toHaveLength(1);
    expect((await jobs.find(ports.documents, key))?.document).toMatchObject({
      takenUntil: '2026-03-01T12:00:01.000Z',
    });
  });

  it('writes one change after the other, each upon the one before', async () => {
    const { ports, job } = await setUp();
    const lease = await Lease.take(ports, jobs, job, terms);
    expect(await Promise.all([lease?.write({ step: 1 }), lease?.renew(), lease?.write({ step: 2 })])).toEqual([
      true,
      true,
      true,
    ]);
    expect((await jobs.find(ports.documents, key))?.document.step).toBe(2);
    expect(lease?.held.document.step).toBe(2);
    expect(await lease?.remove()).toBe(true);
    expect(await jobs.find(ports.documents, key)).toBeUndefined();
  });

  it('writes nothing any more when somebody else has taken over, and says so', async () => {
    const { ports, job } = await setUp();
    const lease = await Lease.take(ports, jobs, job, terms);
    const there = await jobs.find(ports.documents, key);
    if (there === undefined) throw new Error('it is gone');
    const other = await Lease.take(ports, jobs, there, terms);
    expect(other).toBeDefined();
    expect(lease?.signal.aborted).toBe(false);
    expect(await lease?.write({ step: 9 })).toBe(false);
    expect(lease?.signal.aborted).toBe(true);
    expect(await lease?.remove()).toBe(false);
    expect((await jobs.find(ports.documents, key))?.document.step).toBe(0);
    expect(await other?.write({ step: 1 })).toBe(true);
  });

  it('is held until its end, and not at it', () => {
    const now = new Date('2026-03-01T12:00:00Z');
    expect(isHeld(undefined, now)).toBe(false);
    expect(isHeld('2026-03-01T12:00:00.000Z', now)).toBe(false);
    expect(isHeld('2026-03-01T12:00:00.001Z', now)).toBe(true);
  });

  it('is renewed while work goes on, and no longer', async () => {
    const { ports, job, wait } = await setUp();
    const lease = await Lease.take(ports, jobs, job, terms);
    wait(500);
    const result = await lease?.keptDuring(async () => {
      for (;;) {
        const found = await jobs.find(ports.documents, key);
        if (found?.document.takenUntil === '2026-03-01T12:00:01.500Z') return 'renewed';
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    });
    expect(result).toBe('renewed');
  });
});
