import { Admission } from '../core/admission/admission.ts';
import type { Gate } from '../core/admission/gate.ts';
import { lockGate } from '../core/admission/locks.ts';
import type { RepositoryKey } from '../core/documents/names.ts';
import { withoutEmptyPages } from '../core/documents/pages.ts';
import { sealedPages } from '../core/documents/sealed-pages.ts';
import { sealedPlaces } from '../core/documents/whole-list.ts';
import type { GiveWay } from '../core/http/give-way.ts';
import type { HostNames } from '../core/http/host-names.ts';
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
import type { HashPassword } from '../core/ports/passwords.ts';
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
import { tracedApp } from '../core/telemetry/traced.ts';
import { doorsOf } from '../features/builds/inbound/let-in.ts';
import { buildRoutes } from '../features/builds/management/http.ts';
import { buildPipeline } from '../features/builds/pipeline.ts';
import type { BuildPorts } from '../features/builds/ports.ts';
import type { UpstreamSettings } from '../features/builds/upstream/documents.ts';
import { usualUpstreamSettings } from '../features/builds/upstream/documents.ts';
import { userSecrets } from '../features/builds/user-secrets.ts';
import type { AuthSettings, Identities } from '../features/identity/identities.ts';
import { createIdentities } from '../features/identity/identities.ts';
import { recycleBin } from '../features/purge/bin.ts';
import { binRoutes } from '../features/purge/management/http.ts';
import { purgePipeline } from '../features/purge/pipeline.ts';
import { policyRoutes } from '../features/purge/policy/management/http.ts';
import type { PolicyPorts } from '../features/purge/policy/ports.ts';
import type { BinPorts } from '../features/purge/ports.ts';
import { SoftDelete } from '../features/purge/soft-delete.ts';
import { cancelledUploads } from '../features/registry/cancel-upload.ts';
import { hearDeletions } from '../features/registry/deleted-in.ts';
import { RepositoryEntries } from '../features/registry/entries.ts';
import { imagesOf } from '../features/registry/images.ts';
import { ManifestCache } from '../features/registry/manifest-cache.ts';
import type { PulledTag, RegistryPorts, RegistrySettings } from '../features/registry/ports.ts';
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
import { createApp } from './app.ts';
import type { Longshore } from './longshore.ts';
import { triggersOf } from './triggers.ts';

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
  readonly passwords: HashPassword;
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
  /** Gates beside those of the features. */
  readonly gates?: readonly Gate[];
}

/** Adapters whose calls are counted, and whose queries have no empty page but the last. */
function seen(adapters: Adapters, metrics: Metrics) {
  const all = counted(adapters, metrics, adapters.clock, adapters.tracer);
  return { ...all, documents: withoutEmptyPages(all.documents) };
}

/** What all features stand on: the stores as they are seen here, and what is kept of them in memory. */
function groundOf(adapters: Adapters, settings: Settings) {
  const metrics = new Metrics();
  const { stores, nearby, regions, told } = reachRegions(adapters, settings.region, (ports) =>
    seen({ ...adapters, ...ports }, metrics),
  );
  const admission = new Admission();
  const manifests = new ManifestCache({ clock: adapters.clock, maxBytes: settings.manifestCacheBytes });
  const documents = manifests.watched(stores.documents);
  return {
    adapters,
    settings,
    admission,
    metrics,
    stores,
    regions,
    nearby: nearby ?? documents,
    manifests,
    /** The stores, with documents whose changes the cache of manifests notices. */
    ports: { ...adapters, ...stores, admission, documents },
    /** For lists of the management API, whose pages are named by sealed tokens. */
    lists: { documents: sealedPages(documents, settings.uploadKey), places: sealedPlaces(settings.uploadKey) },
    entries: new RepositoryEntries({ ...adapters, admission, documents }),
    sealing: sealingKeys(stores.secrets, settings.sealing),
    named: { registry: settings.registryName, eventSource: settings.eventSource },
    hears: hearDeletions(settings.registryName, told, manifests),
  };
}

type Ground = ReturnType<typeof groundOf>;

function assembleBin({ ports, regions, entries, settings }: Ground): BinPorts & { readonly softDelete: SoftDelete } {
  return {
    ...ports,
    contents: everywhere(regions),
    softDelete: new SoftDelete(ports),
    openRepository: async (key: RepositoryKey) => {
      await entries.requireAllowed({ operation: 'restore', key });
      await entries.open(key);
    },
    patienceMs: 250,
    settings,
  };
}

function assemblePurge({ adapters, ports, settings }: Ground, bin: BinPorts) {
  const policies: PolicyPorts = { ...bin, lastPulls: adapters.lastPulls ?? lastPullsIn(ports.documents) };
  return { policies, pipeline: purgePipeline(policies, settings.registryName) };
}

