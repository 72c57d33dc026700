import { CloudEvent, HTTP } from 'cloudevents';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type FunctionsHost, startFunctionsHost } from '../../../emulators/functions-host/start.ts';
import type * as EventGridApp from './apps/event-grid.ts';
import { recordedLog } from './recorded-log.ts';

let host: FunctionsHost;
let app: typeof EventGridApp;
beforeAll(async () => {
  host = await startFunctionsHost({
    load: async () => {
      app = await import('./apps/event-grid.ts');
    },
    hostJson: { version: '2.0' },
    env: { FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: '100000' },
    log: recordedLog().log,
  });
});
afterAll(() => host.stop());
beforeEach(() => {
  app.seen.length = 0;
});

const url = (name: string) => `${host.url}/runtime/webhooks/EventGrid?functionName=${name}`;
const post = (name: string, body: unknown, headers: Record<string, string> = { 'aeg-event-type': 'Notification' }) =>
  fetch(url(name), {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
const pushed = (id: string, subject = 'team/app:v1') => ({
  id,
  subject,
  eventType: 'Microsoft.ContainerRegistry.ImagePushed',
  eventTime: '2026-01-01T00:00:00Z',
  data: { target: { tag: 'v1' } },
  dataVersion: '1',
});

describe('a delivery', () => {
  it('of a CloudEvent gives the function that event', async () => {
    const message = HTTP.structured(
      new CloudEvent({
        id: '1',
        source: '/registries/a',
        type: 'Microsoft.ContainerRegistry.ImagePushed',
        subject: 'team/app:v1',
        data: { target: { tag: 'v1' } },
      }),
    );
    const response = await fetch(url('on-push'), {
      method: 'POST',
      headers: { ...(message.headers as Record<string, string>), 'aeg-event-type': 'Notification' },
      body: String(message.body),
    });
    expect(response.status).toBe(202);
    expect(app.seen).toHaveLength(1);
    expect(app.seen[0]?.event).toMatchObject({ id: '1', specversion: '1.0', data: { target: { tag: 'v1' } } });
    expect(app.seen[0]?.metadata).toMatchObject({ data: { target: { tag: 'v1' } } });
  });

  it('of several events runs the function once for each', async () => {
    expect((await post('on-push', [pushed('1'), pushed('2'), pushed('3')])).status).toBe(202);
    expect(app.seen.map((one) => one.event['id']).sort()).toEqual(['1', '2', '3']);
  });

  it('gets 500 when one event fails, after all were tried, so that Event Grid sends it again', async () => {
    const response = await post('on-push', [pushed('1', 'bad'), pushed('2')]);
    expect(response.status).toBe(500);
    expect(await response.text()).toBe('cannot take this one');
    expect(app.seen).toHaveLength(2);
  });

  it('is retried inside the host where the function has a retry policy', async () => {
    expect((await post('on-flaky', pushed('1'))).status).toBe(202);
    expect(app.seen.map((one) => one.retryCount)).toEqual([0, 1, 2]);
  });

  it('that is not JSON, not an object, or too large gets 500', async () => {
    expect((await post('on-push', '{')).status).toBe(500);
    expect((await post('on-push', '7')).status).toBe(500);
    expect((await post('on-push', [pushed('1', 'x'.repeat(120_000))])).status).toBe(500);
    expect(app.seen).toEqual([]);
  });

  it('to a function that is not there gets 404, and one without the event type header 400', async () => {
    expect((await post('absent', pushed('1'))).status).toBe(404);
    expect((await post('on-push', pushed('1'), {})).status).toBe(400);
    expect((await fetch(url('on-push'))).status).toBe(400);
  });

  it('finds the webhook whatever the case of its path', async () => {
    const response = await fetch(url('on-push').replace('EventGrid', 'eventgrid'), {
      method: 'POST',
      headers: { 'aeg-event-type': 'Notification' },
      body: '[]',
    });
    expect(response.status).toBe(202);
  });
});

describe('the handshake', () => {
  const validation = { 'aeg-event-type': 'SubscriptionValidation' };
  it.each([
    [
      'the Event Grid schema',
      [
        {
          id: '1',
          eventType: 'Microsoft.EventGrid.SubscriptionValidationEvent',
          data: { validationCode: 'c0de', validationUrl: 'https://x.test' },
        },
      ],
    ],
    ['a CloudEvent with its data as text', { specversion: '1.0', data: JSON.stringify({ validationCode: 'c0de' }) }],
    ['a CloudEvent with its data as an object', { specversion: '1.0', data: { validationCode: 'c0de' } }],
  ])('in %s answers with the code', async (_, body) => {
    const response = await post('on-push', body, validation);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ validationResponse: 'c0de' });
    expect(app.seen).toEqual([]);
  });

  it('of CloudEvents allows the origin that asks', async () => {
    const response = await fetch(url('on-push'), {
      method: 'OPTIONS',
      headers: { 'webhook-request-origin': 'eventgrid.azure.net' },
    });
    expect(response.status).toBe(200);
    expect(response.headers.get('webhook-allowed-origin')).toBe('eventgrid.azure.net');
  });

  it('lets a subscription be deleted', async () => {
    expect((await post('on-push', [], { 'aeg-event-type': 'SubscriptionDeletion' })).status).toBe(400);
    expect((await post('on-push', [], { 'aeg-event-type': 'Unsubscribe' })).status).toBe(202);
  });
});
