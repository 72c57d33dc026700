import { readFile } from 'node:fs/promises';
import { HTTP } from 'cloudevents';
import { describe, expect, it } from 'vitest';
import type { SubscriptionInput } from '../../../emulators/event-grid/subscription.ts';
import { azureTopic } from '../../../shared/adapters/azure/topic.ts';
import type { EventType } from '../../../shared/core/events/catalogue.ts';
import { catalogue, eventTypes } from '../../../shared/core/events/catalogue.ts';
import { parseEvent } from '../../../shared/core/events/envelope.ts';
import type { CloudEvent } from '../../../shared/core/ports/topic.ts';
import { renderBody } from '../../../shared/features/webhooks/body.ts';
import { startReceiver } from './receiver.ts';
import { keys, startTopic, webhook } from './topic-fixture.ts';

type Filter = NonNullable<SubscriptionInput['filter']>;

const page = await readFile(new URL('../../../docs/event-grid.md', import.meta.url), 'utf8');
/** The filters that the page shows, in its order. */
const [ofTeam, ofTwoRepositories, ofDeployedTags] = [...page.matchAll(/```json filter\n(.*?)```/gs)].map(
  ([, text = '']) => JSON.parse(text) as Filter,
);

/** The example of a type, about another target. */
function happened(type: EventType, target: Readonly<Record<string, string>> = {}, actor = 'anonymous'): CloudEvent {
  const { example } = catalogue[type];
  const data = {
    ...example,
    actor: { name: actor },
    target: { ...('target' in example ? example.target : {}), ...target },
  };
  return {
    specversion: '1.0',
    id: crypto.randomUUID(),
    source: '/longshore',
    type,
    subject: 'team/app',
    time: '2026-01-01T12:00:00.000Z',
    datacontenttype: 'application/json',
    data,
  };
}

/** Returns the events that a subscription with the filter gets, published as the app does it. */
async function received(filter: Filter | undefined, events: readonly CloudEvent[]): Promise<Record<string, unknown>[]> {
  const last = happened('Longshore.RepositoryCreated');
  await using receiver = await startReceiver();
  await using end = await startReceiver();
  const subscriptions = [webhook(receiver.url, { name: 'filtered', filter }), webhook(end.url, { name: 'everything' })];
  await using topic = await startTopic({ subscriptions });
  const publisher = azureTopic({ endpoint: topic.endpoint, key: keys[0] });
  for (const event of [...events, last]) await publisher.publishEvents([event]);
  await end.whenReceived(events.length + 1);
  await expect.poll(() => topic.pending()).toBe(0);
  return receiver.events().filter(({ id }) => id !== last.id);
}

/** In one order: none is promised. */
function told(events: readonly Partial<CloudEvent>[]): string[] {
  return events.map(({ id = '', type = '' }) => `${id} ${type}`).sort();
}

describe("a user's own subscription", () => {
  it('gets each type of event of the catalogue as a webhook does, readable by the CloudEvents SDK', async () => {
    const events = eventTypes.map((type) => happened(type));
    await using receiver = await startReceiver();
    await using topic = await startTopic({ subscriptions: [webhook(receiver.url)] });
    const publisher = azureTopic({ endpoint: topic.endpoint, key: keys[0] });
    await publisher.publishEvents(events);
    const requests = await receiver.whenReceived(events.length);
    for (const event of events) {
      const request = requests.find(({ body }) => body.includes(event.id));
      const body = request?.body ?? '';
      expect(JSON.parse(body)).toEqual(event);
      expect(HTTP.toEvent({ headers: request?.headers ?? {}, body })).toMatchObject({
        id: event.id,
        type: event.type,
        source: '/longshore',
        data: event.data,
      });
      expect(parseEvent(JSON.parse(body)).id).toBe(event.id);
      expect(JSON.parse(renderBody('cloudevents', event).body)).toEqual(event);
    }
  });

  it('to one team gets pushes to what lies below its path, and to no other', async () => {
    const wanted = [
      happened('Microsoft.ContainerRegistry.ImagePushed', { repository: 'team/app' }),
      happened('Microsoft.ContainerRegistry.ImagePushed', { repository: 'team/deep/er/app' }),
      happened('Microsoft.ContainerRegistry.ChartPushed', { repository: 'team/chart' }),
    ];
    const others = [
      happened('Microsoft.ContainerRegistry.ImagePushed', { repository: 'teams/app' }),
      happened('Microsoft.ContainerRegistry.ImagePushed', { repository: 'other/team/app' }),
      happened('Microsoft.ContainerRegistry.ImageDeleted', { repository: 'team/app' }),
      happened('Longshore.TagMoved', { repository: 'team/app' }),
    ];
    expect(told(await received(ofTeam, [...others, ...wanted]))).toEqual(told(wanted));
  });

  it('to two repositories gets everything about them, but not what one actor did', async () => {
    const wanted = eventTypes.map((type) =>
      happened(type, { repository: type.length % 2 === 0 ? 'team/app' : 'team/api' }),
    );
    const others = [
      happened('Microsoft.ContainerRegistry.ImagePushed', { repository: 'team/app/below' }),
      happened('Microsoft.ContainerRegistry.ImagePushed', { repository: 'team/app' }, 'robot'),
    ];
    expect(told(await received(ofTwoRepositories, [...others, ...wanted]))).toEqual(told(wanted));
  });

  it('to tags gets what concerns them in any repository, and nothing that has no tag', async () => {
    const wanted = [
      happened('Microsoft.ContainerRegistry.ImagePushed', { repository: 'any', tag: 'latest' }),
      happened('Longshore.TagMoved', { tag: 'stable' }),
      happened('Longshore.TagDeleted', { tag: 'stable' }),
    ];
    const others = [
      happened('Microsoft.ContainerRegistry.ImagePushed', { tag: 'latest-2' }),
      happened('Microsoft.ContainerRegistry.ImageDeleted'),
      happened('Longshore.RepositoryDeleted'),
    ];
    expect(told(await received(ofDeployedTags, [...others, ...wanted]))).toEqual(told(wanted));
  });

  it('to a web hook starts with its consent', async () => {
    await using receiver = await startReceiver(({ method }, response) => {
      if (method === 'OPTIONS') response.setHeader('WebHook-Allowed-Origin', 'eventgrid.azure.net');
      return 200;
    });
    await using topic = await startTopic();
    expect(
      await topic.addSubscription({
        name: 'asking',
        destination: { type: 'WebHook', url: receiver.url, validate: true },
      }),
    ).toBe(true);
    await azureTopic({ endpoint: topic.endpoint, key: keys[0] }).publishEvents([happened('Longshore.TagMoved')]);
    const [asked, told] = await receiver.whenReceived(2);
    expect(asked).toMatchObject({ method: 'OPTIONS', headers: { 'webhook-request-origin': 'eventgrid.azure.net' } });
    expect(told?.method).toBe('POST');
  });
});
