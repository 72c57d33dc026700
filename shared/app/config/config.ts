import { z } from 'zod';
import { blobOrigin, buildSettings } from '../../adapters/buildah/settings.ts';
import { defined } from '../../core/documents/defined.ts';
import { HostNames } from '../../core/http/host-names.ts';
import type { RegistryName } from '../../core/oci/name.ts';
import type { SealingSettings } from '../../core/secrets/sealing-keys.ts';
import { userSecretPrefix } from '../../features/builds/user-secrets.ts';
import type { AuthSettings } from '../../features/identity/identities.ts';
import type { RateLimitSettings } from '../../features/identity/ratelimits.ts';
import { skus } from '../../features/identity/ratelimits.ts';
import { refusedInAzure, unresolvedReferences } from './azure.ts';
import {
  actorClassesSchema,
  connectionStringSchema,
  hostNamesSchema,
  hostsSchema,
  keySchema,
  originSchema,
  outboundSchema,
  passwordHashSchema,
  rateLimitsSchema,
  registryNameSchema,
  vaultSchema,
} from './formats.ts';
import { isAboutNumber, numberFrom, wholeNumberFrom } from './number-setting.ts';
import { regionNameSchema, regionsSchema } from './regions.ts';

function isLoopback(url: string): boolean {
  return ['127.0.0.1', 'localhost', '[::1]'].includes(new URL(url).hostname);
}

/** A key or connection string where the stores are local; absent, the app's managed identity is used. */
const secret = z.string().min(1).optional();

/**
 * Every setting of the app. `local.settings.sample.json` shows the same names with values for the local stack.
 * A store is reached with its key or connection string where one is set, else with the app's identity at its endpoint.
 */
