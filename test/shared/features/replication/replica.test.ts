import { describe, expect, it } from 'vitest';
import { digestOf } from '../../../../shared/core/oci/digest.ts';
import { ask, makeImage, pushImage } from '../../image.ts';
import { runDue } from '../../run-due.ts';
import { call, replicating, statesOf } from './replicating.ts';
import { blobsIn, withReplicas } from './with-replicas.ts';

describe('a replica', () => {
  it('is of a region of the deployment, and says which there are', async () => {
    const { region } = replicating();
    const refused = await call(region.east, 'PUT', '/replicas/mars', {});
    expect([refused.status, JSON.stringify(refused.body)]).toEqual([
      400,
      expect.stringContaining('which has east, north, west'),
    ]);
    expect((await call(region.east, 'PUT', '/replicas/north', { priority: 12 })).status).toBe(400);
    expect((await call(region.east, 'GET', '/replicas/north')).status).toBe(404);
  });

  it('gets the existing images when it is added, and shows its progress', async () => {
    const regions = replicating();
    const { east, north } = regions.region;
    for (let n = 0; n < 60; n += 1) await pushImage(east.app, `team/app${n % 3}`, `v${n}`, makeImage(`image ${n}`, 1));
    await regions.settle();
    expect(blobsIn(regions, 'north')).toBe(0);
    await call(east, 'PUT', '/replicas/north', {});
    expect((await call(east, 'GET', '/replicas/north')).body).toMatchObject({
      status: 'active',
      walk: { why: 'added', images: 0 },
    });
    await regions.minutes();
    expect((await call(east, 'GET', '/replicas/north')).body).toMatchObject({ walked: { images: 60, planned: 60 } });
    expect(blobsIn(regions, 'north')).toBe(120);
    expect(await statesOf(north, 'team/app2', 'v2')).toEqual({
      east: 'complete',
      north: 'complete',
      west: 'not replicated',
    });
  });

  it('holds exactly the images that its filters match, and more when they match more', async () => {
    const regions = replicating();
    const { east } = regions.region;
    await call(east, 'PUT', '/replicas/north', {
      filters: {
        repositories: { include: ['team/**'], exclude: ['team/scratch'] },
        tags: { include: ['v*'], exclude: ['v*-rc*'] },
      },
    });
    await regions.minutes();
    for (const [repository, tag] of [
      ['team/app', 'v1'],
      ['team/app', 'v1-rc1'],
      ['team/app', 'latest'],
      ['team/scratch', 'v1'],
      ['other', 'v1'],
    ] as const)
      await pushImage(east.app, repository, tag, makeImage(`${repository}:${tag}`, 0));
    await regions.settle();
    expect(blobsIn(regions, 'north')).toBe(1);
    expect(await statesOf(east, 'team/app', 'v1')).toMatchObject({ north: 'complete' });
    await call(east, 'PATCH', '/replicas/north', { filters: { repositories: { include: ['team/**'] } } });
    await regions.minutes();
    expect(blobsIn(regions, 'north')).toBe(4);
  });

  it('is left by a front door when its endpoint is switched off, and serves all the same', async () => {
    const { region } = await withReplicas({}, { endpoint: false });
    await pushImage(region.east.app, 'team/app', 'v1', makeImage('offered', 0));
    const health = async ({ app }: typeof region.east) => {
      const answer = await ask(app, 'GET', '/healthz');
      return [answer.status, ((await answer.json()) as { status: string }).status];
    };
    expect([await health(region.east), await health(region.north)]).toEqual([
      [200, 'up'],
      [503, 'off'],
    ]);
    expect((await ask(region.north.app, 'GET', '/v2/team/app/manifests/v1')).status).toBe(200);
  });

  it('copies nothing while it is paused, and all of it afterwards', async () => {
    const regions = await withReplicas({}, { paused: true });
    const { east } = regions.region;
    await pushImage(east.app, 'team/app', 'v1', makeImage('paused', 1));
    await regions.minutes();
    expect(blobsIn(regions, 'north')).toBe(0);
    expect(await statesOf(east, 'team/app', 'v1')).toMatchObject({ north: 'paused' });
    await call(east, 'PATCH', '/replicas/north', { paused: false });
    await regions.minutes();
    expect(blobsIn(regions, 'north')).toBe(2);
  });

  it('leaves no byte when it is removed, and loses none that it alone had', async () => {
    const regions = await withReplicas();
    const { east, north } = regions.region;
    const [both, alone] = [makeImage('both', 1), makeImage('alone', 1)];
    await pushImage(east.app, 'team/app', 'both', both);
    await regions.settle();
    for (const name of ['east', 'west'])
      await call(east, 'PATCH', `/replicas/${name}`, { filters: { repositories: { include: ['none'] } } });
    await pushImage(north.app, 'team/app', 'alone', alone);
    await regions.settle();
    expect((await call(east, 'DELETE', '/replicas/north')).body).toMatchObject({ status: 'removing' });
    await regions.minutes(2);
    expect(blobsIn(regions, 'north')).toBe(4);
    regions.clock.advance(31 * 60_000);
    await runDue(north);
    await regions.minutes();
    expect(blobsIn(regions, 'north')).toBe(0);
    expect((await call(east, 'GET', '/replicas/north')).status).toBe(404);
    for (const image of [both, alone]) {
      for (const blob of [image.config, ...image.layers]) {
        const answer = await ask(north.app, 'GET', `/v2/team/app/blobs/${digestOf(blob)}`);
        expect(
          regions.world
            .storeAt(new URL(answer.headers.get('location') ?? '').host)
            .get(decodeURIComponent(new URL(answer.headers.get('location') ?? '').pathname.slice(1))),
        ).toBeDefined();
      }
    }
  });

  it('is repaired where bytes are gone or have another size: for recent pushes by itself, for all images on request', async () => {
    const regions = await withReplicas();
    const { east, north } = regions.region;
    await pushImage(east.app, 'team/app', 'v1', makeImage('drifted', 1));
    await regions.settle();
    const { blobs } = regions.world.region('north');
    const drift = () => {
      const [one = '', two = ''] = blobs.names();
      blobs.delete(one);
      blobs.put(two, [Buffer.from('short')], {});
    };
    drift();
    regions.clock.advance(25 * 3_600_000);
    await regions.minutes();
    expect((await call(north, 'GET', '/replicas/north')).body).toMatchObject({
      walked: { why: 'reconcile', repaired: 2 },
    });
    drift();
    expect(
      (await call(east, 'POST', '/replication/reconcile', { region: 'north', repository: 'team/app' })).status,
    ).toBe(202);
    await regions.minutes();
    expect((await call(north, 'GET', '/replicas/north')).body).toMatchObject({
      walked: { repository: 'team/app', repaired: 2 },
    });
    expect(await statesOf(north, 'team/app', 'v1')).toMatchObject({ north: 'complete' });
  });

  it('has its waiting copies deleted when it is removed', async () => {
    const regions = await withReplicas();
    const { east } = regions.region;
    for (const name of ['east', 'north', 'west']) await call(east, 'PATCH', `/replicas/${name}`, { paused: true });
    await pushImage(east.app, 'team/app', 'v1', makeImage('waiting', 1));
    await regions.settle();
    expect(await statesOf(east, 'team/app', 'v1')).toMatchObject({ north: 'paused' });
    await call(east, 'DELETE', '/replicas/north');
    await regions.minutes(2);
    expect(blobsIn(regions, 'north')).toBe(0);
    expect(await statesOf(east, 'team/app', 'v1')).toMatchObject({ north: 'not replicated' });
  });

  it('stays when it is the last: asked one after the other, or all at once', async () => {
    const regions = await withReplicas();
    const { east, north, west } = regions.region;
    await pushImage(east.app, 'team/app', 'v1', makeImage('kept', 1));
    await regions.settle();
    await Promise.all([
      call(east, 'DELETE', '/replicas/east'),
      call(north, 'DELETE', '/replicas/north'),
      call(west, 'DELETE', '/replicas/west'),
    ]);
    await regions.minutes(33);
    for (const each of [east, north, west]) await runDue(each);
    await regions.minutes(2);
    const { body } = await call(east, 'GET', '/replicas');
    expect(body).toMatchObject({ replicas: [{ status: 'active' }] });
    const [last] = (body as { replicas: { region: 'east' | 'north' | 'west' }[] }).replicas;
    expect(blobsIn(regions, last?.region ?? 'east')).toBe(2);
    const others = (['east', 'north', 'west'] as const).filter((name) => name !== last?.region);
    for (const name of others) expect((await call(east, 'PUT', `/replicas/${name}`, {})).status).toBe(200);
    for (const name of others) expect((await call(east, 'DELETE', `/replicas/${name}`)).status).toBe(202);
    expect(await call(east, 'DELETE', `/replicas/${last?.region ?? ''}`)).toMatchObject({ status: 409 });
  });
});
