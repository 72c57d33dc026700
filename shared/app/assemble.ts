import type { RepositoryKey } from '../core/documents/names.ts';
import { withoutEmptyPages } from '../core/documents/pages.ts';
import { sealedPages } from '../core/documents/sealed-pages.ts';
import { parseCloudEvent, parseEvent } from '../core/events/envelope.ts';
import { sweepOutbox } from '../core/events/outbox.ts';
import type { GiveWay } from '../core/http/give-way.ts';
import type { HostNames } from '../core/http/host-names.ts';
import type { Digest } from '../core/oci/digest.ts';
import type { RegistryName } from '../core/oci/name.ts';
import { checkTarget } from '../core/outbound/outbound-target.ts';
import type { Reach } from '../core/outbound/public-address.ts';
import type { Blobs } from '../core/ports/blobs.ts';
import type { Clock, RandomIds } from '../core/ports/clock.ts';
import type { Documents } from '../core/ports/documents.ts';
import type { Git } from '../core/ports/git.ts';
import type { Log } from '../core/ports/log.ts';
import type { AzureManagement } from '../core/ports/management.ts';
import type { AskUrl, GetJson } from '../core/ports/outbound.ts';
import type { PostRequest } from '../core/ports/post.ts';
import type { ProbeDependency } from '../core/ports/probe.ts';
import type { ReadLastPulls } from '../core/ports/pulls.ts';
import type { SendMessage } from '../core/ports/queues.ts';
import type { Runner } from '../core/ports/runner.ts';
import type { Secrets } from '../core/ports/secrets.ts';
import type { PublishEvents } from '../core/ports/topic.ts';
import type { Tracer } from '../core/ports/tracer.ts';
import type { OtherRegions } from '../core/regions/reach.ts';
import { reachRegions } from '../core/regions/reach.ts';
import { everywhere } from '../core/regions/storage.ts';
import type { SealingSettings } from '../core/secrets/sealing-keys.ts';
import { sealingKeys } from '../core/secrets/sealing-keys.ts';
import { counted } from '../core/telemetry/counted.ts';
import { Metrics } from '../core/telemetry/metrics.ts';
import { inEventSpan, inTimerSpan, tracedApp } from '../core/telemetry/traced.ts';
import { doorsOf } from '../features/builds/inbound/let-in.ts';
import { buildRoutes } from '../features/builds/management/http.ts';
import { buildPipeline } from '../features/builds/pipeline.ts';
import type { UpstreamSettings } from '../features/builds/upstream/documents.ts';
import { usualUpstreamSettings } from '../features/builds/upstream/documents.ts';
import { userSecrets } from '../features/builds/user-secrets.ts';
import type { AuthSettings } from '../features/identity/identities.ts';
import { createIdentities } from '../features/identity/identities.ts';
import { recycleBin } from '../features/purge/bin.ts';
import type { DueRun } from '../features/purge/due.ts';
import { binRoutes } from '../features/purge/management/http.ts';
import { purgePipeline } from '../features/purge/pipeline.ts';
import { policyRoutes } from '../features/purge/policy/management/http.ts';
import type { PolicyPorts } from '../features/purge/policy/ports.ts';
import type { BinPorts } from '../features/purge/ports.ts';
import { SoftDelete } from '../features/purge/soft-delete.ts';
import { settleRepositories } from '../features/registry/acr/settle-repositories.ts';
import { cancelledUploads } from '../features/registry/cancel-upload.ts';
import { hearDeletions } from '../features/registry/deleted-in.ts';
import { RepositoryEntries } from '../features/registry/entries.ts';
import { imagesOf } from '../features/registry/images.ts';
import { ManifestCache } from '../features/registry/manifest-cache.ts';
import type { RegistrySettings } from '../features/registry/ports.ts';
import { SharedReads } from '../features/registry/shared-reads.ts';
import { replicationRoutes } from '../features/replication/management/http.ts';
import { replicationPipeline } from '../features/replication/pipeline.ts';
import type { CopySettings } from '../features/replication/ports.ts';
import { usualCopySettings } from '../features/replication/ports.ts';
import type { UsageSettings } from '../features/usage/pipeline.ts';
import { usagePipeline } from '../features/usage/pipeline.ts';
import { lastPullsIn } from '../features/usage/tracking.ts';
import { webhookRoutes } from '../features/webhooks/management/http.ts';
import { webhookPipeline } from '../features/webhooks/pipeline.ts';
import type { App } from './app.ts';
import { createApp } from './app.ts';

