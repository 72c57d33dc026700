import { describe, expect, it } from 'vitest';
import { azureTracer } from '../../../../shared/adapters/azure/tracer.ts';
import type { RecordedSpan } from '../../../../shared/adapters/memory/tracer.ts';
import { MemoryTracer } from '../../../../shared/adapters/memory/tracer.ts';
import { createMemoryWorld } from '../../../../shared/adapters/memory/world.ts';
import { composeForTest } from '../../../../shared/app/compose-for-test.ts';
import { silentLog } from '../../../../shared/core/ports/log.ts';
import { startIngestion } from '../../../contracts/ingestion.ts';
import { asAdmin, bearer, composeRequired, fetchToken, TestClock } from '../../features/identity/required.ts';
import { ask, makeImage, pushBlob, pushImage, putManifest } from '../../image.ts';

function composeTraced() {
  const tracer = new MemoryTracer();
  return { tracer, ...composeForTest({ adapters: { tracer } }) };
}

function childrenOf(spans: readonly RecordedSpan[], name: string): string[] {
  const parent = spans.findLast((span) => span.name === name);
  return spans.filter(({ parentId }) => parentId !== undefined && parentId === parent?.spanId).map((span) => span.name);
}

const traceId = '0af7651916cd43dd8448eb211c80319c';
const traceparent = `00-${traceId}-b7ad6b7169203331-01`;

describe('a traced request', () => {
  it('is one span by its route, with each call of a store as a child', async () => {
    const { app, memory, tracer } = composeTraced();
    const image = makeImage('traced');
    for (const blob of [image.config, ...image.layers]) await pushBlob(app, 'team/app', blob);
    tracer.spans.length = 0;
    memory.calls.resetCounts();
    const answer = await putManifest(app, 'team/app', 'v1', image);
    const name = 'PUT /v2/{name}/manifests/{reference}';
    expect(tracer.spans.filter(({ kind }) => kind === 'server').map((span) => [span.name, span.attributes])).toEqual([
      [
        name,
        {
          'http.request.method': 'PUT',
          'http.route': '/v2/{name}/manifests/{reference}',
          'http.response.status_code': 201,
          'longshore.request_id': answer.headers.get('x-request-id'),
        },
      ],
    ]);
    expect(childrenOf(tracer.spans, name).toSorted()).toEqual(memory.calls.list.toSorted());
    expect(memory.calls.list).toEqual(expect.arrayContaining(['documents.read', 'documents.commit', 'events.publish']));
  });

  it('continues the trace of its client, and of nobody when the header is wrong', async () => {
    const { app, tracer } = composeTraced();
    await ask(app, 'GET', '/v2/', { headers: { traceparent } });
    await ask(app, 'GET', '/v2/', { headers: { traceparent: 'wrong' } });
    expect(tracer.spans.map((span) => span.traceId === traceId)).toEqual([true, false]);
  });

  it('has failed when the store fails, and its answer is the same', async () => {
    const { app, tracer, memory } = composeTraced();
    memory.calls.failOn('documents.read', 1);
    expect((await ask(app, 'GET', '/v2/team/app/manifests/v1')).status).toBe(503);
    expect(tracer.spans.map(({ name, failed }) => [name, failed])).toEqual(
      expect.arrayContaining([
        ['documents.read', true],
        ['GET /v2/{name}/manifests/{reference}', true],
      ]),
    );
    expect((await ask(app, 'GET', '/v2/team/app/manifests/v1')).status).toBe(404);
    expect(tracer.spans.at(-1)?.failed).toBe(false);
  });

  it('tells nothing that a client chose', async () => {
    const { app, tracer } = composeTraced();
    const name = 'chosen';
    for (const path of [
      `/v2/${name}/manifests/${name}`,
      `/v2/${name}/blobs/${name}`,
      `/v2/${name}/blobs/uploads/${name}?state=${name}`,
      `/v2/${name}`,
      `/${name}`,
      `/acr/v1/${name}`,
      `/api/v1/${name}?${name}`,
      `/oauth2/${name}`,
    ])
      await ask(app, 'GET', path, {
        headers: { 'user-agent': name, authorization: `Bearer ${name}`, tracestate: `${name}=${name}` },
      });
    await ask(app, name.toUpperCase(), '/v2/');
    await pushImage(app, `team/${name}`, name, makeImage(name));
    expect(tracer.spans.length).toBeGreaterThan(20);
    expect(JSON.stringify(tracer.spans)).not.toMatch(/chosen/i);
  });
});

