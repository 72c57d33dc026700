import { describe, expect, it } from 'vitest';
import { makeImage, pushImage } from '../../image.ts';
import { call } from './replicating.ts';
import { withReplicas } from './with-replicas.ts';

interface Totals {
  readonly region: string;
  readonly isHere: boolean;
  readonly state: string;
  readonly queued: {
    readonly images: number;
    readonly bytes: number;
    readonly isAtLeast?: true;
    readonly oldestAt?: string;
  };
  readonly lag?: { readonly p50Seconds: number; readonly p99Seconds: number; readonly images: number };
}

async function totalsOf(regions: Awaited<ReturnType<typeof withReplicas>>): Promise<Map<string, Totals>> {
  const { status, body } = await call(regions.region.east, 'GET', '/replication/regions');
  expect(status).toBe(200);
  return new Map((body as unknown as { items: Totals[] }).items.map((each) => [each.region, each]));
}

describe('the regions as a whole', () => {
  it('say how many images wait, since when, and what the last ones took', async () => {
    const regions = await withReplicas();
    const image = makeImage('one');
    await pushImage(regions.region.east.app, 'team/app', '1', image);
    await regions.settle();
    const done = await totalsOf(regions);
    expect([...done.keys()]).toEqual(['east', 'north', 'west']);
    expect(done.get('east')).toMatchObject({ isHere: true, state: 'active', queued: { images: 0, bytes: 0 } });
    expect(done.get('north')).toMatchObject({ isHere: false, state: 'active', queued: { images: 0 } });
    expect(done.get('north')?.lag?.images).toBe(1);
  });

  it('say of a paused region what waits for it, the oldest first', async () => {
    const regions = await withReplicas();
    expect((await call(regions.region.east, 'PATCH', '/replications/north', { paused: true })).status).toBe(200);
    for (const n of [1, 2, 3]) {
      await pushImage(regions.region.east.app, 'team/app', String(n), makeImage(`image ${n}`));
      await regions.minutes();
    }
    const totals = await totalsOf(regions);
    const north = totals.get('north');
    expect(north).toMatchObject({ state: 'paused', queued: { images: 3 } });
    expect(north?.queued.bytes).toBeGreaterThan(0);
    expect(Date.parse(north?.queued.oldestAt ?? '')).toBeLessThan(regions.clock.now().getTime() - 100_000);
    expect(totals.get('west')).toMatchObject({ queued: { images: 0 }, lag: { images: 3 } });
    expect(totals.get('west')?.lag?.p99Seconds).toBeGreaterThanOrEqual(totals.get('west')?.lag?.p50Seconds ?? 0);
  });

  it('are one, not replicated, where nothing is set up', async () => {
    const regions = await withReplicas();
    expect((await call(regions.region.east, 'DELETE', '/replications/west')).status).toBe(202);
    expect((await totalsOf(regions)).get('west')?.state).toBe('removing');
    await regions.minutes(40);
    expect((await totalsOf(regions)).get('west')?.state).toBe('not replicated');
  });
});
