import type { TokenCredential } from '@azure/identity';
import { DefaultAzureCredential } from '@azure/identity';
import type { DestinationStream } from 'pino';
import type { Logger } from 'pino';
import { pino } from 'pino';
import { azureBlobs } from '../adapters/azure/blobs.ts';
import { azureDocuments } from '../adapters/azure/documents.ts';
import { azureFederation } from '../adapters/azure/federation.ts';
import { azureManagement } from '../adapters/azure/management.ts';
import { azureQueues } from '../adapters/azure/queues.ts';
import { azureSecrets } from '../adapters/azure/secrets.ts';
import { azureTopic } from '../adapters/azure/topic.ts';
import type { AzureTracer } from '../adapters/azure/tracer.ts';
import { azureTracer } from '../adapters/azure/tracer.ts';
import { isolationOf } from '../adapters/buildah/requirements.ts';
import { buildahRunner } from '../adapters/buildah/runner.ts';
import { blobOrigin } from '../adapters/buildah/settings.ts';
import { httpGit } from '../adapters/git/git.ts';
import { portalFiles } from '../adapters/portal-files.ts';
import { canRotate, rotatingLog } from '../adapters/rotating-log.ts';
import { defined } from '../core/documents/defined.ts';
import { giveWay } from '../core/http/give-way.ts';
import { guardedGet } from '../core/outbound/guarded-get.ts';
import { guardedPost } from '../core/outbound/guarded-post.ts';
import { outboundClient } from '../core/outbound/outbound-client.ts';
import type { Reach } from '../core/outbound/public-address.ts';
import { reachOf } from '../core/outbound/public-address.ts';
import { clockAhead, systemRandomIds } from '../core/ports/clock.ts';
import type { ProbeDependency } from '../core/ports/probe.ts';
import type { Runner } from '../core/ports/runner.ts';
import { scryptPasswords } from '../features/identity/password.ts';
import { guardedAsk } from '../features/scanning/adapter/ask-scanner.ts';
import type { Longshore } from './assemble.ts';
import type { Config } from './config/config.ts';
import { blobDelivery } from './config/config.ts';
import type { RegionSetting } from './config/regions.ts';
import { hostsOf } from './config/registries.ts';
import { settingsOf } from './config/settings-of.ts';
import type { FurtherRegistry } from './registries.ts';
import { assembleRegistries } from './registries.ts';

export interface ComposedLongshore extends Longshore {
  /** Sends the spans that wait, and ends what the SDKs do in the background. */
  dispose(): Promise<void>;
}

/**
 * Builds the app over Azure's services: with keys where the settings hold them, else with the app's identity. Where no
 * file is set the log goes to `logTo`, or to standard output.
 */
export function compose(config: Config, { logTo }: { readonly logTo?: DestinationStream } = {}): ComposedLongshore {
  const identity = lazyIdentity(config);
  const { log, flushLog } = logger(config, logTo);
  if (config.LONGSHORE_CLOCK_AHEAD_DAYS > 0)
    log.warn(
      { daysAhead: config.LONGSHORE_CLOCK_AHEAD_DAYS },
      "the app's clock is ahead (LONGSHORE_CLOCK_AHEAD_DAYS), so receivers of webhooks refuse its timestamps",
    );
  const stores = storesOf(config, identity);
  const others = otherRegions(config, identity, stores.blobs);
  const tracer = tracerOf(config, log, identity);
  const { client, ...outward } = outwardOf(config, identity);
  const adapters = {
    ...stores,
    ...outward,
    ...defined({ tracer, others }),
    clock: clockAhead(config.LONGSHORE_CLOCK_AHEAD_DAYS),
    ids: systemRandomIds,
    passwords: scryptPasswords(),
    portal: portalFiles(),
    log: config.LONGSHORE_REGISTRIES === undefined ? log : log.child({ registry: config.LONGSHORE_REGISTRY }),
  };
  return {
    ...assembleRegistries(adapters, { ...settingsOf(config), giveWay }, furtherRegistries(config, log)),
    async dispose() {
      stores.documents.dispose();
      others?.near.dispose();
      await Promise.all([client.close(), tracer?.shutdown()]);
      await flushLog();
    },
  };
}

/** This region's stores, and what tells whether they answer. */
function storesOf(config: Config, identity: () => TokenCredential) {
  const documents = azureDocuments({
    endpoint: config.COSMOS_ENDPOINT,
    database: config.COSMOS_DATABASE,
    ...keyOr(config.COSMOS_KEY, identity),
  });
  const blobs = azureBlobs({
    ...storage(config.BLOB_CONNECTION_STRING, config.BLOB_ENDPOINT, identity),
    container: config.BLOB_CONTAINER,
  });
  const queues = azureQueues(storage(config.QUEUE_CONNECTION_STRING, config.QUEUE_ENDPOINT, identity));
  const topic = azureTopic({ endpoint: config.EVENTGRID_ENDPOINT, ...keyOr(config.EVENTGRID_KEY, identity) });
  const stores = { documents, blobs, queues, topic };
  const probes = [documents, blobs, queues, topic];
  if (config.LONGSHORE_KEY_VAULT === undefined) return { ...stores, probes };
  const secrets = azureSecrets({ vault: config.LONGSHORE_KEY_VAULT.origin, credential: identity() });
  return { ...stores, secrets, probes: [...probes, secrets] };
}

