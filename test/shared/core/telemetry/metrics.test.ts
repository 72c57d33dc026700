import { describe, expect, it } from 'vitest';
import { createMemoryWorld } from '../../../../shared/adapters/memory/world.ts';
import type { App } from '../../../../shared/app/app.ts';
import { composeForTest } from '../../../../shared/app/compose-for-test.ts';
import { adminPassword, basic, composeRequired, TestClock } from '../../features/identity/required.ts';
import { ask, makeImage, pushBlob, pushImage } from '../../image.ts';

/** Each sample of the text format: its name with its labels, and its number. */
async function scrape(app: App): Promise<Map<string, number>> {
  const answer = await ask(app, 'GET', '/metrics');
  expect([answer.status, answer.headers.get('content-type')]).toEqual([
    200,
    'text/plain; version=0.0.4; charset=utf-8',
  ]);
  const lines = (await answer.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
  );
}

describe('the metrics of an instance', () => {
  it('count requests by route, method and status', async () => {
    const { app } = composeForTest();
    const image = makeImage('counted', 1);
    await pushImage(app, 'team/app', 'v1', image);
    for (const reference of ['v1', 'v1', image.digest, 'absent'])
      await ask(app, 'GET', `/v2/team/app/manifests/${reference}`);
    await ask(app, 'GET', '/api/v1/openapi.json');
    const samples = await scrape(app);
    expect(samples.get('longshore_requests_total{route="manifest",method="PUT",status="201"}')).toBe(1);
    expect(samples.get('longshore_requests_total{route="manifest",method="GET",status="200"}')).toBe(3);
    expect(samples.get('longshore_requests_total{route="manifest",method="GET",status="404"}')).toBe(1);
    expect(samples.get('longshore_requests_total{route="uploads",method="POST",status="202"}')).toBe(2);
    expect(samples.get('longshore_requests_total{route="upload",method="PATCH",status="202"}')).toBe(2);
    expect(samples.get('longshore_requests_total{route="api",method="GET",status="200"}')).toBe(1);
    expect(samples.get('longshore_request_duration_seconds_count{route="manifest",method="GET"}')).toBe(4);
  });

  it('count every call of a store that the adapters see', async () => {
    const { app, memory } = composeForTest();
    await pushImage(app, 'team/app', 'v1', makeImage('calls'));
    await ask(app, 'GET', '/v2/team/app/manifests/v1');
    const samples = await scrape(app);
    const made = [...Map.groupBy(memory.calls.list, (name) => name)].map(
      ([name, calls]) => [name, calls.length] as const,
    );
    expect(made.length).toBeGreaterThan(3);
    for (const [name, calls] of made)
      expect([name, samples.get(`longshore_store_calls_total{call="${name}",outcome="ok"}`)]).toEqual([name, calls]);
  });

  it('count calls that fail by how they fail', async () => {
    const { app, memory } = composeForTest();
    memory.calls.failOn('documents.read', 1);
    await ask(app, 'GET', '/v2/team/app/manifests/v1');
    memory.calls.clearFaults().throttleOn('documents.read', 1_000, 1);
    await ask(app, 'GET', '/v2/team/other/manifests/v1');
    const samples = await scrape(app);
    expect(samples.get('longshore_store_calls_total{call="documents.read",outcome="unavailable"}')).toBe(1);
    expect(samples.get('longshore_store_calls_total{call="documents.read",outcome="throttled"}')).toBe(1);
  });

  it('count the bytes that come, and those of redirects; none are proxied', async () => {
    const { app } = composeForTest();
    const digest = await pushBlob(app, 'team/app', Buffer.alloc(1_000));
    await ask(app, 'GET', `/v2/team/app/blobs/${digest}`);
    await ask(app, 'GET', `/v2/team/app/blobs/${digest}`, { headers: { range: 'bytes=0-99' } });
    await ask(app, 'HEAD', `/v2/team/app/blobs/${digest}`);
    const samples = await scrape(app);
    expect(samples.get('longshore_blob_bytes_total{way="received"}')).toBe(1_000);
    expect(samples.get('longshore_blob_bytes_total{way="redirected"}')).toBe(1_100);
    expect(samples.get('longshore_blob_bytes_total{way="proxied"}')).toBeUndefined();
  });

  it('count the bytes that pass through where blobs are proxied', async () => {
    const { app } = composeForTest({ settings: { blobs: 'proxy' } });
    const digest = await pushBlob(app, 'team/app', Buffer.alloc(1_000));
    await (await ask(app, 'GET', `/v2/team/app/blobs/${digest}`)).arrayBuffer();
    const samples = await scrape(app);
    expect(samples.get('longshore_blob_bytes_total{way="proxied"}')).toBe(1_000);
  });

  it('tell how late events are published, and how many the sweep had to', async () => {
    const clock = new TestClock();
    const longshore = composeForTest({ world: createMemoryWorld({ clock }) });
    longshore.memory.calls.failOn('events.publish');
    await pushImage(longshore.app, 'team/app', 'v1', makeImage('late'));
    clock.pass(20_000);
    longshore.memory.calls.clearFaults();
    await longshore.timers['events-sweep']();
    const samples = await scrape(longshore.app);
    const published = [...samples]
      .filter(([name]) => name.startsWith('longshore_events_published_total'))
      .map(([, count]) => count);
    const total = published.reduce((sum, count) => sum + count, 0);
    expect(samples.get('longshore_events_published_total{type="Microsoft.ContainerRegistry.ImagePushed"}')).toBe(1);
    expect(samples.get('longshore_event_lag_seconds_sum')).toBe(20 * total);
    expect(samples.get('longshore_outbox_swept_events_total')).toBe(total);
  });

  it(
    'count pulls by what was pulled and by which kind of client, the batches they are sent in, and how late they ' +
      'are counted',
    async () => {
      const clock = new TestClock();
      const longshore = composeForTest({ world: createMemoryWorld({ clock }) });
      await pushImage(longshore.app, 'team/app', 'v1', makeImage('pulled', 1));
      for (const method of ['GET', 'GET', 'HEAD'])
        await ask(longshore.app, method, '/v2/team/app/manifests/v1', { headers: { 'user-agent': 'containerd/2.0' } });
      await longshore.flush();
      clock.pass(20_000);
      for (const message of longshore.world.region().queues.drain('usage-pulls'))
        await longshore.messages['usage-fold'](message);
      const samples = await scrape(longshore.app);
      expect(samples.get('longshore_pulls_total{what="manifest",client="containerd"}')).toBe(2);
      expect(samples.get('longshore_pulls_total{what="head",client="containerd"}')).toBe(1);
      expect(samples.get('longshore_pull_batches_total{outcome="sent"}')).toBe(1);
      expect(samples.get('longshore_pull_fold_lag_seconds_sum')).toBe(20);
    },
  );

  it('count posts to receivers of webhooks by what came of them', async () => {
    const answers = [204, 302, 404, 503, 799, 'timeout', 'unreachable', 'refused'] as const;
    let made = 0;
    const post = () => {
      const answer = answers[made++] ?? 200;
      return Promise.resolve(
        typeof answer === 'number'
          ? ({ is: 'answered', status: answer, reason: '', headers: {}, body: '', truncated: false, ms: 30 } as const)
          : ({ is: answer, why: 'so', ms: 30 } as const),
      );
    };
    const { app } = composeForTest({ adapters: { receivers: { post } } });
    await ask(app, 'PUT', '/api/v1/webhooks/deploy', {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ serviceUri: 'https://ci.example.com/', actions: ['push'] }),
    });
    for (const _ of answers) await ask(app, 'POST', '/api/v1/webhooks/deploy/ping');
    const samples = await scrape(app);
    for (const outcome of ['2xx', '3xx', '4xx', '5xx', 'other', 'timeout', 'unreachable', 'refused'])
      expect([outcome, samples.get(`longshore_webhook_posts_total{outcome="${outcome}"}`)]).toEqual([outcome, 1]);
    expect(samples.get('longshore_webhook_post_duration_seconds_bucket{le="0.05"}')).toBe(8);
  });

  it('have no label that a client chose', async () => {
    const { app } = composeForTest();
    const series = async (name: string) => {
      for (const path of [
        `/v2/${name}/manifests/${name}`,
        `/v2/${name}/blobs/${name}`,
        `/v2/${name}/tags/list`,
        `/v2/${name}`,
        `/v2/a/${name}/b`,
        `/${name}`,
        `/acr/v1/${name}`,
        `/api/v1/${name}`,
      ])
        await ask(app, 'GET', path);
      await ask(app, name.toUpperCase(), '/v2/');
      return new Set((await scrape(app)).keys());
    };
    await series('chosen-a');
    const before = await series('chosen-b');
    const after = await series('chosen-c');
    expect([...after].filter((name) => !before.has(name))).toEqual([]);
    expect([...after].filter((name) => /chosen/i.test(name))).toEqual([]);
  });

  it('are of one instance: another app in the process starts from nothing', async () => {
    await ask(composeForTest().app, 'GET', '/v2/');
    expect(
      [...(await scrape(composeForTest().app)).keys()].filter((name) => name.startsWith('longshore_requests_total')),
    ).toEqual([]);
  });

  it('are for callers who may read the management API, where credentials are required', async () => {
    const { app } = composeRequired();
    expect((await ask(app, 'GET', '/metrics')).status).toBe(401);
    expect((await ask(app, 'GET', '/metrics', { headers: basic('admin', adminPassword) })).status).toBe(200);
  });
});
