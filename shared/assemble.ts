import { createApp } from './app.ts';
import type { App } from './app.ts';
import { parseEvent } from './events/envelope.ts';
import { sweepOutbox } from './events/outbox.ts';
import { createIdentities } from './identity/identities.ts';
import type { AuthSettings } from './identity/identities.ts';
import type { RegistryName } from './oci/name.ts';
import type { Blobs } from './ports/blobs.ts';
import type { Clock, RandomIds } from './ports/clock.ts';
import type { Documents } from './ports/documents.ts';
import type { Log } from './ports/log.ts';
import type { GetJson } from './ports/outbound.ts';
import type { ProbeDependency } from './ports/probe.ts';
import type { SendMessage } from './ports/queues.ts';
import type { Secrets } from './ports/secrets.ts';
import type { PublishEvents } from './ports/topic.ts';
import type { Tracer } from './ports/tracer.ts';
import { cancelledUploads } from './registry/cancel-upload.ts';
import { ManifestCache } from './registry/manifest-cache.ts';
import { settleRepositories } from './registry/acr/settle-repositories.ts';
import { RepositoryEntries } from './registry/entries.ts';
import type { RegistrySettings } from './registry/ports.ts';
import { SharedReads } from './registry/shared-reads.ts';
import { sealingKeys } from './state/sealing-keys.ts';
import type { SealingSettings } from './state/sealing-keys.ts';
import { counted } from './telemetry/counted.ts';
import { Metrics } from './telemetry/metrics.ts';
import { inEventSpan, inTimerSpan, tracedApp } from './telemetry/traced.ts';
import { recordUsage } from './usage/record.ts';

/** Everything that the app reaches outside itself: Azure's services, or memory. */
export interface Adapters {
  readonly documents: Documents;
  readonly blobs: Blobs;
  readonly queues: SendMessage;
  readonly topic: PublishEvents;
  readonly outbound: GetJson;
  /** Absent where no vault is configured. */
  readonly secrets?: Secrets;
  /** Absent where nothing is traced. */
  readonly tracer?: Tracer;
  readonly probes: readonly ProbeDependency[];
  readonly clock: Clock;
  readonly ids: RandomIds;
  readonly log: Log;
}

export interface Settings extends RegistrySettings {
  readonly registryName: RegistryName;
  readonly auth: AuthSettings;
  readonly sealing: SealingSettings;
  /** What this instance keeps of manifests in memory, in bytes. */
  readonly manifestCacheBytes: number;
}

/** What triggers call: one entry per trigger file, and the HTTP app. */
export interface Longshore {
  readonly app: App;
  readonly log: Log;
  /** Counts one delivered event. An event that cannot be read is logged and dropped: delivered again it would be no better. */
  recordUsage(event: unknown): Promise<void>;
  /** Publishes what a crash or an outage left in the outbox. */
  sweepOutbox(): Promise<void>;
  /** Removes or revives the catalog's entries of deleted repositories. */
  settleRepositories(): Promise<void>;
}

/** The one object graph. */
export function assemble(adapters: Adapters, settings: Settings): Longshore {
  const { clock, log, probes, tracer } = adapters;
  const metrics = new Metrics();
  const stores = counted(adapters, metrics, clock, tracer);
  const { topic } = stores;
  const manifests = new ManifestCache({ clock, maxBytes: settings.manifestCacheBytes });
  const documents = manifests.watched(stores.documents);
  const { registryName } = settings;
  const identities = createIdentities({ ...adapters, ...stores, sealing: sealingKeys(stores.secrets, settings.sealing) }, registryName, settings.auth);
  const app = createApp({ registry: { ...adapters, ...stores, documents, traffic: metrics, manifests, tagReads: new SharedReads(), cancelled: cancelledUploads(), entries: new RepositoryEntries({ ...adapters, documents }), callers: identities.callers, settings }, identities, documents, probes, registryName, metrics });
  return {
    app: tracer === undefined ? app : tracedApp(app, tracer),
    log,
    recordUsage: (event) => inEventSpan(tracer, 'usage-record', event, () => withEvent(event, log, (parsed) => recordUsage({ documents }, registryName, parsed))),
    async sweepOutbox() {
      const published = await inTimerSpan(tracer, 'events-sweep', () => sweepOutbox({ documents, topic, clock, log }));
      metrics.countSwept(published);
      if (published > 0) log.info({ published }, 'the sweep published events that were left in the outbox');
    },
    async settleRepositories() {
      const revived = await inTimerSpan(tracer, 'acr-settle', () => settleRepositories({ documents, clock }));
      if (revived > 0) log.info({ revived }, 'repositories that were pushed to while they were deleted are back in the catalog');
    },
  };
}

async function withEvent(event: unknown, log: Log, handle: (event: ReturnType<typeof parseEvent>) => Promise<void>): Promise<void> {
  let parsed: ReturnType<typeof parseEvent>;
  try {
    parsed = parseEvent(event);
  } catch (error) {
    log.error({ err: error }, 'an event is not of the catalogue and is dropped');
    return;
  }
  await handle(parsed);
}