/** Makes the adapters that reach places which users name, and that build from them. */
function outwardOf(config: Config, identity: () => TokenCredential) {
  const reach = reachOf(config.LONGSHORE_OUTBOUND);
  const client = outboundClient({ reach });
  return {
    client,
    outbound: guardedGet(client),
    receivers: guardedPost(client),
    scanners: guardedAsk(client),
    git: httpGit(client),
    federation: azureFederation(identity),
    management: azureManagement(config.LONGSHORE_MANAGEMENT_URL, identity),
    ...defined({ runner: config.LONGSHORE_RUNNER === undefined ? undefined : buildahOf(config, reach) }),
  };
}

/** All registries but LONGSHORE_REGISTRY. */
function furtherRegistries(config: Config, log: Logger): FurtherRegistry[] {
  return (config.LONGSHORE_REGISTRIES ?? [])
    .filter(({ name }) => name !== config.LONGSHORE_REGISTRY)
    .map((registry) => ({
      ...registry,
      hosts: hostsOf(registry),
      blobs: blobDelivery({ ...config, LONGSHORE_PUBLIC_URL: registry.publicUrl }),
      administrator: registry.adminPasswordHash,
      log: log.child({ registry: registry.name }),
    }));
}

/** Throws `BuilderRefused` where a build could not be kept apart from this machine. */
function buildahOf(config: Config, reach: Reach): Runner {
  const {
    LONGSHORE_BUILD_LIMITS: limits,
    LONGSHORE_BUILD_ISOLATION: steps,
    LONGSHORE_BUILD_NETWORK: network,
    LONGSHORE_BUILD_CGROUP: cgroup,
  } = config;
  const accounts = [
    { connectionString: config.BLOB_CONNECTION_STRING, endpoint: config.BLOB_ENDPOINT },
    ...(config.LONGSHORE_REGIONS ?? []).map(({ blobs }) => blobs),
  ];
  return buildahRunner({
    isolation: isolationOf({ limits, steps, network, cgroup }),
    steps,
    network,
    limits,
    reach,
    stores: accounts.map(blobOrigin),
  });
}

/** The other regions' storage, and documents as this region shows them; `undefined` where there is one. */
function otherRegions(config: Config, identity: () => TokenCredential, own: ProbeDependency) {
  const { LONGSHORE_REGIONS: all = [], LONGSHORE_REGION: here } = config;
  if (all.length < 2) return undefined;
  const reached = (place: RegionSetting['blobs']) => storage(place.connectionString, place.endpoint, identity);
  const stores = all
    .filter(({ name }) => name !== here)
    .map(({ name, blobs: place, queues }) => {
      const blobs = azureBlobs({ ...reached(place), container: config.BLOB_CONTAINER });
      return { name, blobs, queues: azureQueues(reached(queues)), probe: () => blobs.probe() };
    });
  const preferredRegions = all.filter(({ name }) => name === here).flatMap(({ cosmos }) => cosmos ?? []);
  const near = azureDocuments({
    endpoint: config.COSMOS_ENDPOINT,
    database: config.COSMOS_DATABASE,
    ...keyOr(config.COSMOS_KEY, identity),
    preferredRegions,
    consistency: 'Eventual',
  });
  return { stores, near, probe: () => own.probe() };
}

function tracerOf(config: Config, log: Logger, identity: () => TokenCredential): AzureTracer | undefined {
  const {
    APPLICATIONINSIGHTS_CONNECTION_STRING: connectionString,
    APPLICATIONINSIGHTS_AUTHENTICATION_STRING: authentication,
  } = config;
  if (connectionString === undefined) return undefined;
  return azureTracer(
    {
      connectionString,
      ...defined({ credential: authentication === undefined ? undefined : identity() }),
      share: config.LONGSHORE_TRACED_SHARE,
      role: 'longshore',
      instance: systemRandomIds.nextId(),
      region: config.LONGSHORE_REGION,
    },
    log,
  );
}

function logger(config: Config, logTo: DestinationStream | undefined) {
  const options = {
    level: config.LONGSHORE_LOG_LEVEL,
    // Each of several registries has a log of its own that names it.
    base: {
      ...defined({ registry: config.LONGSHORE_REGISTRIES === undefined ? config.LONGSHORE_REGISTRY : undefined }),
      region: config.LONGSHORE_REGION,
    },
  };
  const path = config.LONGSHORE_LOG_FILE;
  const file = path !== undefined && canRotate(path) ? rotatingLog(path) : undefined;
  const log =
    path === undefined
      ? logTo === undefined
        ? pino(options)
        : pino(options, logTo)
      : pino(options, file ?? pino.destination({ dest: path, sync: false }));
  return { log, flushLog: async () => file?.flush() };
}

/** Made at the first use: a stack that has keys for everything needs no identity. */
function lazyIdentity(config: Config): () => TokenCredential {
  let credential: TokenCredential | undefined;
  return () =>
    (credential ??= new DefaultAzureCredential(defined({ managedIdentityClientId: config.AZURE_CLIENT_ID })));
}

function keyOr(
  key: string | undefined,
  identity: () => TokenCredential,
): { key: string } | { credential: TokenCredential } {
  return key === undefined ? { credential: identity() } : { key };
}

function storage(connectionString: string | undefined, endpoint: string | undefined, identity: () => TokenCredential) {
  if (connectionString !== undefined) return { connectionString };
  // parseConfig lets no other case through.
  return { endpoint: endpoint ?? '', credential: identity() };
}