describe('a traced event', () => {
  it('leads from the push over its delivery to what handles it', async () => {
    const longshore = composeTraced();
    const { app, world, tracer } = longshore;
    await pushImage(app, 'team/app', 'v1', makeImage('event'));
    const pushed = world.region().events.log.find(({ type }) => type === 'Microsoft.ContainerRegistry.ImagePushed');
    const publish = tracer.spans.findLast(({ name, kind }) => name === 'events.publish' && kind === 'producer');
    expect(pushed?.traceparent).toBe(`00-${publish?.traceId ?? ''}-${publish?.spanId ?? ''}-01`);
    await longshore.events['usage-record'](pushed);
    const handled = tracer.spans.find(({ name }) => name === 'usage-record');
    expect(handled).toMatchObject({ kind: 'consumer', parentId: publish?.spanId, traceId: publish?.traceId });
    expect(childrenOf(tracer.spans, 'usage-record')).toContain('documents.commit');
  });

  it("is published in the sweep's own trace when the push could not", async () => {
    const [clock, tracer] = [new TestClock(), new MemoryTracer()];
    const longshore = composeForTest({ world: createMemoryWorld({ clock }), adapters: { tracer } });
    const { app, world, memory } = longshore;
    memory.calls.failOn('events.publish');
    await pushImage(app, 'team/app', 'v1', makeImage('late'));
    memory.calls.clearFaults();
    clock.pass(20_000);
    await longshore.timers['events-sweep']();
    expect(childrenOf(tracer.spans, 'events-sweep')).toEqual(
      expect.arrayContaining(['documents.query', 'events.publish', 'documents.commit']),
    );
    const sweep = tracer.spans.find(({ name }) => name === 'events-sweep');
    for (const event of world.region().events.log) expect(event.traceparent).toContain(sweep?.traceId);
  });

  it('has no trace where nothing is traced', async () => {
    const { app, world } = composeForTest();
    await pushImage(app, 'team/app', 'v1', makeImage('untraced'));
    expect(world.region().events.log.length).toBeGreaterThan(0);
    for (const event of world.region().events.log) expect(event).not.toHaveProperty('traceparent');
  });
});

describe('a push that is traced to Application Insights', () => {
  it('is one request with its store calls as dependencies, and no secret', async () => {
    const ingestion = await startIngestion();
    const tracer = azureTracer(
      { ...ingestion, share: 1, role: 'longshore', instance: 'one', region: 'here' },
      silentLog,
    );
    const longshore = composeRequired({ adapters: { tracer } });
    const { access_token } = await fetchToken(longshore, asAdmin, ['repository:team/app:pull,push']);
    const config = Buffer.from('{}');
    const started = await ask(longshore.app, 'POST', '/v2/team/app/blobs/uploads/', { headers: bearer(access_token) });
    const upload = started.headers.get('location') ?? '';
    const finished = await ask(
      longshore.app,
      'PUT',
      `${upload}${upload.includes('?') ? '&' : '?'}digest=sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a`,
      { body: config, headers: bearer(access_token) },
    );
    expect(finished.status).toBe(201);
    await tracer.shutdown();
    const requests = ingestion.envelopes.filter(({ data }) => data.baseType === 'RequestData');
    const put = requests.find(({ data }) => data.baseData.name === 'PUT /v2/{name}/blobs/uploads/{upload}');
    expect(put?.data.baseData).toMatchObject({
      success: true,
      responseCode: '201',
      properties: { 'longshore.request_id': finished.headers.get('x-request-id') },
    });
    expect(requests.filter(({ data }) => data.baseData.name.startsWith('PUT'))).toHaveLength(1);
    const children = ingestion.envelopes.filter(
      ({ tags, data }) =>
        tags['ai.operation.parentId'] === put?.data.baseData.id && data.baseType === 'RemoteDependencyData',
    );
    expect(children.map(({ data }) => data.baseData.name)).toEqual(
      expect.arrayContaining(['blobs.stage', 'blobs.commit', 'documents.commit']),
    );
    expect(children.find(({ data }) => data.baseData.name === 'documents.commit')?.data.baseData.type).toBe(
      'azure.cosmosdb',
    );
    const state = upload.slice(upload.lastIndexOf('/') + 1);
    for (const secret of [access_token, asAdmin.authorization?.slice(6), state, 'team/app'])
      expect(ingestion.bodies.join()).not.toContain(secret);
    await ingestion.stop();
  });
});
