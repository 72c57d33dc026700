import type { CatalogueEvent } from '../core/events/envelope.ts';
import { parseCloudEvent, parseEvent } from '../core/events/envelope.ts';
import { sweepOutbox } from '../core/events/outbox.ts';
import type { Clock } from '../core/ports/clock.ts';
import type { Documents } from '../core/ports/documents.ts';
import type { Log } from '../core/ports/log.ts';
import type { PublishEvents } from '../core/ports/topic.ts';
import type { Tracer } from '../core/ports/tracer.ts';
import type { Metrics } from '../core/telemetry/metrics.ts';
import { inEventSpan, inTimerSpan } from '../core/telemetry/traced.ts';
import type { BuildPipeline } from '../features/builds/pipeline.ts';
import type { PurgePipeline } from '../features/purge/pipeline.ts';
import { settleRepositories } from '../features/registry/acr/settle-repositories.ts';
import type { ReplicationPipeline } from '../features/replication/pipeline.ts';
import type { UsagePipeline } from '../features/usage/pipeline.ts';
import type { WebhookPipeline } from '../features/webhooks/pipeline.ts';
import type { Longshore } from './longshore.ts';

interface TriggerPorts {
  readonly documents: Documents;
  readonly topic: PublishEvents;
  readonly clock: Clock;
  readonly log: Log;
  /** Absent where nothing is traced. */
  readonly tracer?: Tracer;
  readonly metrics: Metrics;
  /** Is handed each event that may tell of a deletion in another region, and hands it on. */
  readonly hears: (event: CatalogueEvent) => CatalogueEvent;
}

interface Features {
  readonly usage: UsagePipeline;
  readonly webhooks: WebhookPipeline;
  readonly replication: ReplicationPipeline;
  readonly builds: BuildPipeline;
  readonly purge: PurgePipeline;
}

/** What the triggers of every feature call. */
export function triggersOf(ports: TriggerPorts, features: Features): Omit<Longshore, 'app' | 'log'> {
  return { ...eventTriggers(ports, features), ...messageTriggers(features), ...timerTriggers(ports, features) };
}

function eventTriggers({ tracer, log, hears }: TriggerPorts, features: Features) {
  const { usage, webhooks, replication, builds, purge } = features;
  const handling =
    <T>(name: string, parse: (event: unknown) => T, handle: (event: T) => Promise<void>) =>
    (event: unknown) =>
      inEventSpan(tracer, name, event, () => withEvent(event, log, parse, handle));
  return {
    recordUsage: handling('usage-record', parseEvent, (event) => usage.record(hears(event))),
    dispatchWebhooks: handling('webhooks-dispatch', parseCloudEvent, (event) => webhooks.dispatch(event)),
    planReplication: handling('replication-plan', parseEvent, (event) => replication.plan(event)),
    learnBases: handling('builds-learn', parseEvent, (event) => builds.learn(event)),
    planBuild: handling('builds-plan', parseEvent, (event) => builds.plan(event)),
    markTouched: handling('purge-touched', parseEvent, (event) => purge.markTouched(hears(event))),
  };
}

function messageTriggers({ usage, webhooks, replication, builds }: Features) {
  return {
    foldPulls: (message: unknown) => usage.fold(message),
    flushPulls: () => usage.flush(),
    deliverWebhook: (message: unknown) => webhooks.deliver(message),
    letWebhookGo: (message: unknown) => webhooks.letGo(message),
    copyBlobs: () => replication.copy(),
    workOnBuild: (message: unknown) => builds.work(message),
  };
}

function timerTriggers(ports: TriggerPorts, { usage, webhooks, replication, builds, purge }: Features) {
  const { tracer, metrics, log } = ports;
  return {
    surveyUsage: () => inTimerSpan(tracer, 'usage-survey', () => usage.survey()),
    surveyFirst: () => usage.surveyFirst(),
    sweepWebhooks: () => inTimerSpan(tracer, 'webhooks-sweep', () => webhooks.sweep()),
    async sweepOutbox() {
      const published = await inTimerSpan(tracer, 'events-sweep', () => sweepOutbox(ports));
      metrics.countSwept(published);
      if (published > 0) log.info({ published }, 'the sweep published events that were left in the outbox');
    },
    sweepReplication: () => inTimerSpan(tracer, 'replication-sweep', () => replication.sweep()),
    sweepBuilds: () => inTimerSpan(tracer, 'builds-sweep', () => builds.sweep()),
    runDue: () => inTimerSpan(tracer, 'purge-collect', () => purge.runDue()),
    runPolicies: () => inTimerSpan(tracer, 'purge-mark', () => purge.runPolicies()),
    settleDue: () => inTimerSpan(tracer, 'purge-settle', () => purge.settleDue()),
    sweepLeftovers: () => inTimerSpan(tracer, 'purge-leftovers', () => purge.sweepLeftovers()),
    async settleRepositories() {
      const revived = await inTimerSpan(tracer, 'acr-settle', () => settleRepositories(ports));
      if (revived > 0)
        log.info({ revived }, 'repositories that were pushed to while they were deleted are back in the catalog');
    },
  };
}

/** An event that cannot be read is logged and dropped: delivered again it would be no better. */
async function withEvent<T>(
  event: unknown,
  log: Log,
  parse: (event: unknown) => T,
  handle: (event: T) => Promise<void>,
): Promise<void> {
  let parsed: T;
  try {
    parsed = parse(event);
  } catch (error) {
    log.error({ err: error }, 'an event is not of the catalogue and is dropped');
    return;
  }
  await handle(parsed);
}