/** Everything that the app reaches outside itself: Azure's services, or memory. */
export interface Adapters {
  readonly documents: Documents;
  /** This region's, as the queues. */
  readonly blobs: Blobs;
  readonly queues: SendMessage;
  readonly topic: PublishEvents;
  readonly outbound: GetJson & AskUrl;
  readonly receivers: PostRequest;
  /** The other regions, and documents as this one shows them. Absent where there is one region. */
  readonly others?: OtherRegions;
  /** Builds images; absent where nothing does. */
  readonly runner?: Runner;
  /** Azure Resource Manager; absent where the app has no identity. */
  readonly management?: AzureManagement;
  readonly git?: Git;
  /** Absent where no vault is configured. */
  readonly secrets?: Secrets;
  /** Absent where nothing is traced. */
  readonly tracer?: Tracer;
  /** Absent, what usage has counted. */
  readonly lastPulls?: ReadLastPulls;
  readonly probes: readonly ProbeDependency[];
  readonly clock: Clock;
  readonly ids: RandomIds;
  readonly log: Log;
}

export interface Settings extends RegistrySettings {
  readonly registryName: RegistryName;
  readonly auth: AuthSettings;
  readonly sealing: SealingSettings;
  /** Where clients find the registry; absent, where a request came in. */
  readonly publicUrl?: URL;
  /** The names that requests may come to; absent, any. */
  readonly hostNames?: HostNames;
  /** Lets pulls go first; absent, everything goes at once. */
  readonly giveWay?: GiveWay;
  /** Where URLs that users give may lead. */
  readonly reach: Reach;
  readonly usage: UsageSettings;
  /** What this instance keeps of manifests in memory, in bytes. */
  readonly manifestCacheBytes: number;
  /** Absent, the usual ones. */
  readonly copies?: CopySettings;
  /** How other registries' tags are watched; absent, as usual. */
  readonly upstream?: UpstreamSettings;
  readonly buildsAtOnce?: number;
}

/** What triggers call: one entry per trigger file, and the HTTP app. */
export interface Longshore {
  readonly app: App;
  readonly log: Log;
  /**
   * Counts one delivered event. An event that cannot be read is logged and dropped: delivered again it would be no
   * better.
   */
  recordUsage(event: unknown): Promise<void>;
  /** Adds a message of the queue `usage-pulls`, or of its poison queue, to the counters. */
  foldPulls(message: unknown): Promise<void>;
  /** Sends the pulls that this instance has counted. Before it ends, or they are lost. */
  flushPulls(): Promise<void>;
  /** Measures what is stored. */
  surveyUsage(): Promise<void>;
  /** The same, once, where something was pushed and nothing was measured yet. */
  surveyFirst(): Promise<void>;
  /** Publishes what a crash or an outage left in the outbox. */
  sweepOutbox(): Promise<void>;
  /** Brings one delivered event to the webhooks that are for it. One that cannot be read is logged and dropped. */
  dispatchWebhooks(event: unknown): Promise<void>;
  /** Does what a message of the queue `webhook-deliveries` asks for. */
  deliverWebhook(message: unknown): Promise<void>;
  /** Logs a message of its poison queue, and lets it go. */
  letWebhookGo(message: unknown): void;
  /** Sets going again what crashes and outages left of webhooks. */
  sweepWebhooks(): Promise<void>;
  /** Purges, collects and finishes what is due, until nothing is or the time for one run is over. */
  runDue(): Promise<DueRun>;
  /** Settles what is around manifests whose deletion, restore or push was interrupted. */
  settleDue(): Promise<void>;
  /** Plans what other regions lack of a delivered event's image. An event that cannot be read is logged and dropped. */
  planReplication(event: unknown): Promise<void>;
  /** Makes this region's copies that are due; a message of the queue `replication-copies` says that there are some. */
  copyBlobs(): Promise<void>;
  /** Goes on with all that replication has to do in this region. */
  sweepReplication(): Promise<void>;
  /**
   * Learns what a delivered event's image is built on, and tells of updated bases. An event that cannot be read is
   * logged and dropped.
   */
  learnBases(event: unknown): Promise<void>;
  /** Plans what follows from the update of a base. An event that cannot be read is logged and dropped. */
  planBuild(event: unknown): Promise<void>;
  /** Makes images of the build that a message of the queue `build-runs` names. */
  workOnBuild(message: unknown): Promise<void>;
  /** Sets going again what crashes and outages left of builds. */
  sweepBuilds(): Promise<void>;
  /**
   * Looks again at what a delivered event touches, for the policies. An event that cannot be read is logged and
   * dropped.
   */
  markTouched(event: unknown): Promise<void>;
  /** Runs the purge policies that are due, and goes on with what was interrupted. */
  runPolicies(): Promise<void>;
  /** Deletes what crashes left in Blob Storage and no document names. */
  sweepLeftovers(): Promise<void>;
  /** Removes or revives the catalog's entries of deleted repositories. */
  settleRepositories(): Promise<void>;
}