const settingsSchema = z
  .object({
    /** Names the registry that serves every host name. */
    LONGSHORE_REGISTRY: registryNameSchema.default('default' as RegistryName),
    /** Names the region that this app runs in; blobs remember in which region they lie. */
    LONGSHORE_REGION: regionNameSchema.default('local'),
    /**
     * Lists all regions of the deployment as JSON, the same in each, LONGSHORE_REGION among them:
     * `[{"name":"weu","blobs":"https://…","queues":"https://…","cosmos":"West Europe"},…]`. Without it there is one
     * region. Empty a region before you remove it (docs/replication.md).
     */
    LONGSHORE_REGIONS: regionsSchema.optional(),
    /**
     * Says how blobs reach clients: `redirect` sends them to a signed URL of Blob Storage, `proxy` streams the bytes
     * through the app, for clients that cannot reach the storage. Without it blobs are redirected, unless
     * LONGSHORE_PUBLIC_URL is https and a storage is http: clients of .NET follow no redirect from https to http.
     */
    LONGSHORE_BLOBS: z.enum(['redirect', 'proxy']).optional(),
    /**
     * Says which client class the pulls of a token or of a workload's subject count for, whatever user agent they send,
     * as in `trivy=scanner,build-*=ci`.
     */
    LONGSHORE_CLIENT_CLASSES: actorClassesSchema.optional(),
    /**
     * Sets the storage, in GiB, that the forecast counts towards; without it, what ACR includes in LONGSHORE_SKU.
     * Nothing is refused beyond it.
     */
    LONGSHORE_STORAGE_QUOTA_GIB: z.coerce
      .number({ error: 'must be a number above 0' })
      .positive('must be a number above 0')
      .optional(),
    /** Bounds the manifests that an instance keeps in memory, in MiB. */
    LONGSHORE_MANIFEST_CACHE_MIB: wholeNumberFrom(1, 65_536).default(64),
    /**
     * Signs upload URLs: at least 32 bytes in base64, the same on every instance. Changing it ends the uploads that are
     * under way.
     */
    LONGSHORE_UPLOAD_KEY: keySchema,
    /**
     * Names the origin of the host that takes uploads, where the host that clients ask is not fit for large bodies. An
     * upload's `Location` leads there, and opens that one upload by itself for six hours. Set it to the same value on
     * both hosts; without it uploads go to the host that was asked.
     */
    LONGSHORE_UPLOADS_URL: originSchema.optional(),
    /**
     * Says whether requests need credentials: `required`, or `open`, which lets everyone do everything. There is no
     * default: the local stack sets it, on loopback alone.
     */
    LONGSHORE_AUTH: z.enum(['open', 'required'], {
      error: 'must be "open" (everyone may do everything) or "required"',
    }),
    /**
     * Seals the keys that sign tokens, and the secrets of webhooks: at least 32 bytes in base64, the same on every
     * instance. Changing it makes new keys; tokens that are out stay good, but webhooks' secrets must be rotated and
     * their headers set anew.
     */
    LONGSHORE_SECRET_KEY: keySchema.optional(),
    /**
     * Names a Key Vault, as in `https://NAME.vault.azure.net`, whose secret seals instead of LONGSHORE_SECRET_KEY. It
     * is read with the app's identity; LONGSHORE_SECRET_KEY then still opens what it sealed before.
     */
    LONGSHORE_KEY_VAULT: vaultSchema.optional(),
    /**
     * Names the vault's secret that seals: 32 bytes or more in base64. A new version of it seals from then on; the old
     * ones must stay enabled, to open what they sealed.
     */
    LONGSHORE_SEALING_SECRET: z
      .string()
      .regex(/^[0-9a-zA-Z-]{1,127}$/, 'must be 1 to 127 letters, digits and dashes')
      .refine(
        (name) => !name.toLowerCase().startsWith(userSecretPrefix),
        `must not begin with ${userSecretPrefix}: tasks may name those`,
      )
      .default('longshore-sealing-key'),
    /**
     * Holds the hash of the password of the user `admin` (`npm run -s password` makes it); without it there is no such
     * user. Changing it ends every login that was made with the password before.
     */
    LONGSHORE_ADMIN_PASSWORD_HASH: passwordHashSchema.optional(),
    /**
     * Names the origin where clients find the registry; without it, the origin that a request came to is used. Set it
     * behind whatever ends TLS or renames hosts.
     */
    LONGSHORE_PUBLIC_URL: originSchema.optional(),
    /**
     * Lists the names that requests may come to, with commas between. `own` means the names of this machine (localhost,
     * its addresses, its host name) and the hosts of LONGSHORE_PUBLIC_URL and LONGSHORE_UPLOADS_URL; `any` accepts
     * every name. Without it, `own` where LONGSHORE_AUTH is `open`, because a page of the web that lets its name point
     * here would be the administrator; else `any`.
     */
    LONGSHORE_HOST_NAMES: hostNamesSchema.optional(),
    /**
     * Sets how long, in hours, bytes that nothing needs are kept: a blob that was uploaded or purged, and bytes that no
     * document names.
     */
    LONGSHORE_GRACE_HOURS: numberFrom(1, 720).default(24),
    /**
     * Counts the proxies before the app that add the address of their client to `X-Forwarded-For`. That many entries,
     * from the end, are believed, and limits count by the first of those. 0 takes the connection's address, which the
     * Functions host does not tell.
     */
    LONGSHORE_TRUSTED_HOPS: wholeNumberFrom(0, 10).default(0),
    /** Sets the SKU of a registry whose own settings (`/api/v1/registry`) name none. */
    LONGSHORE_SKU: z.enum(skus).default('standard'),
    /**
     * Limits the requests of the whole registry, per instance: `sku` takes ACR's numbers for the SKU, `off` limits
     * nothing, and `READS/WRITES/DELETES` are numbers a minute. It holds with LONGSHORE_AUTH=required alone.
     */
    LONGSHORE_RATE_LIMITS: rateLimitsSchema.default('sku'),
    /**
     * Limits the requests of each identity, per instance, in the form of LONGSHORE_RATE_LIMITS. It holds with
     * LONGSHORE_AUTH=required alone.
     */
    LONGSHORE_IDENTITY_RATE_LIMITS: rateLimitsSchema.default('sku'),
    /**
     * Names the program that builds images on this machine: `buildah`, which must be on the PATH, and whose own logins
     * are used for registries. Without it nothing is built here: images are rebased, or built by runners elsewhere.
     */
    LONGSHORE_RUNNER: z.enum(['buildah'], { error: 'must be "buildah", or not set' }).optional(),
    ...buildSettings,
    /**
     * Bounds the builds that run side by side, which have no image in common. Each makes up to eight images at once.
     */
    LONGSHORE_BUILDS_AT_ONCE: wholeNumberFrom(1, 16).default(4),
    /**
     * Sets how often, in minutes, the app looks at a tag of another registry that images here are built on, give or
     * take a tenth. Each look is one HEAD.
     */
    LONGSHORE_UPSTREAM_INTERVAL_MINUTES: numberFrom(1, 10_080).default(60),
    /** Bounds the looks that one other registry gets in a minute, from all instances together. */
    LONGSHORE_UPSTREAM_PER_MINUTE: wholeNumberFrom(1, 10_000).default(30),
    /**
     * Lists the registries that may be watched for whoever builds on them, as hosts with commas between; others need an
     * entry of an administrator (`/api/v1/bases/upstreams`) or a task. `none` allows no others; without it, well-known
     * public registries are allowed (docs/rebuilds.md).
     */
    LONGSHORE_UPSTREAM_HOSTS: hostsSchema.optional(),
    /**
     * Says where URLs that users give (issuers, webhooks) may lead: `public` addresses, or also listed networks,
     * `loopback` among them (for the local stack and tests), as in `loopback,10.1.0.0/16`.
     */
    LONGSHORE_OUTBOUND: outboundSchema.prefault('public'),
    /** Sets the `source` of the events; in Azure, the resource id of the topic or the registry. */
    LONGSHORE_EVENT_SOURCE: z.string().min(1).default('/longshore'),
    /**
     * Names a file, of this process alone, that gets the log as a line of JSON each and is rotated (docs/container.md);
     * without it the log goes to standard output, which Azure collects.
     */
    LONGSHORE_LOG_FILE: z.string().optional(),
    /** Sets the least severe level that is logged. */
    LONGSHORE_LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),

    /**
     * Sets the part of traces that goes to Application Insights, from 0 to 1. It is chosen by the trace's id, so a
     * trace is there whole or not at all.
     */
    LONGSHORE_TRACED_SHARE: numberFrom(0, 1).default(1),
    /**
     * Names the Application Insights resource that gets the spans of requests, store calls and events. Without it
     * nothing is traced, and no code for it is loaded.
     */
    APPLICATIONINSIGHTS_CONNECTION_STRING: connectionStringSchema.optional(),
    /**
     * Sends the app's identity with the spans when it holds `Authorization=AAD`, for a resource that takes spans from
     * identities alone.
     */
    APPLICATIONINSIGHTS_AUTHENTICATION_STRING: z
      .string()
      .regex(/(^|;)Authorization=AAD(;|$)/, 'must hold Authorization=AAD')
      .optional(),
    /**
     * Sets the app's clock ahead by days, to try purge policies without waiting. It is accepted only with Cosmos DB on
     * this machine: nowhere in Azure.
     */
    LONGSHORE_CLOCK_AHEAD_DAYS: numberFrom(0, 3_650).default(0),

    /** Names the endpoint of the Cosmos DB account that holds all documents. */
    COSMOS_ENDPOINT: z.url(),
    /** Holds the key of the Cosmos DB account, for a local emulator; without it the app's identity is used. */
    COSMOS_KEY: secret,
    /** Names the database, which the templates or the local stack have made. */
    COSMOS_DATABASE: z.string().min(1).default('longshore'),

    /**
     * Holds the connection string of the storage account for blobs, for a local emulator; without it the app's identity
     * is used at BLOB_ENDPOINT.
     */
    BLOB_CONNECTION_STRING: secret,
    /** Names the endpoint of the storage account that holds blobs; needed where BLOB_CONNECTION_STRING is not set. */
    BLOB_ENDPOINT: z.url().optional(),
    /** Names the container that holds the blobs. */
    BLOB_CONTAINER: z.string().min(3).default('registry'),

    /**
     * Holds the connection string of the storage account whose queues the functions read (AzureWebJobsStorage), for a
     * local emulator; without it the app's identity is used at QUEUE_ENDPOINT.
     */
    QUEUE_CONNECTION_STRING: secret,
    /** Names the endpoint of the queues that the functions read; needed where QUEUE_CONNECTION_STRING is not set. */
    QUEUE_ENDPOINT: z.url().optional(),

    /** Names the endpoint of the Event Grid topic, whole, with `/api/events`. */
    EVENTGRID_ENDPOINT: z.url(),
    /** Holds the key of the Event Grid topic, for the local one; without it the app's identity is used. */
    EVENTGRID_KEY: secret,

    /**
     * Says whether keys are accepted in Azure. Where the app knows that it runs there (App Service says
     * WEBSITE_INSTANCE_ID, Container Apps CONTAINER_APP_NAME), `refuse` stops the start at keys, connection strings,
     * plain http and LONGSHORE_AUTH=open; `allow` takes them, for a trial or for emulators in a container.
     */
    LONGSHORE_KEYS_IN_AZURE: z.enum(['refuse', 'allow'], { error: 'must be "refuse" or "allow"' }).default('refuse'),
    /**
     * Names Azure Resource Manager of the cloud that the app runs in; the tokens of the app's identity for builds by
     * Azure Container Registry go there.
     */
    LONGSHORE_MANAGEMENT_URL: originSchema.default(new URL('https://management.azure.com')),
    /** Names the client id of the user-assigned identity; without it the system-assigned identity is used. */
    AZURE_CLIENT_ID: z.string().optional(),
  })
  .refine(
    (settings) =>
      settings.LONGSHORE_AUTH === 'open' ||
      (settings.LONGSHORE_SECRET_KEY ?? settings.LONGSHORE_KEY_VAULT) !== undefined,
    { path: ['LONGSHORE_SECRET_KEY'], error: 'or LONGSHORE_KEY_VAULT must be set when LONGSHORE_AUTH is "required"' },
  )
  .refine((settings) => settings.LONGSHORE_CLOCK_AHEAD_DAYS === 0 || isLoopback(settings.COSMOS_ENDPOINT), {
    path: ['LONGSHORE_CLOCK_AHEAD_DAYS'],
    error: 'may be set only where COSMOS_ENDPOINT is on this machine (127.0.0.1, localhost or [::1])',
  })
  .refine((settings) => settings.LONGSHORE_REGIONS?.some(({ name }) => name === settings.LONGSHORE_REGION) ?? true, {
    path: ['LONGSHORE_REGIONS'],
    error: 'must name LONGSHORE_REGION too',
  })
  .refine((settings) => settings.BLOB_CONNECTION_STRING ?? settings.BLOB_ENDPOINT, {
    path: ['BLOB_ENDPOINT'],
    error: 'or BLOB_CONNECTION_STRING must be set',
  })
  .refine((settings) => settings.QUEUE_CONNECTION_STRING ?? settings.QUEUE_ENDPOINT, {
    path: ['QUEUE_ENDPOINT'],
    error: 'or QUEUE_CONNECTION_STRING must be set',
  });

