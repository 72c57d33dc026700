import { AsyncLocalStorage } from 'node:async_hooks';
import { ApplicationInsightsSampler, AzureMonitorTraceExporter } from '@azure/monitor-opentelemetry-exporter';
import type { Context, Span } from '@opentelemetry/api';
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, TraceFlags } from '@opentelemetry/api';
import { parseTraceParent } from '@opentelemetry/core';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor, ParentBasedSampler } from '@opentelemetry/sdk-trace-base';
import { defined } from '../../core/documents/defined.ts';
import type { Tracer } from '../../core/ports/tracer.ts';
import type { TracerSettings } from './tracer-settings.ts';

const kinds = {
  server: SpanKind.SERVER,
  consumer: SpanKind.CONSUMER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  internal: SpanKind.INTERNAL,
} as const;

/** Makes a tracer of its own. Nothing is registered for the process: two apps in it share no spans. */
export function openTelemetryTracer(settings: TracerSettings): Tracer & { shutdown(): Promise<void> } {
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({
      'service.name': settings.role,
      'service.instance.id': settings.instance,
      'cloud.region': settings.region,
    }),
    sampler: samplerOf(settings.share),
    spanProcessors: [new BatchSpanProcessor(exporterOf(settings))],
  });
  const tracer = provider.getTracer('longshore');
  const contexts = new AsyncLocalStorage<Context>();
  return {
    async inSpan({ name, kind, attributes = {}, parent }, work, end) {
      const above = remote(parent) ?? contexts.getStore() ?? ROOT_CONTEXT;
      // The exporter drops the name of a consumer, and `error.type` of everything.
      const span = tracer.startSpan(
        name,
        {
          kind: kinds[kind],
          attributes: kind === 'consumer' ? { ...attributes, 'ai.operation.name': name } : attributes,
        },
        above,
      );
      try {
        const result = await contexts.run(trace.setSpan(above, span), work);
        const ended = end?.(result);
        span.setAttributes(ended?.attributes ?? {});
        if (ended?.failed === true) span.setStatus({ code: SpanStatusCode.ERROR });
        return result;
      } catch (error) {
        fail(span, error);
        throw error;
      } finally {
        span.end();
      }
    },
    traceparent() {
      const context = trace.getSpanContext(contexts.getStore() ?? ROOT_CONTEXT);
      return context === undefined
        ? undefined
        : `00-${context.traceId}-${context.spanId}-0${context.traceFlags & TraceFlags.SAMPLED}`;
    },
    shutdown: () => provider.shutdown(),
  };
}

function exporterOf({ connectionString, credential, httpClient }: TracerSettings): AzureMonitorTraceExporter {
  // The variables are read where the exporter is made: without them it reports its own use to Microsoft, and sends a
  // metric beside every batch.
  process.env.APPLICATION_INSIGHTS_NO_STATSBEAT ??= 'true';
  process.env.APPLICATIONINSIGHTS_OPENTELEMETRY_RESOURCE_METRIC_DISABLED ??= 'true';
  // Spans that cannot be sent are dropped after the retries: files on an instance would outlive it, or be lost with it.
  return new AzureMonitorTraceExporter({
    connectionString,
    disableOfflineStorage: true,
    ...defined({ credential, httpClient }),
  });
}

/**
 * Samples a part of the traces, chosen by their id. A caller may have its trace left out; it cannot force it in, for
 * that costs the registry.
 */
function samplerOf(share: number): ParentBasedSampler {
  const sampler = new ApplicationInsightsSampler(share);
  // Children use the sampler too: it gives each span the share, by which Application Insights counts up.
  return new ParentBasedSampler({ root: sampler, remoteParentSampled: sampler, localParentSampled: sampler });
}

function remote(traceparent: string | undefined): Context | undefined {
  const context = traceparent === undefined ? null : parseTraceParent(traceparent);
  return context === null ? undefined : trace.setSpanContext(ROOT_CONTEXT, { ...context, isRemote: true });
}

function fail(span: Span, error: unknown): void {
  span.setStatus({ code: SpanStatusCode.ERROR });
  span.setAttribute('longshore.error', error instanceof Error ? error.name : 'unknown');
}
