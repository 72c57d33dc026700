import { describe, expect, it } from 'vitest';
import { CallPlan } from '../../../../shared/adapters/memory/calls.ts';
import { createMemoryWorld } from '../../../../shared/adapters/memory/world.ts';
import { composeForTest } from '../../../../shared/app/compose-for-test.ts';
import { catalogue, eventTypes } from '../../../../shared/core/events/catalogue.ts';
import { parseEvent } from '../../../../shared/core/events/envelope.ts';
import { sweepAge } from '../../../../shared/core/events/outbox.ts';
import { digestOf } from '../../../../shared/core/oci/digest.ts';
import { ask, makeImage, pushBlob, pushImage, putManifest } from '../../image.ts';
import { publishedTypes } from './asking.ts';

const helm = { config: { mediaType: 'application/vnd.cncf.helm.config.v1+json', digest: '', size: 0 } };

function makeChart(annotations: Record<string, string> = {}) {
  const image = makeImage('chart', 1);
  const config = { ...helm.config, digest: digestOf(image.config), size: image.config.length };
  return makeImage('chart', 1, { config, annotations });
}

describe('the catalogue', () => {
  it.each(eventTypes)('has an example of %s that is one', (type) => {
    expect(catalogue[type].data.safeParse(catalogue[type].example).error).toBeUndefined();
  });
});

describe('a Helm chart', () => {
  it('is told of as ACR does, pushed and deleted, and counted as an image is', async () => {
    const longshore = composeForTest();
    const { app, world } = longshore;
    const chart = makeChart({
      'org.opencontainers.image.title': 'mychart',
      'org.opencontainers.image.version': '1.0.0+build',
    });
    await pushImage(app, 'charts/mychart', '1.0.0_build', chart);
    await ask(app, 'DELETE', `/v2/charts/mychart/manifests/${chart.digest}`);
    const told = world
      .region()
      .events.log.filter(({ type }) => type.includes('Chart'))
      .map((event) => parseEvent(event));
    const target = {
      mediaType: 'application/vnd.acr.helm.chart',
      size: chart.layers[0]?.length,
      digest: chart.digest,
      repository: 'charts/mychart',
      tag: 'mychart-1.0.0+build.tgz',
      name: 'mychart',
      version: '1.0.0+build',
    };
    expect(told.map(({ type, subject, data }) => ({ type, subject, target: data.target }))).toEqual([
      { type: 'Microsoft.ContainerRegistry.ChartPushed', subject: 'mychart:1.0.0+build', target },
      { type: 'Microsoft.ContainerRegistry.ChartDeleted', subject: 'mychart:1.0.0+build', target },
    ]);
    expect(publishedTypes(longshore).filter((type) => type.includes('Image'))).toEqual([]);
    for (const event of world.region().events.log) await longshore.events['usage-record'](event);
    const usage = await ask(app, 'GET', '/api/v1/usage?repository=charts/mychart');
    expect(await usage.json()).toMatchObject({ repository: 'charts/mychart', pushes: 1, images: 0, bytes: 0 });
  });

  it('without annotations is named by its repository, and its version is its tag', async () => {
    const { app, world } = composeForTest();
    await pushImage(app, 'charts/mychart', '2.0.0_rc', makeChart());
    const told = world.region().events.log.find(({ type }) => type.endsWith('ChartPushed'));
    expect(told).toMatchObject({
      subject: 'mychart:2.0.0+rc',
      data: { target: { name: 'mychart', version: '2.0.0+rc' } },
    });
  });
});

describe('a new repository', () => {
  it('is told of once, with its first push', async () => {
    const longshore = composeForTest();
    await pushImage(longshore.app, 'a/b', 'v1', makeImage('one', 1));
    await pushImage(longshore.app, 'a/b', 'v2', makeImage('two', 1));
    expect(publishedTypes(longshore)).toEqual([
      'Microsoft.ContainerRegistry.ImagePushed',
      'Longshore.RepositoryCreated',
      'Microsoft.ContainerRegistry.ImagePushed',
    ]);
    expect(longshore.world.region().events.log[1]).toMatchObject({
      subject: 'a/b',
      data: { target: { repository: 'a/b' }, actor: { name: 'anonymous' }, request: { method: 'PUT' } },
    });
  });

  it('is told of under one id, whatever call its first pushes die at', async () => {
    const image = makeImage('first', 1);
    for (let n = 1; n <= 12; n++) {
      let now = Date.now();
      const world = createMemoryWorld({ clock: { now: () => new Date(now) } });
      for (const blob of [image.config, ...image.layers]) await pushBlob(composeForTest({ world }).app, 'a/b', blob);
      await putManifest(
        composeForTest({ world, connection: { calls: new CallPlan().crashAfter(n) } }).app,
        'a/b',
        'v1',
        image,
      );
      const next = composeForTest({ world });
      await pushImage(next.app, 'a/b', 'v1', image);
      now += sweepAge + 1;
      await next.timers['events-sweep']();
      const created = world.region().events.log.filter(({ type }) => type === 'Longshore.RepositoryCreated');
      expect(new Set(created.map(({ id }) => id)).size, `crash after ${n}`).toBe(1);
      expect(await (await ask(next.app, 'GET', '/v2/_catalog')).json()).toEqual({ repositories: ['a/b'] });
    }
  });

  it('has one entry and one event when many push to it at once', async () => {
    const { app, world } = composeForTest();
    const images = Array.from({ length: 12 }, (_, index) => makeImage(`image ${index}`, 1));
    for (const image of images) for (const blob of [image.config, ...image.layers]) await pushBlob(app, 'a/b', blob);
    const pushed = await Promise.all(images.map((image, index) => putManifest(app, 'a/b', `v${index % 3}`, image)));
    expect(pushed.map(({ status }) => status)).toEqual(images.map(() => 201));
    const ids = world
      .region()
      .events.log.filter(({ type }) => type === 'Longshore.RepositoryCreated')
      .map(({ id }) => id);
    expect(new Set(ids).size).toBe(1);
  });
});