export type Config = z.infer<typeof settingsSchema>;

/** Names every fault of the settings at once, and never a value: it may be a secret. */
export class BadConfiguration extends Error {
  override readonly name = 'BadConfiguration';

  constructor(faults: readonly string[]) {
    super(`the settings are wrong:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`);
  }
}

/** Parses the environment. An empty value counts as absent. Throws `BadConfiguration`. */
export function parseConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const given = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== undefined && value !== ''),
  );
  const parsed = settingsSchema.safeParse(given);
  const refused = [...refusedInAzure(given), ...unresolvedReferences(given)];
  if (parsed.success && refused.length === 0) return parsed.data;
  const faults = parsed.error?.issues ?? [];
  throw new BadConfiguration([
    ...faults.map((issue) => `${issue.path.join('.')} ${faultOf(issue, given)}`),
    ...refused,
  ]);
}

/** A value may be a secret, so only that of a number is shown. */
function faultOf(issue: z.core.$ZodIssue, given: Readonly<Record<string, string | undefined>>): string {
  const value = given[String(issue.path[0])];
  if (value === undefined && issue.code === 'invalid_type') return 'is missing';
  return value !== undefined && isAboutNumber(issue) ? `${issue.message}, not "${value}"` : issue.message;
}

/** Who may do what, by the settings. */
export function authSettings(config: Config): AuthSettings {
  if (config.LONGSHORE_AUTH === 'open') return { mode: 'open', sku: config.LONGSHORE_SKU, ...hopsOf(config) };
  return {
    mode: 'required',
    ...defined({ administrator: config.LONGSHORE_ADMIN_PASSWORD_HASH, publicUrl: config.LONGSHORE_PUBLIC_URL }),
    sku: config.LONGSHORE_SKU,
    ...hopsOf(config),
    rateLimits: {
      ...ratesOf('registry', config.LONGSHORE_RATE_LIMITS),
      ...ratesOf('identity', config.LONGSHORE_IDENTITY_RATE_LIMITS),
    },
  };
}