/** Adapters whose calls are counted, and whose queries have no empty page but the last. */
function seen(adapters: Adapters, metrics: Metrics) {
  const all = counted(adapters, metrics, adapters.clock, adapters.tracer);
  return { ...all, documents: withoutEmptyPages(all.documents) };
}

/** The one object graph. */
export function assemble(adapters: Adapters, settings: Settings): Longshore {
  const { clock, log, probes, tracer } = adapters;
  const [metrics, { registryName }] = [new Metrics(), settings];
  const { stores, nearby, regions, told } = reachRegions(adapters, settings.region, (ports) =>
    seen({ ...adapters, ...ports }, metrics),
  );
  const manifests = new ManifestCache({ clock, maxBytes: settings.manifestCacheBytes });
  const documents = manifests.watched(stores.documents);
  const entries = new RepositoryEntries({ ...adapters, documents });
  const openRepository = async (key: RepositoryKey) => {
    await entries.requireAllowed('write', key);
    await entries.open(key);
  };
  const [softDelete, lists] = [
    new SoftDelete({ documents, clock }),
    { documents: sealedPages(documents, settings.uploadKey) },
  ];
  const bin: BinPorts = {
    ...adapters,
    ...stores,
    documents,
    contents: everywhere(regions),
    softDelete,
    openRepository,
    patienceMs: 250,
    settings,
  };
  const policies: PolicyPorts = { ...bin, lastPulls: adapters.lastPulls ?? lastPullsIn(documents) };
  const purge = purgePipeline(policies, registryName);
  const sealing = sealingKeys(stores.secrets, settings.sealing);
  const pipeline = webhookPipeline({
    ...adapters,
    ...stores,
    sealing,
    registry: registryName,
    eventSource: settings.eventSource,
  });
  const webhooks = webhookRoutes({
    ...pipeline.ports,
    ...lists,
    ...(settings.publicUrl === undefined ? {} : { publicUrl: settings.publicUrl }),
    checkTarget: (url) => checkTarget(url, settings.reach),
  });
  const usage = usagePipeline({ ...adapters, ...stores, documents, metrics }, { ...settings, ...settings.usage });
  const identities = createIdentities({ ...adapters, ...stores, ...lists, sealing }, registryName, settings.auth);
  const replication = replicationPipeline({
    ...adapters,
    ...stores,
    documents,
    regions,
    metrics,
    registry: registryName,
    eventSource: settings.eventSource,
    settings: settings.copies ?? usualCopySettings,
  });
  const registry = {
    ...adapters,
    ...stores,
    documents,
    nearby: nearby ?? documents,
    regions,
    replication,
    traffic: metrics,
    pulls: usage.pulls,
    manifests,
    tagReads: new SharedReads<Digest>(),
    cancelled: cancelledUploads(),
    entries,
    bin: recycleBin(bin),
    callers: identities.callers,
    settings,
  };
  const builds = buildPipeline({
    ...adapters,
    ...stores,
    issueAccess: identities.issueAccess,
    grants: identities.grants,
    documents,
    secrets: userSecrets(stores.secrets),
    sealing,
    images: imagesOf(registry),
    upstream: settings.upstream ?? usualUpstreamSettings,
    buildsAtOnce: settings.buildsAtOnce ?? 4,
    registry: registryName,
    eventSource: settings.eventSource,
    ownHosts: settings.publicUrl === undefined ? [] : [settings.publicUrl.host],
  });
  const app = createApp({
    registry,
    identities,
    doors: doorsOf(builds.ports, identities.strangers),
    documents,
    quotaBytes: settings.usage.quotaBytes,
    probes,
    isOffered: () => replication.isOffered(),
    registryName,
    metrics,
    giveWay: settings.giveWay,
    ...(settings.hostNames === undefined ? {} : { hostNames: settings.hostNames }),
    webhooks,
    bin: binRoutes({ ...bin, ...lists, softDelete, registry: registryName })
      .route('/', policyRoutes({ ...policies, registry: registryName }))
      .route('/', replicationRoutes(replication.ports))
      .route('/', buildRoutes({ ...builds.ports, ...lists })),
  });
  const hears = hearDeletions(registryName, told, manifests);
  return {
    app: tracer === undefined ? app : tracedApp(app, tracer),
    log,
    recordUsage: (event) =>
      inEventSpan(tracer, 'usage-record', event, () =>
        withEvent(event, log, parseEvent, (parsed) => usage.record(hears(parsed))),
      ),
    foldPulls: (message) => usage.fold(message),
    flushPulls: () => usage.flush(),
    surveyUsage: () => inTimerSpan(tracer, 'usage-survey', () => usage.survey()),
    surveyFirst: () => usage.surveyFirst(),
    dispatchWebhooks: (event) =>
      inEventSpan(tracer, 'webhooks-dispatch', event, () =>
        withEvent(event, log, parseCloudEvent, (parsed) => pipeline.dispatch(parsed)),
      ),
    deliverWebhook: (message) => pipeline.deliver(message),
    letWebhookGo: (message) => pipeline.letGo(message),
    sweepWebhooks: () => inTimerSpan(tracer, 'webhooks-sweep', () => pipeline.sweep()),
    async sweepOutbox() {
      const published = await inTimerSpan(tracer, 'events-sweep', () =>
        sweepOutbox({ documents, topic: stores.topic, clock, log }),
      );
      metrics.countSwept(published);
      if (published > 0) log.info({ published }, 'the sweep published events that were left in the outbox');
    },
    planReplication: (event) =>
      inEventSpan(tracer, 'replication-plan', event, () =>
        withEvent(event, log, parseEvent, (parsed) => replication.plan(parsed)),
      ),
    copyBlobs: () => replication.copy(),
    sweepReplication: () => inTimerSpan(tracer, 'replication-sweep', () => replication.sweep()),
    learnBases: (event) =>
      inEventSpan(tracer, 'builds-learn', event, () =>
        withEvent(event, log, parseEvent, (parsed) => builds.learn(parsed)),
      ),
    planBuild: (event) =>
      inEventSpan(tracer, 'builds-plan', event, () =>
        withEvent(event, log, parseEvent, (parsed) => builds.plan(parsed)),
      ),
    workOnBuild: (message) => builds.work(message),
    sweepBuilds: () => inTimerSpan(tracer, 'builds-sweep', () => builds.sweep()),
    runDue: () => inTimerSpan(tracer, 'purge-collect', () => purge.runDue()),
    markTouched: (event) =>
      inEventSpan(tracer, 'purge-touched', event, () =>
        withEvent(event, log, parseEvent, (parsed) => purge.markTouched(hears(parsed))),
      ),
    runPolicies: () => inTimerSpan(tracer, 'purge-mark', () => purge.runPolicies()),
    settleDue: () => inTimerSpan(tracer, 'purge-settle', () => purge.settleDue()),
    sweepLeftovers: () => inTimerSpan(tracer, 'purge-leftovers', () => purge.sweepLeftovers()),
    async settleRepositories() {
      const revived = await inTimerSpan(tracer, 'acr-settle', () => settleRepositories({ documents, clock, log }));
      if (revived > 0)
        log.info({ revived }, 'repositories that were pushed to while they were deleted are back in the catalog');
    },
  };
}

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
