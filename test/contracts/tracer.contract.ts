import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StoreFailure } from '../../shared/core/ports/failures.ts';
import type { Tracer } from '../../shared/core/ports/tracer.ts';

export interface SeenSpan {
  readonly name: string;
  /** It answered somebody, or it asked somebody. */
  readonly side: 'answered' | 'asked';
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string | undefined;
  readonly failed: boolean;
  readonly attributes: Readonly<Record<string, string | number>>;
}

export interface TracerUnderTest {
  readonly tracer: Tracer;
  /** Ends the tracer and gives its spans by name. */
  readonly finish: () => Promise<ReadonlyMap<string, SeenSpan>>;
  readonly stop: () => Promise<void>;
}

const elsewhere = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' };

/** Every sentence of shared/core/ports/tracer.ts, asked of one adapter. */
export function tracerContract(adapter: string, setup: () => Promise<TracerUnderTest>): void {
  describe(`tracer: ${adapter}`, () => {
    let world: TracerUnderTest;
    beforeEach(async () => {
      world = await setup();
    });
    afterEach(() => world.stop());

    it('gives what the work gives, and throws what it throws', async () => {
      const failure = new Error('that');
      expect(await world.tracer.inSpan({ name: 'a', kind: 'internal' }, () => Promise.resolve(7))).toBe(7);
      await expect(world.tracer.inSpan({ name: 'a', kind: 'internal' }, () => Promise.reject(failure))).rejects.toBe(
        failure,
      );
    });

    it('makes spans children of the one that they start in, also side by side', async () => {
      const { tracer, finish } = world;
      const child = (name: string) =>
        tracer.inSpan({ name, kind: 'client' }, () => new Promise((resolve) => setTimeout(resolve, 5)));
      await Promise.all(
        ['one', 'two'].map((name) =>
          tracer.inSpan({ name, kind: 'server' }, () => Promise.all([child(`${name}.a`), child(`${name}.b`)])),
        ),
      );
      const spans = await finish();
      const [one, two] = [spans.get('one'), spans.get('two')];
      expect(one?.traceId).not.toBe(two?.traceId);
      expect([one?.parentId, one?.side, spans.get('one.a')?.side]).toEqual([undefined, 'answered', 'asked']);
      for (const name of ['one.a', 'one.b'])
        expect(spans.get(name)).toMatchObject({ traceId: one?.traceId, parentId: one?.spanId });
      for (const name of ['two.a', 'two.b'])
        expect(spans.get(name)).toMatchObject({ traceId: two?.traceId, parentId: two?.spanId });
    });

    it('continues a trace from elsewhere, and tells its own place in it', async () => {
      const { tracer, finish } = world;
      let told: string | undefined;
      await tracer.inSpan(
        { name: 'here', kind: 'consumer', parent: `00-${elsewhere.traceId}-${elsewhere.spanId}-01` },
        () => {
          told = tracer.traceparent();
          return Promise.resolve();
        },
      );
      const here = (await finish()).get('here');
      expect(here).toMatchObject({ traceId: elsewhere.traceId, parentId: elsewhere.spanId });
      expect(told).toBe(`00-${elsewhere.traceId}-${here?.spanId ?? ''}-01`);
      expect(tracer.traceparent()).toBeUndefined();
    });

    it.each([
      ['empty', ''],
      ['nonsense', 'nonsense'],
      ['of no trace', `00-${'0'.repeat(32)}-${elsewhere.spanId}-01`],
      ['of no span', `00-${elsewhere.traceId}-${'0'.repeat(16)}-01`],
      ['cut', `00-${elsewhere.traceId}-b7ad-01`],
      ['long', '0'.repeat(10_000)],
    ])('starts a trace of its own for a parent that is %s', async (_, parent) => {
      const { tracer, finish } = world;
      await tracer.inSpan({ name: 'here', kind: 'server', parent }, () => Promise.resolve());
      const here = (await finish()).get('here');
      expect(here?.parentId).toBeUndefined();
      expect(here?.traceId).toMatch(/^(?!0{32})[0-9a-f]{32}$/);
    });

    it('keeps attributes from the start and the end, and what failed', async () => {
      const { tracer, finish } = world;
      await tracer.inSpan(
        { name: 'well', kind: 'client', attributes: { 'longshore.a': 'x' } },
        () => Promise.resolve(5),
        (n) => ({ attributes: { 'longshore.b': n } }),
      );
      await tracer.inSpan(
        { name: 'told', kind: 'client' },
        () => Promise.resolve(),
        () => ({ failed: true }),
      );
      const spans = await finish();
      const { failed, attributes } = spans.get('well') ?? {};
      expect([failed, attributes?.['longshore.a'], Number(attributes?.['longshore.b'])]).toEqual([false, 'x', 5]);
      expect(spans.get('told')?.failed).toBe(true);
    });

    it('names an error, and repeats nothing of its message', async () => {
      const { tracer, finish } = world;
      const failing = tracer.inSpan({ name: 'failed', kind: 'client' }, () =>
        Promise.reject(new StoreFailure({ dependency: 'blobs', kind: 'throttled', message: 'a secret' })),
      );
      await expect(failing).rejects.toThrow(StoreFailure);
      const span = (await finish()).get('failed');
      expect([span?.failed, span?.attributes['longshore.error']]).toEqual([true, 'StoreFailure']);
      expect(JSON.stringify(span)).not.toContain('secret');
    });
  });
}