function assembleWebhooks({ adapters, stores, lists, sealing, named, settings }: Ground) {
  const pipeline = webhookPipeline({ ...adapters, ...stores, ...named, sealing });
  const routes = webhookRoutes({
    ...pipeline.ports,
    ...lists,
    ...(settings.publicUrl === undefined ? {} : { publicUrl: settings.publicUrl }),
    checkTarget: (url) => checkTarget(url, settings.reach),
  });
  return { pipeline, routes };
}

function assembleUsage({ ports, metrics, settings }: Ground) {
  return usagePipeline({ ...ports, metrics }, { ...settings, ...settings.usage });
}

function assembleIdentities({ adapters, admission, stores, lists, sealing, settings }: Ground) {
  return createIdentities(
    { ...adapters, ...stores, ...lists, admission, sealing },
    settings.registryName,
    settings.auth,
  );
}

function assembleReplication({ ports, regions, metrics, named, settings }: Ground) {
  return replicationPipeline({
    ...ports,
    ...named,
    regions,
    metrics,
    settings: settings.copies ?? usualCopySettings,
  });
}

function assembleRegistry(
  { ports, nearby, regions, metrics, manifests, entries, settings }: Ground,
  { bin, usage, identities, replication }: Parts,
): RegistryPorts {
  return {
    ...ports,
    nearby,
    regions,
    replication,
    traffic: metrics,
    pulls: usage.pulls,
    manifests,
    tagReads: new SharedReads<PulledTag>(),
    cancelled: cancelledUploads(),
    entries,
    bin: recycleBin(bin),
    callers: identities.callers,
    settings,
  };
}

function assembleBuilds(
  { ports, stores, sealing, named, settings }: Ground,
  { issueAccess, grants }: Identities,
  registry: RegistryPorts,
) {
  return buildPipeline({
    ...ports,
    ...named,
    issueAccess,
    grants,
    secrets: userSecrets(stores.secrets),
    sealing,
    images: imagesOf(registry),
    upstream: settings.upstream ?? usualUpstreamSettings,
    buildsAtOnce: settings.buildsAtOnce ?? 4,
    ownHosts: settings.publicUrl === undefined ? [] : [settings.publicUrl.host],
  });
}

/** The features that ask no other feature for anything. */
function assembleParts(ground: Ground) {
  const bin = assembleBin(ground);
  return {
    bin,
    purge: assemblePurge(ground, bin),
    webhooks: assembleWebhooks(ground),
    usage: assembleUsage(ground),
    identities: assembleIdentities(ground),
    replication: assembleReplication(ground),
  };
}

type Parts = ReturnType<typeof assembleParts>;

/** What of the management API is about the recycle bin, purge policies, replicas and builds. */
function managementOf({ lists, named: { registry } }: Ground, { bin, purge, replication }: Parts, builds: BuildPorts) {
  return binRoutes({ ...bin, ...lists, registry })
    .route('/', policyRoutes({ ...purge.policies, places: lists.places, registry }))
    .route('/', replicationRoutes({ ...replication.ports, places: lists.places }))
    .route('/', buildRoutes({ ...builds, ...lists }));
}

/** The one object graph. */
export function assemble(adapters: Adapters, settings: Settings): Longshore {
  const ground = groundOf(adapters, settings);
  const parts = assembleParts(ground);
  const { identities, replication } = parts;
  ground.admission.open([lockGate, ...identities.gates, ...(settings.gates ?? [])]);
  const registry = assembleRegistry(ground, parts);
  const builds = assembleBuilds(ground, identities, registry);
  const app = createApp({
    admission: ground.admission,
    registry,
    identities,
    doors: doorsOf(builds.ports, identities.strangers),
    documents: ground.ports.documents,
    quotaBytes: settings.usage.quotaBytes,
    probes: adapters.probes,
    isOffered: () => replication.isOffered(),
    registryName: settings.registryName,
    metrics: ground.metrics,
    giveWay: settings.giveWay,
    ...(settings.hostNames === undefined ? {} : { hostNames: settings.hostNames }),
    webhooks: parts.webhooks.routes,
    bin: managementOf(ground, parts, builds.ports),
  });
  const { tracer, log } = adapters;
  const features = {
    usage: parts.usage,
    webhooks: parts.webhooks.pipeline,
    replication,
    builds,
    purge: parts.purge.pipeline,
  };
  const triggers = triggersOf({ ...ground.ports, metrics: ground.metrics, hears: ground.hears }, features);
  return { app: tracer === undefined ? app : tracedApp(app, tracer), log, ...triggers };
}
