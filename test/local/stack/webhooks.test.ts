import { once } from 'node:events';
import type { IncomingHttpHeaders } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { makeImage } from '../../shared/image.ts';
import { pushOver } from './client.ts';
import type { RunningStack } from './running-stack.ts';
import { startRunningStack, stateFolder } from './running-stack.ts';

let stack: RunningStack;
let state: Awaited<ReturnType<typeof stateFolder>>;
const got: { readonly headers: IncomingHttpHeaders; readonly body: string; readonly at: number }[] = [];
let answers: number[] = [];
const receiver = createServer((request, response) => {
  void text(request).then((body) => {
    got.push({ headers: request.headers, body, at: Date.now() });
    response.writeHead(answers.shift() ?? 204).end();
  });
});

beforeAll(async () => {
  receiver.listen(0, '127.0.0.1');
  [state] = await Promise.all([stateFolder(), once(receiver, 'listening')]);
  stack = await startRunningStack(state.path);
});

afterAll(async () => {
  expect(await stack.stop()).toBe(0);
  receiver.closeAllConnections();
  receiver.close();
  await state.remove();
});

async function api(
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; json: Record<string, unknown> }> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(
    `${stack.url}/api/v1/webhooks/${path}`,
    body === undefined ? { method } : { method, headers, body: JSON.stringify(body) },
  );
  return { status: response.status, json: (await response.json()) as Record<string, unknown> };
}

async function arrivals(count: number) {
  await vi.waitFor(() => expect(got).toHaveLength(count), 20_000);
  return got;
}

describe('a webhook of the stack that npm start runs', () => {
  it('gets a push, once more when it failed, and again when somebody asks: under one id', async () => {
    const { port } = receiver.address() as AddressInfo;
    const made = await api('PUT', 'receiver', {
      serviceUri: `http://127.0.0.1:${port}/`,
      actions: ['push'],
      retrySeconds: [1],
    });
    expect(made.status).toBe(201);
    answers = [500];
    expect(await pushOver(stack.url, 'hooked/app', 'v1', makeImage('hooked'))).toBe(201);
    const [first, second] = await arrivals(2);
    expect(JSON.parse(first?.body ?? '')).toMatchObject({
      action: 'push',
      target: { repository: 'hooked/app', tag: 'v1' },
    });
    expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id']);
    const log = await vi.waitFor(async () => {
      const { json } = await api('GET', 'receiver/deliveries');
      expect(json).toMatchObject({ items: [{ status: 'delivered', attempted: 2 }] });
      return json.items as { id: string; attempts: { response: { status: number } }[] }[];
    }, 5_000);
    expect(log[0]?.attempts.map(({ response }) => response.status)).toEqual([500, 204]);
    expect((await api('POST', `receiver/deliveries/${log[0]?.id ?? ''}/redeliver`)).status).toBe(202);
    expect((await arrivals(3))[2]?.headers['webhook-id']).toBe(first?.headers['webhook-id']);
  });

  it('is pinged while the caller waits, and what came back is in its log', async () => {
    const before = got.length;
    const pinged = await api('POST', 'receiver/ping');
    expect(pinged).toMatchObject({ status: 200, json: { status: 'delivered' } });
    expect(JSON.parse(got[before]?.body ?? '')).toEqual({
      id: pinged.json.id,
      timestamp: expect.any(String) as string,
      action: 'ping',
    });
    expect((await api('GET', `receiver/deliveries/${String(pinged.json.deliveryId)}`)).json).toMatchObject({
      status: 'delivered',
      eventType: 'Longshore.Ping',
      attempts: [{ cause: 'ping' }],
    });
  });

  it('sends again what failed since a time, and says how far that is', async () => {
    expect((await api('PATCH', 'receiver', { giveUpSeconds: 1 })).status).toBe(200);
    answers = [500, 500, 500];
    const before = got.length;
    expect(await api('POST', 'receiver/ping')).toMatchObject({ json: { status: 'expired' } });
    expect(await pushOver(stack.url, 'hooked/expiring', 'v1', makeImage('expiring'))).toBe(201);
    await vi.waitFor(
      async () =>
        expect((await api('GET', 'receiver/deliveries?status=expired&repository=hooked/expiring')).json).toMatchObject({
          items: [{ attempted: 2 }],
        }),
      20_000,
    );
    const begun = await api('POST', 'receiver/redeliver', { since: new Date(Date.now() - 60_000).toISOString() });
    expect(begun).toMatchObject({ status: 202, json: { webhook: 'receiver', state: 'running' } });
    const arrived = await arrivals(before + 4);
    expect(JSON.parse(arrived.at(-1)?.body ?? '')).toMatchObject({ target: { repository: 'hooked/expiring' } });
    await vi.waitFor(
      async () =>
        expect((await api('GET', `receiver/redeliver/${String(begun.json.id)}`)).json).toMatchObject({
          state: 'done',
          redelivered: 1,
        }),
      20_000,
    );
  });

  it.each([
    ['POST', 'nobody1/ping', undefined, 404],
    ['POST', 'receiver/deliveries/dlv_20260101-0123456789abcdefghijklmnopqrstuv/redeliver', undefined, 404],
    ['POST', 'receiver/deliveries/other/redeliver', undefined, 404],
    ['POST', 'receiver/redeliver', { since: 'yesterday' }, 400],
    ['GET', 'receiver/redeliver/none', undefined, 404],
  ])('answers %s %s with why not', async (method, path, body, status) => {
    const refused = await api(method, path, body);
    expect(refused).toMatchObject({
      status,
      json: { errors: [{ code: expect.any(String) as string, message: expect.any(String) as string }] },
    });
  });
});
