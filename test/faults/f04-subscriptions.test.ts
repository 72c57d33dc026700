import { describe, expect, it } from 'vitest';
import subscriptions from '../../infra/event-subscriptions.json' with { type: 'json' };
import { createMemoryWorld } from '../../shared/adapters/memory/world.ts';
import type { TestLongshore } from '../../shared/app/compose-for-test.ts';
import { composeForTest } from '../../shared/app/compose-for-test.ts';
import { catalogue } from '../../shared/core/events/catalogue.ts';
import { mediaTypes } from '../../shared/core/oci/media-types.ts';
import { composeRegion, regionNames } from '../shared/core/regions/composed.ts';
import { deliverEvents } from '../shared/features/usage/counting.ts';
import type { TestImage } from '../shared/image.ts';
import { ask, makeImage, pushBlob, pushImage } from '../shared/image.ts';
import { json, put } from './manifests.ts';

/** The types of the catalogue that a handler asks a store about: it does nothing with the others. */
async function handled(consumer: string): Promise<string[]> {
  const types: string[] = [];
  for (const [type, { example }] of Object.entries(catalogue)) {
    const longshore = composeRegion(createMemoryWorld(), regionNames[0]);
    const events: Readonly<Record<string, (event: unknown) => Promise<void>>> = longshore.events;
    await events[consumer]?.({
      specversion: '1.0',
      id: 'e1',
      source: '/longshore',
      time: '2026-01-01T12:00:00.000Z',
      subject: 'x',
      datacontenttype: 'application/json',
      type,
      data: example,
    }).catch(() => undefined);
    if (longshore.near.total() + longshore.memory.calls.total() > 0) types.push(type);
  }
  return types.sort();
}

/** The event types that each consumer says it acts on. */
const consumers: Readonly<Record<string, readonly string[]>> = composeForTest().subscriptions;

describe('each subscription of Event Grid', () => {
  it('is of one consumer, and each consumer has one', () => {
    const functions = subscriptions.subscriptions.map(({ destination }) => destination.function);
    expect(functions.toSorted()).toEqual(Object.keys(consumers).toSorted());
  });

  it.each(subscriptions.subscriptions)(
    'brings $destination.function the events that it acts on, and no others ($name)',
    async ({ destination, ...subscription }) => {
      expect(Object.keys(consumers)).toContain(destination.function);
      const wanted =
        'filter' in subscription ? subscription.filter.includedEventTypes.toSorted() : Object.keys(catalogue).sort();
      expect(await handled(destination.function)).toEqual(wanted);
      expect(consumers[destination.function]?.toSorted()).toEqual(wanted);
    },
  );
});

describe('a repository whose counters have drifted', () => {
  const sizeOf = (image: TestImage) =>
    image.bytes.length + image.config.length + image.layers.reduce((sum, layer) => sum + layer.length, 0);
  const usage = async ({ app }: TestLongshore, repository: string) =>
    (await json(app, 'GET', `/api/v1/usage?repository=${repository}`)).body;
  const restore = ({ app }: TestLongshore, repository: string, { digest }: TestImage) =>
    json(app, 'POST', '/api/v1/bin/restore', { repository, digest });

  it('is counted anew by the survey: what was restored unseen, what is gone unseen, and what was never told of', async () => {
    const longshore = composeForTest();
    const { app } = longshore;
    const [kept, other] = [makeImage('kept'), makeImage('other', 4)];
    for (const repository of ['team/back', 'team/gone', 'team/same'])
      for (const [tag, image] of [
        ['kept', kept],
        ['other', other],
      ] as const)
        await pushImage(app, repository, tag, image);
    await deliverEvents(longshore);
    await ask(app, 'DELETE', `/v2/team/back/manifests/${other.digest}`);
    await deliverEvents(longshore);
    // From here on no event comes.
    await restore(longshore, 'team/back', other);
    await ask(app, 'DELETE', `/v2/team/gone/manifests/${other.digest}`);
    await pushImage(app, 'team/new', 'v1', kept);
    expect(await usage(longshore, 'team/back')).toMatchObject({ images: 1 });
    await longshore.timers['usage-survey']();
    expect(await usage(longshore, 'team/back')).toMatchObject({ images: 2, bytes: sizeOf(kept) + sizeOf(other) });
    expect(await usage(longshore, 'team/gone')).toMatchObject({ images: 1, bytes: sizeOf(kept) });
    expect(await usage(longshore, 'team/same')).toMatchObject({ images: 2, bytes: sizeOf(kept) + sizeOf(other) });
    expect(await usage(longshore, 'team/new')).toMatchObject({ images: 1, bytes: sizeOf(kept) });
    // Events that come after all change nothing any more.
    await deliverEvents(longshore);
    expect(await usage(longshore, 'team/back')).toMatchObject({ images: 2, bytes: sizeOf(kept) + sizeOf(other) });
    expect(await usage(longshore, 'team/gone')).toMatchObject({ images: 1, bytes: sizeOf(kept) });
  });

  it('is looked through once, whatever its numbers, when an older version has counted it', async () => {
    const longshore = composeForTest();
    const { app } = longshore;
    const [kept, gone] = [makeImage('kept'), makeImage('gone', 4)];
    for (const [tag, image] of [
      ['kept', kept],
      ['gone', gone],
    ] as const)
      await pushImage(app, 'team/app', tag, image);
    await ask(app, 'DELETE', `/v2/team/app/manifests/${kept.digest}`);
    await deliverEvents(longshore);
    // One comes and one goes: the number stays.
    await restore(longshore, 'team/app', kept);
    await ask(app, 'DELETE', `/v2/team/app/manifests/${gone.digest}`);
    await longshore.memory.documents.commitDocuments(
      'usage',
      ['default', 'team/app'],
      [{ do: 'patch', id: 'total', set: { measured: false } }],
    );
    await longshore.timers['usage-survey']();
    expect(await usage(longshore, 'team/app')).toMatchObject({ images: 1, bytes: sizeOf(kept) });
  });

  it('knows what a deletion would free once a restored image needs it too', async () => {
    const longshore = composeForTest();
    const { app } = longshore;
    const layer = Buffer.from('s'.repeat(10_000));
    const digest = await pushBlob(app, 'team/app', layer);
    const pushed = [];
    for (const tag of ['a', 'b']) {
      const config = Buffer.from(JSON.stringify({ tag }));
      pushed.push(
        await put(
          app,
          'team/app',
          tag,
          {
            config: {
              mediaType: 'application/vnd.oci.image.config.v1+json',
              digest: await pushBlob(app, 'team/app', config),
              size: config.length,
            },
            layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar', digest, size: layer.length }],
          },
          mediaTypes.ociManifest,
        ),
      );
    }
    await ask(app, 'DELETE', `/v2/team/app/manifests/${pushed[0]?.digest ?? ''}`);
    await deliverEvents(longshore);
    await json(app, 'POST', '/api/v1/bin/restore', { repository: 'team/app', digest: pushed[0]?.digest });
    await deliverEvents(longshore);
    const { sizes } = (await json(app, 'GET', '/api/v1/usage?repository=team/app&tag=b')).body as {
      sizes: { freedBytes: number };
    };
    expect(sizes.freedBytes).toBeLessThan(layer.length);
  });
});
