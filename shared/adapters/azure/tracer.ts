import type { Log } from '../../core/ports/log.ts';
import type { Tracer } from '../../core/ports/tracer.ts';
import type { TracerSettings } from './tracer-settings.ts';

export interface AzureTracer extends Tracer {
  /** Sends the spans that wait. */
  shutdown(): Promise<void>;
}

/**
 * Sends spans to Application Insights. OpenTelemetry and its exporter are loaded now, and only now: a deployment that
 * configures none pays nothing for them. If they fail to load, everything works untraced.
 */
export function azureTracer(settings: TracerSettings, log: Log): AzureTracer {
  let loaded: AzureTracer | undefined;
  const loading = import('./opentelemetry.ts').then(
    ({ openTelemetryTracer }) => {
      loaded = openTelemetryTracer(settings);
    },
    (error: unknown) => log.error({ err: error }, 'no requests are traced, because OpenTelemetry could not be loaded'),
  );
  return {
    async inSpan(start, work, end) {
      if (loaded === undefined) await loading;
      return loaded === undefined ? work() : loaded.inSpan(start, work, end);
    },
    traceparent: () => loaded?.traceparent(),
    async shutdown() {
      await loading;
      await loaded?.shutdown().catch((error: unknown) => log.warn({ err: error }, 'the last spans are lost'));
    },
  };
}
