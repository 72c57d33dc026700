import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { composeForTest } from '../../../../shared/app/compose-for-test.ts';
import { SharedReads } from '../../../../shared/features/registry/shared-reads.ts';
import { ask, makeImage, pushImage } from '../../image.ts';

describe('reads that are shared', () => {
  it('see every write that ended before they were asked for, in any order of reads and writes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(fc.constantFrom('read', 'write', 'answer'), { maxLength: 40 }),
        async (scheduler, steps) => {
          const reads = new SharedReads<number>();
          let value = 0;
          const read = async () => {
            const seen = value;
            await scheduler.schedule(Promise.resolve(), 'the answer of the store');
            return seen;
          };
          const answers: Promise<void>[] = [];
          const ask = async (atLeast: number) => expect(await reads.read('here', read)).toBeGreaterThanOrEqual(atLeast);
          for (const step of steps) {
            if (step === 'write') value += 1;
            else if (step === 'read') answers.push(ask(value));
            else if (scheduler.count() > 0) await scheduler.waitNext(1);
          }
          await scheduler.waitFor(Promise.all(answers));
        },
      ),
    );
  });

  it('fail for those who share the one that failed, and begin anew for who comes after', async () => {
    const reads = new SharedReads<string>();
    const outage = new Error('the store does not answer');
    const broken = reads.read('here', () => Promise.reject(outage));
    const next = [
      reads.read('here', () => Promise.resolve('there')),
      reads.read('here', () => Promise.resolve('never asked')),
    ];
    await expect(broken).rejects.toBe(outage);
    expect(await Promise.all(next)).toEqual(['there', 'there']);
  });

  it('are of one place each', async () => {
    const reads = new SharedReads<string>();
    expect(await Promise.all(['a', 'b'].map((place) => reads.read(place, () => Promise.resolve(place))))).toEqual([
      'a',
      'b',
    ]);
  });
});

describe('pulls of one tag at the same time', () => {
  it('read it twice, however many they are', async () => {
    const { app, memory } = composeForTest();
    await pushImage(app, 'team/app', 'v1', makeImage('hot'));
    expect((await ask(app, 'GET', '/v2/team/app/manifests/v1')).status).toBe(200);
    memory.calls.resetCounts();
    const answers = await Promise.all(Array.from({ length: 50 }, () => ask(app, 'GET', '/v2/team/app/manifests/v1')));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(memory.calls.list).toEqual(['documents.read', 'documents.read']);
  });
});
