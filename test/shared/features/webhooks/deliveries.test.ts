import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { azureDocuments } from '../../../../shared/adapters/azure/documents.ts';
import { connectMemory } from '../../../../shared/adapters/memory/connect.ts';
import { createMemoryWorld } from '../../../../shared/adapters/memory/world.ts';
import { composeForTest } from '../../../../shared/app/compose-for-test.ts';
import type { RegistryName } from '../../../../shared/core/oci/name.ts';
import type { Documents, JsonDocument } from '../../../../shared/core/ports/documents.ts';
import type { CloudEvent } from '../../../../shared/core/ports/topic.ts';
import { deliveryIdOf, deliveryRef } from '../../../../shared/features/webhooks/delivery-id.ts';
import type { Attempt, Delivery } from '../../../../shared/features/webhooks/documents.ts';
import { webhookKey } from '../../../../shared/features/webhooks/documents.ts';
import { findHooks } from '../../../../shared/features/webhooks/find.ts';
import { startDocuments } from '../../../contracts/cosmos.ts';
import { ask } from '../../image.ts';
import { eventOf, pushed } from './events.ts';

const registry = 'default' as RegistryName;

const answered: Attempt = {
  number: 1,
  cause: 'event',
  at: '2026-01-01T12:00:00.100Z',
  ms: 12,
  request: {
    url: 'https://ci.example.com/hooks',
    headers: { 'content-type': 'application/json', authorization: '******', 'webhook-id': 'dlv_x' },
  },
  outcome: {
    is: 'answered',
    status: 200,
    reason: 'OK',
    headers: { 'content-type': 'text/plain' },
    body: 'thanks',
    truncated: false,
  },
};
const unreachable: Attempt = {
  ...answered,
  number: 2,
  cause: 'retry',
  outcome: { is: 'unreachable', why: 'the connection was refused' },
};

function deliveryOf(event: CloudEvent, name: string, rest: Partial<Delivery> = {}): Delivery {
  const { target } = event.data as { target: { repository?: string } };
  const deliveryId = deliveryIdOf(registry, name, event);
  return {
    ...{
      id: deliveryId,
      type: 'delivery',
      schemaVersion: 1,
      webhook: webhookKey(registry, name),
      day: event.time.slice(0, 10),
      registry,
      name,
      uid: 'u1',
      deliveryId,
      event,
      eventType: event.type,
      eventTime: event.time,
    },
    ...(target.repository === undefined ? {} : { repository: target.repository }),
    ...{
      status: 'delivered',
      createdAt: event.time,
      deadline: '2026-01-02T12:00:00.000Z',
      round: 1,
      attempted: 1,
      attempts: [answered],
    },
    ...rest,
  };
}

const at = (event: CloudEvent, time: string): CloudEvent => ({ ...event, time });
const one = at(pushed('team/app', 'v1'), '2026-01-01T23:59:59.000Z');
const two = at(pushed('team/web', 'v1'), '2026-01-02T00:00:00.000Z');
const three = at(eventOf('Longshore.TagMoved'), '2026-01-03T10:00:00.000Z');
const four = at(eventOf('Longshore.WebhookFailing'), '2026-01-03T11:00:00.000Z');
const deliveries = [
  deliveryOf(one, 'deploy'),
  deliveryOf(two, 'deploy', {
    status: 'waiting',
    dueAt: '2026-01-02T00:00:05.000Z',
    attempted: 2,
    attempts: [answered, unreachable],
  }),
  deliveryOf(three, 'deploy', {
    status: 'expired',
    because: 'a day is over',
    endedAt: '2026-01-04T10:00:00.000Z',
    failure: 'rejected',
  }),
  deliveryOf(four, 'deploy'),
  deliveryOf(one, 'other'),
];

interface ListedPage {
  readonly items: { readonly id: string }[];
  readonly nextLink?: string;
}

interface AcrPage {
  readonly value: { readonly id: string; readonly eventRequestMessage: Record<string, unknown> }[];
  readonly nextLink?: string;
}

