import type { CloudEventV1 } from 'cloudevents';
import { HTTP } from 'cloudevents';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { parseEvent } from '../../../shared/core/events/envelope.ts';
import { sized } from '../../deep.ts';
import { makeImage } from '../../shared/image.ts';
import { pullOver, pushOver } from './client.ts';
import { startReceiver } from './receiver.ts';
import type { RunningStack } from './running-stack.ts';
import { startRunningStack, stateFolder } from './running-stack.ts';

let stack: RunningStack;
let state: Awaited<ReturnType<typeof stateFolder>>;
let receiver: Awaited<ReturnType<typeof startReceiver>>;

beforeAll(async () => {
  [state, receiver] = await Promise.all([stateFolder(), startReceiver()]);
  stack = await startRunningStack(state.path, ['--subscriber', receiver.url]);
});

afterAll(async () => {
  expect(await stack.stop()).toBe(0);
  await receiver.stop();
  await state.remove();
});

const hosts = ['url', 'functionsUrl'] as const;

function pushedDigest(body: string): string {
  const event = parseEvent(JSON.parse(body));
  if (event.type !== 'Microsoft.ContainerRegistry.ImagePushed') throw new Error(`no push: ${body}`);
  return event.data.target.digest;
}

async function usage(repository: string) {
  return (await (await fetch(`${stack.url}/api/v1/usage?repository=${repository}`)).json()) as {
    pushes?: number;
    images?: number;
  };
}

describe.each(hosts)('the stack that npm start runs, by its %s', (host) => {
  it('takes an image and gives it back, byte for byte', async () => {
    const image = makeImage(`pushed by ${host}`, 3);
    expect(await pushOver(stack[host], `${host.toLowerCase()}/app`, 'v1', image)).toBe(201);
    expect(await pullOver(stack[host], `${host.toLowerCase()}/app`, 'v1', image)).toBe('whole');
    expect(await pullOver(stack[host], `${host.toLowerCase()}/app`, image.digest, image)).toBe('whole');
  });

  it("keeps a manifest that has properties named as the host's own trigger data", async () => {
    const image = makeImage('trap', 1, {
      Headers: { 'content-type': 'text/plain', 'user-agent': 'forged' },
      Query: { digest: 'sha256:0' },
      path: 'elsewhere',
    });
    expect(await pushOver(stack[host], `${host.toLowerCase()}/trap`, 'v1', image)).toBe(201);
    expect(await pullOver(stack[host], `${host.toLowerCase()}/trap`, 'v1', image)).toBe('whole');
  });

  it('tells of it as ACR does, and changes its attributes', async () => {
    const repository = `${host.toLowerCase()}/told-of`;
    await pushOver(stack[host], repository, 'v1', makeImage(`told of by ${host}`));
    const tag = `${stack[host]}/acr/v1/${repository}/_tags/v1`;
    const changed = await fetch(tag, { method: 'PATCH', body: JSON.stringify({ writeEnabled: false }) });
    expect([changed.status, await changed.json()]).toMatchObject([
      200,
      { imageName: repository, tag: { name: 'v1', changeableAttributes: { writeEnabled: false } } },
    ]);
    expect(await pushOver(stack[host], repository, 'v1', makeImage('another'))).toBe(405);
    const listed = await fetch(`${stack[host]}/acr/v1/${repository}/_manifests?orderby=timedesc`);
    expect(await listed.json()).toMatchObject({ manifests: [{ architecture: 'amd64', os: 'linux', tags: ['v1'] }] });
    expect(await (await fetch(`${stack[host]}/v2/_catalog`)).json()).toMatchObject({
      repositories: expect.arrayContaining([repository]) as string[],
    });
  });

  it('answers a wrong verb with 405 and what is allowed', async () => {
    const refused = await fetch(`${stack[host]}/v2/a/b/tags/list`, { method: 'DELETE' });
    expect([refused.status, refused.headers.get('allow')]).toEqual([405, 'GET']);
  });

  it('says on /healthz that all it depends on is up', async () => {
    const health = await fetch(`${stack[host]}/healthz`);
    expect(health.status).toBe(200);
    expect(((await health.json()) as { dependencies: { up: boolean }[] }).dependencies.map(({ up }) => up)).toEqual([
      true,
      true,
      true,
      true,
    ]);
  });

  it('gives a request id with every answer', async () => {
    expect((await fetch(`${stack[host]}/v2/`)).headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe('the event of a push', () => {
  it("reaches a subscriber as a valid CloudEvent with ACR's payload", async () => {
    const image = makeImage('told');
    await pushOver(stack.url, 'told/app', 'v7', image);
    const delivery = await vi.waitFor(() => {
      const found = receiver.deliveries.find(({ body }) => body.includes(image.digest));
      if (found === undefined) throw new Error('not delivered yet');
      return found;
    }, 5_000);
    const event = HTTP.toEvent({ headers: delivery.headers, body: delivery.body }) as CloudEventV1<unknown>;
    expect(event).toMatchObject({
      specversion: '1.0',
      type: 'Microsoft.ContainerRegistry.ImagePushed',
      subject: 'told/app:v7',
    });
    expect(parseEvent(JSON.parse(delivery.body)).data.target).toEqual({
      mediaType: image.mediaType,
      size: image.bytes.length,
      length: image.bytes.length,
      digest: image.digest,
      repository: 'told/app',
      tag: 'v7',
    });
  });

  it('reaches it within a second at the 99th percentile of many pushes, and usage counts each', async () => {
    const pushes = sized(20, 200);
    const pushedAt = new Map<string, number>();
    for (let n = 0; n < pushes; n++) {
      const image = makeImage(`measured ${n}`, 1, {}, 'one layer for all');
      expect(await pushOver(stack.url, 'measured/app', `t${n}`, image)).toBe(201);
      pushedAt.set(image.digest, Date.now());
    }
    const arrived = () =>
      receiver.deliveries.filter(
        ({ body }) => body.includes('"measured/app"') && body.includes('ContainerRegistry.ImagePushed'),
      );
    await vi.waitFor(() => expect(arrived()).toHaveLength(pushes), 10_000);
    const lags = arrived()
      .map(({ body, at }) => at - (pushedAt.get(pushedDigest(body)) ?? 0))
      .sort((a, b) => a - b);
    expect(lags[Math.ceil(pushes * 0.99) - 1]).toBeLessThanOrEqual(1_000);
    await vi.waitFor(async () => expect(await usage('measured/app')).toMatchObject({ pushes, images: pushes }), 10_000);
  }, 120_000);
});