function hopsOf({ LONGSHORE_TRUSTED_HOPS: trustedHops }: Config): { readonly trustedHops?: number } {
  return defined({ trustedHops: trustedHops === 0 ? undefined : trustedHops });
}

/** The names that requests may come to; `undefined`: any. */
export function hostNamesOf({
  LONGSHORE_AUTH: auth,
  LONGSHORE_HOST_NAMES: given,
  LONGSHORE_PUBLIC_URL: publicUrl,
  LONGSHORE_UPLOADS_URL: uploadsUrl,
}: Config): HostNames | undefined {
  if (given === undefined ? auth === 'required' : given.includes('any')) return undefined;
  return new HostNames([
    ...(given ?? []).filter((name) => name !== 'own'),
    ...[publicUrl, uploadsUrl].flatMap((url) => url?.hostname ?? []),
  ]);
}

/**
 * How blobs reach clients. Any region's storage counts, because a blob that is not here yet is redirected to where it
 * lies.
 */
export function blobDelivery({
  LONGSHORE_BLOBS: given,
  LONGSHORE_PUBLIC_URL: publicUrl,
  LONGSHORE_REGIONS: regions = [],
  BLOB_CONNECTION_STRING: connectionString,
  BLOB_ENDPOINT: endpoint,
}: Config): 'redirect' | 'proxy' {
  if (given !== undefined || publicUrl?.protocol !== 'https:') return given ?? 'redirect';
  return [{ connectionString, endpoint }, ...regions.map(({ blobs }) => blobs)].some(isPlain) ? 'proxy' : 'redirect';
}

function isPlain(account: Parameters<typeof blobOrigin>[0]): boolean {
  return (
    account.connectionString?.includes('UseDevelopmentStorage=true') === true || blobOrigin(account).startsWith('http:')
  );
}

/** What seals secrets that lie in documents. */
export function sealingSettings(config: Config): SealingSettings {
  return {
    ...defined({
      key: config.LONGSHORE_SECRET_KEY,
      secret: config.LONGSHORE_KEY_VAULT === undefined ? undefined : config.LONGSHORE_SEALING_SECRET,
    }),
  };
}

function ratesOf(which: keyof RateLimitSettings, given: Config['LONGSHORE_RATE_LIMITS']): RateLimitSettings {
  return defined({ [which]: given === 'off' ? undefined : given });
}

const gib = 1024 ** 3;

/** https://learn.microsoft.com/azure/container-registry/container-registry-skus: included storage. In bytes. */
const includedStorage = { basic: 10 * gib, standard: 100 * gib, premium: 500 * gib };

/** In bytes. */
export function storageQuota({ LONGSHORE_SKU, LONGSHORE_STORAGE_QUOTA_GIB: quota }: Config): number {
  return quota === undefined ? includedStorage[LONGSHORE_SKU] : Math.round(quota * gib);
}