const stores: readonly (readonly [string, () => Promise<{ documents: Documents; stop: () => Promise<void> }>])[] = [
  [
    'memory',
    () => Promise.resolve({ documents: connectMemory(createMemoryWorld()).documents, stop: () => Promise.resolve() }),
  ],
  [
    'Cosmos DB',
    async () => {
      const emulator = await startDocuments();
      const documents = azureDocuments({ endpoint: emulator.endpoint, key: emulator.key, database: 'longshore' });
      return {
        documents,
        async stop() {
          documents.dispose();
          await emulator.stop();
        },
      };
    },
  ],
];

describe.each(stores)('the log of a webhook in %s', (_, open) => {
  let documents: Documents;
  let stop: () => Promise<void>;
  let app: ReturnType<typeof composeForTest>['app'];
  beforeAll(async () => {
    ({ documents, stop } = await open());
    ({ app } = composeForTest({ adapters: { documents } }));
    for (const name of ['deploy', 'other', 'quiet'])
      await ask(app, 'PUT', `/api/v1/webhooks/${name}`, {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          serviceUri: 'https://ci.example.com/hooks',
          actions: ['push', 'delete'],
          scope: 'team/**',
        }),
      });
    for (const delivery of deliveries)
      await documents.commitDocuments(
        'deliveries',
        [delivery.webhook, delivery.day],
        [{ do: 'create', document: delivery as unknown as JsonDocument }],
      );
  });
  afterAll(() => stop());

  const get = async <T>(path: string, method = 'GET'): Promise<T> =>
    (await ask(app, method, `/api/v1/webhooks/${path}`)).json() as Promise<T>;
  const idsOf = async (query: string) => (await get<ListedPage>(`deploy/deliveries${query}`)).items.map(({ id }) => id);
  const ids = (...events: CloudEvent[]) => events.map((event) => deliveryIdOf(registry, 'deploy', event));

  it.each([
    ['', ids(four, three, two, one)],
    ['?status=waiting', ids(two)],
    ['?status=expired&type=Longshore.TagMoved', ids(three)],
    ['?repository=team%2Fapp', ids(three, one)],
    ['?type=Microsoft.ContainerRegistry.ImagePushed&repository=team%2Fapp', ids(one)],
    ['?since=2026-01-02T00:00:00Z', ids(four, three, two)],
    ['?until=2026-01-02T01:00:00%2B01:00', ids(one)],
    ['?since=2026-01-02T00:00:00Z&until=2026-01-03T11:00:00Z&status=waiting', ids(two)],
    ['?status=cancelled', []],
  ])('is listed by %j, the newest first', async (query, expected) => {
    expect(await idsOf(query)).toEqual(expected);
  });

  it('is listed in pages that leave nothing out', async () => {
    const seen: string[] = [];
    let next: string | undefined = 'deploy/deliveries?limit=1';
    do {
      const page: ListedPage = await get(next);
      expect(page.items.length).toBeLessThanOrEqual(1);
      seen.push(...page.items.map(({ id }) => id));
      next = page.nextLink?.replace('/api/v1/webhooks/', '');
    } while (next !== undefined);
    expect(seen).toEqual(ids(four, three, two, one));
  });

  it('shows every attempt, masked, and of one delivery its event', async () => {
    const [id = ''] = ids(two);
    const shown = await get<object>(`deploy/deliveries/${id}`);
    const { outcome: _answer, ...request } = answered;
    const { outcome: _failure, ...retry } = unreachable;
    const masked = { ...answered.request, url: 'https://ci.example.com/******' };
    expect(shown).toEqual({
      ...{
        id,
        webhook: 'deploy',
        eventId: two.id,
        eventType: two.type,
        eventTime: two.time,
        repository: 'team/web',
        status: 'waiting',
        createdAt: two.time,
      },
      ...{ deadline: '2026-01-02T12:00:00.000Z', nextAttemptAt: '2026-01-02T00:00:05.000Z', attempted: 2, event: two },
      attempts: [
        {
          ...request,
          request: masked,
          response: {
            status: 200,
            reason: 'OK',
            headers: { 'content-type': 'text/plain' },
            body: 'thanks',
            truncated: false,
          },
        },
        { ...retry, request: masked, failure: { is: 'unreachable', why: 'the connection was refused' } },
      ],
    });
  });

  it('says why a delivery is over', async () => {
    expect(await get<object>(`deploy/deliveries/${ids(three)[0] ?? ''}`)).toMatchObject({
      status: 'expired',
      because: 'a day is over',
      endedAt: '2026-01-04T10:00:00.000Z',
      failure: 'rejected',
    });
  });

  it('says what is not there, and which filters are wrong', async () => {
    const status = async (path: string) => (await ask(app, 'GET', `/api/v1/webhooks/${path}`)).status;
    const [id = ''] = ids(one);
    expect([
      await status(`quiet/deliveries/${id}`),
      await status('deploy/deliveries/dlv_nothing'),
      await status('nobody/deliveries'),
      await status('quiet/deliveries'),
    ]).toEqual([404, 404, 404, 200]);
    expect([
      await status('deploy/deliveries?since=yesterday'),
      await status('deploy/deliveries?status=lost'),
      await status('deploy/deliveries?limit=0'),
      await status('deploy/deliveries?repository=Team'),
      await status('deploy/deliveries?type=push'),
    ]).toEqual([400, 400, 400, 400, 400]);
  });

  it("is read in Azure's shape, through its next links", async () => {
    const first = await get<AcrPage>('deploy/listEvents?limit=3', 'POST');
    expect(first.nextLink).toMatch(/^http:\/\/registry\.test\/api\/v1\/webhooks\/deploy\/listEvents\?/);
    const next = new URL(first.nextLink ?? '');
    const second = (await (await ask(app, 'GET', `${next.pathname}${next.search}`)).json()) as AcrPage;
    expect(
      [...first.value, ...second.value].map(
        ({ eventRequestMessage: { content } }) => (content as { action: string; target: object }).action,
      ),
    ).toEqual(['Longshore.WebhookFailing', 'Longshore.TagMoved', 'push', 'push']);
    const {
      actor: _actor,
      withheldUntil: _withheld,
      ...content
    } = one.data as { actor: unknown; withheldUntil: unknown; id: string };
    expect(second.value.at(-1)).toEqual({
      id: content.id,
      eventRequestMessage: {
        content,
        headers: { 'Content-Type': 'application/json', Authorization: '******', 'Webhook-Id': 'dlv_x' },
        method: 'POST',
        requestUri: 'https://ci.example.com/******',
        version: '1.1',
      },
      eventResponseMessage: {
        content: 'thanks',
        headers: { 'Content-Type': 'text/plain' },
        reasonPhrase: 'OK',
        statusCode: '200',
        version: '1.1',
      },
    });
    expect(first.value[2]?.eventRequestMessage).toMatchObject({ content: { target: { repository: 'team/web' } } });
    expect(first.value[2]).not.toHaveProperty('eventResponseMessage');
  });

  it('leads on at the address that clients know, where one is set', async () => {
    const behindFront = composeForTest({
      adapters: { documents },
      settings: { publicUrl: new URL('https://registry.example.com') },
    }).app;
    const page = (await (
      await ask(behindFront, 'POST', '/api/v1/webhooks/deploy/listEvents?limit=1')
    ).json()) as AcrPage;
    expect(page.nextLink).toMatch(
      /^https:\/\/registry\.example\.com\/api\/v1\/webhooks\/deploy\/listEvents\?limit=1&continuation=/,
    );
  });

  it('is of a hook that a query for its events finds', async () => {
    expect((await findHooks(documents, registry, pushed('team/a/b', 'v1'))).map(({ name }) => name).sort()).toEqual([
      'deploy',
      'other',
      'quiet',
    ]);
    expect(await findHooks(documents, registry, pushed('teams', 'v1'))).toEqual([]);
  });

  it('can be read when the hook is gone', async () => {
    const removed = deliveryOf(one, 'removed');
    await documents.commitDocuments(
      'deliveries',
      [removed.webhook, removed.day],
      [{ do: 'create', document: removed as unknown as JsonDocument }],
    );
    expect((await get<ListedPage>('removed/deliveries')).items).toHaveLength(1);
    expect(
      await documents.readDocument(
        deliveryRef(registry, 'removed', removed.id) ?? { container: 'deliveries', partition: [], id: '' },
      ),
    ).toBeDefined();
  });
});
