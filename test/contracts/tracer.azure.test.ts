import { describe, expect, it } from 'vitest';
import { azureTracer } from '../../shared/adapters/azure/tracer.ts';
import { silentLog } from '../../shared/core/ports/log.ts';
import type { Envelope } from './ingestion.ts';
import { instrumentationKey, startIngestion } from './ingestion.ts';
import type { SeenSpan } from './tracer.contract.ts';
import { tracerContract } from './tracer.contract.ts';

const role = { role: 'longshore', instance: 'one', region: 'here' };

function seen({ tags, data: { baseType, baseData } }: Envelope): SeenSpan {
  const { id: spanId, name, success, properties } = baseData;
  return {
    name,
    spanId,
    side: baseType === 'RequestData' ? 'answered' : 'asked',
    traceId: tags['ai.operation.id'] ?? '',
    parentId: tags['ai.operation.parentId'],
    failed: !success,
    attributes: properties,
  };
}

tracerContract('OpenTelemetry to Application Insights', async () => {
  const ingestion = await startIngestion();
  const tracer = azureTracer({ ...ingestion, ...role, share: 1 }, silentLog);
  return {
    tracer,
    async finish() {
      await tracer.shutdown();
      return new Map(ingestion.envelopes.map(seen).map((span) => [span.name, span]));
    },
    stop: () => ingestion.stop(),
  };
});

describe('spans in Application Insights', () => {
  it('come in one call, under the key and the role', async () => {
    const ingestion = await startIngestion();
    const tracer = azureTracer({ ...ingestion, ...role, share: 1 }, silentLog);
    await tracer.inSpan({ name: 'a', kind: 'server' }, () =>
      tracer.inSpan({ name: 'b', kind: 'client' }, () => Promise.resolve()),
    );
    await tracer.shutdown();
    expect(ingestion.paths).toEqual(['/v2.1/track']);
    expect(
      ingestion.envelopes.map(({ iKey, tags }) => [iKey, tags['ai.cloud.role'], tags['ai.cloud.roleInstance']]),
    ).toEqual([
      [instrumentationKey, 'longshore', 'one'],
      [instrumentationKey, 'longshore', 'one'],
    ]);
    await ingestion.stop();
  });

  it('are a share of the traces, each whole, and say what share', async () => {
    const ingestion = await startIngestion();
    const tracer = azureTracer({ ...ingestion, ...role, share: 0.25 }, silentLog);
    for (let n = 0; n < 400; n++)
      await tracer.inSpan({ name: 'parent', kind: 'server' }, () =>
        tracer.inSpan({ name: 'child', kind: 'client' }, () => Promise.resolve()),
      );
    await tracer.shutdown();
    const traces = Map.groupBy(ingestion.envelopes, ({ tags }) => tags['ai.operation.id']);
    // Three hundred traces away from a quarter of 400 is nothing that chance does.
    expect(traces.size).toBeGreaterThan(40);
    expect(traces.size).toBeLessThan(180);
    for (const envelopes of traces.values())
      expect(envelopes.map(({ sampleRate, data }) => [sampleRate, data.baseData.name])).toEqual([
        [25, 'child'],
        [25, 'parent'],
      ]);
    await ingestion.stop();
  });

  it('leave out a trace that its caller leaves out, and a caller cannot force one in', async () => {
    const ingestion = await startIngestion();
    const all = azureTracer({ ...ingestion, ...role, share: 1 }, silentLog);
    const none = azureTracer({ ...ingestion, ...role, share: 0 }, silentLog);
    const told: (string | undefined)[] = [];
    await all.inSpan(
      { name: 'a', kind: 'server', parent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00' },
      () => {
        told.push(all.traceparent());
        return Promise.resolve();
      },
    );
    await none.inSpan(
      { name: 'b', kind: 'server', parent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' },
      () => Promise.resolve(),
    );
    await Promise.all([all.shutdown(), none.shutdown()]);
    expect(ingestion.envelopes).toEqual([]);
    expect(told).toEqual([expect.stringMatching(/^00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-00$/)]);
    await ingestion.stop();
  });

  it('are lost when nobody takes them, and nothing else is', async () => {
    const ingestion = await startIngestion();
    await ingestion.stop();
    const tracer = azureTracer({ ...ingestion, ...role, share: 1 }, silentLog);
    expect(await tracer.inSpan({ name: 'a', kind: 'server' }, () => Promise.resolve(7))).toBe(7);
    await tracer.shutdown();
  });
});
