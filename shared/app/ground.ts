import { Admission } from '../core/admission/admission.ts';
import { withoutEmptyPages } from '../core/documents/pages.ts';
import { sealedPages } from '../core/documents/sealed-pages.ts';
import { sealedPlaces } from '../core/documents/whole-list.ts';
import type { Blobs } from '../core/ports/blobs.ts';
import type { Clock, RandomIds } from '../core/ports/clock.ts';
import type { Documents } from '../core/ports/documents.ts';
import type { IssueAssertion } from '../core/ports/federation.ts';
import type { Git } from '../core/ports/git.ts';
import type { Log } from '../core/ports/log.ts';
import type { AzureManagement } from '../core/ports/management.ts';
import type { AskBytes, AskUrl, GetJson } from '../core/ports/outbound.ts';
import type { HashPassword } from '../core/ports/passwords.ts';
import type { ReadPortal } from '../core/ports/portal.ts';
import type { PostRequest } from '../core/ports/post.ts';
import type { ProbeDependency } from '../core/ports/probe.ts';
import type { ReadLastPulls } from '../core/ports/pulls.ts';
import type { SendMessage } from '../core/ports/queues.ts';
import type { Runner } from '../core/ports/runner.ts';
import type { Secrets } from '../core/ports/secrets.ts';
import type { PublishEvents } from '../core/ports/topic.ts';
import type { Tracer } from '../core/ports/tracer.ts';
import { OwnWrites } from '../core/regions/own-writes.ts';
import type { OtherRegions } from '../core/regions/reach.ts';
import { reachRegions } from '../core/regions/reach.ts';
import { sealingKeys } from '../core/secrets/sealing-keys.ts';
import { counted } from '../core/telemetry/counted.ts';
import { Metrics } from '../core/telemetry/metrics.ts';
import { Coverage } from '../core/verdicts/coverage.ts';
import { hearDeletions } from '../features/registry/deleted-in.ts';
import { RepositoryEntries } from '../features/registry/entries.ts';
import { ManifestCache } from '../features/registry/manifest-cache.ts';
import type { OwnRegistrySettings } from '../features/registry/settings.ts';
import type { AskScanner } from '../features/scanning/adapter/ask-scanner.ts';
import type { CommonSettings } from './common-settings.ts';

/** Everything that the app reaches outside itself: Azure's services, or memory. */
export interface Adapters {
  readonly documents: Documents;
  /** This region's, as the queues. */
  readonly blobs: Blobs;
  readonly queues: SendMessage;
  readonly topic: PublishEvents;
  readonly outbound: GetJson & AskUrl & AskBytes;
  readonly receivers: PostRequest;
  readonly scanners: AskScanner;
  /** The other regions, and documents as this one shows them. Absent where there is one region. */
  readonly others?: OtherRegions;
  /** Builds images; absent where nothing does. */
  readonly runner?: Runner;
  /** Azure Resource Manager; absent where the app has no identity. */
  readonly management?: AzureManagement;
  /** The app's managed identity as a client of Entra ID; absent where the app has no identity. */
  readonly federation?: IssueAssertion;
  readonly git?: Git;
  /** Absent where no vault is configured. */
  readonly secrets?: Secrets;
  /** Absent where nothing is traced. */
  readonly tracer?: Tracer;
  /** Absent, what usage has counted. */
  readonly lastPulls?: ReadLastPulls;
  /** The files of the portal; absent, it has none. */
  readonly portal?: ReadPortal;
  readonly probes: readonly ProbeDependency[];
  readonly clock: Clock;
  readonly ids: RandomIds;
  readonly passwords: HashPassword;
  readonly log: Log;
}

/** Adapters whose calls are counted, and whose queries have no empty page but the last. */
function seen(adapters: Adapters, metrics: Metrics) {
  const all = counted(adapters, metrics, adapters.clock, adapters.tracer);
  return { ...all, documents: withoutEmptyPages(all.documents) };
}

/** The memory that the registries of one instance share. */
export interface InstanceMemory {
  readonly manifests: ManifestCache;
  readonly written: OwnWrites;
}

export function instanceMemory({ clock }: Adapters, { manifestCacheBytes }: OwnRegistrySettings): InstanceMemory {
  return { manifests: new ManifestCache({ clock, maxBytes: manifestCacheBytes }), written: new OwnWrites() };
}

/** Makes what all features stand on: the stores as they are seen here, and what is kept of them in memory. */
export function groundOf(
  adapters: Adapters,
  settings: CommonSettings & OwnRegistrySettings,
  { manifests, written }: InstanceMemory,
) {
  const metrics = new Metrics(settings.metricLabels);
  const { stores, nearby, regions, noteDeleted } = reachRegions(
    adapters,
    settings.region,
    (ports) => seen({ ...adapters, ...ports }, metrics),
    written,
  );
  const admission = new Admission();
  const documents = manifests.watched(stores.documents);
  return {
    ...adapters,
    ...stores,
    /** The cache of manifests notices what is changed. */
    documents,
    /** Is opened when all features are made: they provide its gates, and ask it. */
    admission,
    metrics,
    regions,
    nearby: nearby ?? documents,
    manifests,
    /** For lists of the management API, whose pages are named by sealed tokens. */
    lists: { documents: sealedPages(documents, settings.uploadKey), places: sealedPlaces(settings.uploadKey) },
    entries: new RepositoryEntries({ ...adapters, admission, documents }),
    coverage: new Coverage({ ...adapters, documents }),
    sealing: sealingKeys(stores.secrets, settings.sealing),
    registry: settings.registryName,
    eventSource: settings.eventSource,
    sourceOf: settings.sourceOf,
    /** Lets this instance forget the manifests that an event says are deleted, and returns the event. */
    noteDeletions: hearDeletions(settings.registryName, noteDeleted, manifests),
    settings,
  };
}

/** The ports that a feature may ask for, beside those that the features before it give. */
export interface Ground extends Omit<ReturnType<typeof groundOf>, 'settings'> {
  readonly settings: CommonSettings;
}
