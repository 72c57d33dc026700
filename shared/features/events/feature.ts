import type { OutboxPorts } from '../../core/events/outbox.ts';
import { sweepOutbox } from '../../core/events/outbox.ts';
import { feature } from '../../core/feature/feature.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type { CommitDocuments, QueryDocuments } from '../../core/ports/documents.ts';
import type { Log } from '../../core/ports/log.ts';
import type { Metrics } from '../../core/telemetry/metrics.ts';

interface Ports extends OutboxPorts {
  readonly documents: CommitDocuments & QueryDocuments;
  readonly clock: Clock;
  readonly metrics: Pick<Metrics, 'countSwept'>;
  readonly log: Log;
}

/** Publishes the events that a crash or an outage left in the outbox. */
export const events = feature({
  name: 'events',
  make: (ports: Ports) => ({
    timers: {
      async 'events-sweep'() {
        const published = await sweepOutbox(ports);
        ports.metrics.countSwept(published);
        if (published > 0) ports.log.info({ published }, 'the sweep published events that were left in the outbox');
      },
    },
  }),
});
