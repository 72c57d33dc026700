import { BuilderRefused, isolationOf, isOnPath } from '../../shared/adapters/buildah/requirements.ts';
import { buildSettingsSchema } from '../../shared/adapters/buildah/settings.ts';
import type { LocalRegistry } from './settings.ts';
import type { StackKeys } from './stack-keys.ts';

/** The addresses of the services of one region, and their keys. */
export interface RegionEndpoints {
  readonly name: string;
  readonly cosmosRegion: string;
  readonly blob: { readonly endpoint: string; readonly connectionString: string };
  readonly queue: { readonly endpoint: string; readonly connectionString: string };
  readonly eventGrid: { readonly endpoint: string; readonly key: string };
}

/** The endpoints of the first region, the documents of all, and the other regions. */
export interface ServiceEndpoints extends RegionEndpoints {
  readonly cosmos: { readonly endpoint: string; readonly key: string; readonly database: string };
  readonly others: readonly RegionEndpoints[];
}

/** The settings that the stack decides itself. */
export interface OwnSettings {
  readonly keys: Pick<StackKeys, 'uploadKey' | 'secretKey' | 'adminPasswordHash' | 'adminPasswordHashes'>;
  readonly auth: string;
  readonly logLevel: string;
  readonly logFile?: string;
  /** Names that requests may come to besides those of this machine. */
  readonly hosts?: readonly string[];
  /** Further registries; each has a name of its own. */
  readonly registries?: readonly LocalRegistry[];
  /** The URL at which clients find the registry; absent where a request's own URL says it. */
  readonly publicUrl?: string;
}

/**
 * The settings of `shared/app/config/config.ts` that point the app of a region at the local services, or that the stack decides.
 */
export function appSettings(
  services: ServiceEndpoints,
  stack: OwnSettings,
  region: RegionEndpoints = services,
): Record<string, string> {
  return {
    LONGSHORE_REGION: region.name,
    ...(services.others.length === 0
      ? {}
      : { LONGSHORE_REGIONS: JSON.stringify([services, ...services.others].map(regionSetting)) }),
    ...registriesSetting(stack),
    LONGSHORE_UPLOAD_KEY: stack.keys.uploadKey,
    LONGSHORE_AUTH: stack.auth,
    LONGSHORE_SECRET_KEY: stack.keys.secretKey,
    ...(stack.keys.adminPasswordHash === undefined
      ? {}
      : { LONGSHORE_ADMIN_PASSWORD_HASH: stack.keys.adminPasswordHash }),
    LONGSHORE_OUTBOUND: 'loopback',
    // The stack listens on loopback alone, so no other name can be right than those that it was given, whatever the
    // login.
    LONGSHORE_HOST_NAMES: [process.env.LONGSHORE_HOST_NAMES || 'own', ...(stack.hosts ?? [])].join(','),
    ...(stack.publicUrl === undefined ? {} : { LONGSHORE_PUBLIC_URL: stack.publicUrl }),
    ...(canBuild() ? { LONGSHORE_RUNNER: 'buildah' } : {}),
    LONGSHORE_LOG_LEVEL: stack.logLevel,
    ...(stack.logFile === undefined ? {} : { LONGSHORE_LOG_FILE: stack.logFile }),
    COSMOS_ENDPOINT: services.cosmos.endpoint,
    COSMOS_KEY: services.cosmos.key,
    COSMOS_DATABASE: services.cosmos.database,
    BLOB_CONNECTION_STRING: region.blob.connectionString,
    QUEUE_CONNECTION_STRING: region.queue.connectionString,
    EVENTGRID_ENDPOINT: region.eventGrid.endpoint,
    EVENTGRID_KEY: region.eventGrid.key,
    AzureWebJobsStorage: region.queue.connectionString,
  };
}

/** The registry whose URLs and password are settings of their own. */
export function ownRegistry(): string {
  return process.env.LONGSHORE_REGISTRY || 'default';
}

function registriesSetting({ registries = [], publicUrl, keys: { adminPasswordHashes = {} } }: OwnSettings) {
  if (registries.length === 0) return {};
  const names = [...new Set(registries.map(({ name }) => name))];
  const entries = names.map((name) => {
    const hosts = registries.filter((each) => each.name === name).map(({ host }) => host);
    if (name === ownRegistry()) return { name, hosts };
    const url = publicUrl === undefined ? undefined : Object.assign(new URL(publicUrl), { hostname: hosts[0] });
    return { name, hosts, publicUrl: url?.origin, adminPasswordHash: adminPasswordHashes[name] };
  });
  return { LONGSHORE_REGISTRIES: JSON.stringify(entries) };
}

let isAbleToBuild: boolean | undefined;

/**
 * Says whether buildah is here, and its builds can be kept apart from this machine. That needs a trial of a second or
 * two, so it is found out once.
 */
function canBuild(): boolean {
  isAbleToBuild ??= isOnPath('buildah') && why() === undefined;
  return isAbleToBuild;
}

function why(): string | undefined {
  try {
    const {
      LONGSHORE_BUILD_LIMITS: limits,
      LONGSHORE_BUILD_ISOLATION: steps,
      LONGSHORE_BUILD_NETWORK: network,
      LONGSHORE_BUILD_CGROUP: cgroup,
    } = buildSettingsSchema.parse(process.env);
    isolationOf({ limits, steps, network, cgroup });
    return undefined;
  } catch (error) {
    if (!(error instanceof BuilderRefused)) throw error;
    process.stderr.write(
      `no images are built here, although buildah is on the PATH:\n${error.missing
        .map((each) => `  - ` + `${each}\n`)
        .join('')}`,
    );
    return error.message;
  }
}

function regionSetting({ name, blob, queue, cosmosRegion: cosmos }: RegionEndpoints) {
  return { name, blobs: blob.connectionString, queues: queue.connectionString, cosmos };
}
