import { describe, expect, it } from 'vitest';
import subscriptions from '../../infra/event-subscriptions.json' with { type: 'json' };
import { createMemoryWorld } from '../../shared/adapters/memory/world.ts';
import { composeForTest } from '../../shared/compose-for-test.ts';
import { catalogue } from '../../shared/events/catalogue.ts';
import { mediaTypes } from '../../shared/oci/media-types.ts';
import { ask, makeImage, pushBlob, pushImage } from '../shared/image.ts';
import { composeRegion, regionNames } from '../shared/regions/composed.ts';
import { json, put } from './manifests.ts';
import { deliverEvents } from '../shared/usage/counting.ts';

type Handler = 'recordUsage' | 'markTouched' | 'planReplication' | 'learnBases' | 'planBuild' | 'dispatchWebhooks';

const handlers: Readonly<Record<string, Handler>> = { 'webhooks-dispatch': 'dispatchWebhooks', 'usage-record': 'recordUsage', 'purge-touched': 'markTouched', 'replication-plan': 'planReplication', 'builds-learn': 'learnBases', 'builds-plan': 'planBuild' };

/** The types of the catalogue that a handler asks a store about: it does nothing with the others. */
async function handled(handler: Handler): Promise<string[]> {
  const types: string[] = [];
  for (const [type, { example }] of Object.entries(catalogue)) {
    const longshore = composeRegion(createMemoryWorld(), regionNames[0]);
    await longshore[handler]({ specversion: '1.0', id: 'e1', source: '/longshore', time: '2026-01-01T12:00:00.000Z', subject: 'x', datacontenttype: 'application/json', type, data: example }).catch(() => undefined);
    if (longshore.near.total() + longshore.memory.calls.total() > 0) types.push(type);
  }
  return types.sort();
}

describe('each subscription of Event Grid', () => {
  it.each(subscriptions.subscriptions)('brings $destination.function the events that it acts on, and no others ($name)', async ({ destination, ...subscription }) => {
    const handler = handlers[destination.function];
    if (handler === undefined) throw new Error(`no handler is known of ${destination.function}`);
    const wanted = 'filter' in subscription ? (subscription.filter as { includedEventTypes: string[] }).includedEventTypes.toSorted() : Object.keys(catalogue).sort();
    expect(await handled(handler)).toEqual(wanted);
  });
});

describe('a repository whose counters have drifted', () => {
  it('is counted anew by the survey: what was restored unseen, and what is gone unseen', async () => {
    const longshore = composeForTest();
    const { app, world } = longshore;
    const [kept, gone] = [makeImage('kept'), makeImage('gone', 4)];
    await pushImage(app, 'team/app', 'kept', kept);
    await pushImage(app, 'team/app', 'gone', gone);
    await pushImage(app, 'team/other', 'v1', kept);
    await deliverEvents(longshore);
    const before = (await json(app, 'GET', '/api/v1/usage?repository=team/app')).body;
    await ask(app, 'DELETE', `/v2/team/app/manifests/${kept.digest}`);
    await deliverEvents(longshore);
    await json(app, 'POST', '/api/v1/bin/restore', { repository: 'team/app', digest: kept.digest });
    // Neither the restore nor the deletion of the other is ever told of.
    await ask(app, 'DELETE', `/v2/team/app/manifests/${gone.digest}`);
    expect(world.region().events.log.length).toBeGreaterThan(0);
    await longshore.surveyUsage();
    const after = (await json(app, 'GET', '/api/v1/usage?repository=team/app')).body;
    expect(after.images).toBe(1);
    expect(after.bytes).toBe(kept.bytes.length + kept.config.length + kept.layers.reduce((sum, layer) => sum + layer.length, 0));
    expect(before.images).toBe(2);
    expect((await json(app, 'GET', '/api/v1/usage?repository=team/other')).body).toMatchObject({ images: 1 });
  });

  it('knows what a deletion would free once a restored image needs it too', async () => {
    const longshore = composeForTest();
    const { app } = longshore;
    const layer = Buffer.from('s'.repeat(10_000));
    const digest = await pushBlob(app, 'team/app', layer);
    const pushed = [];
    for (const tag of ['a', 'b']) {
      const config = Buffer.from(JSON.stringify({ tag }));
      pushed.push(await put(app, 'team/app', tag, { config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: await pushBlob(app, 'team/app', config), size: config.length }, layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar', digest, size: layer.length }] }, mediaTypes.ociManifest));
    }
    await ask(app, 'DELETE', `/v2/team/app/manifests/${pushed[0]?.digest ?? ''}`);
    await deliverEvents(longshore);
    await json(app, 'POST', '/api/v1/bin/restore', { repository: 'team/app', digest: pushed[0]?.digest });
    await deliverEvents(longshore);
    const { sizes } = (await json(app, 'GET', '/api/v1/usage?repository=team/app&tag=b')).body as { sizes: { freedBytes: number } };
    expect(sizes.freedBytes).toBeLessThan(layer.length);
  });
});
