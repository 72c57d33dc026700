import { z } from 'zod';
import { blobOrigin, buildSettings } from '../../adapters/buildah/settings.ts';
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
    /** The registry that serves every host name. */
    LONGSHORE_REGISTRY: registryNameSchema.default('default' as RegistryName),
    /** The name of the region that this app runs in; blobs remember in which region they lie. */
    LONGSHORE_REGION: regionNameSchema.default('local'),
    /**
     * All regions of the deployment, the same in each, as JSON:
     * `[{"name":"weu","blobs":"https://…","queues":"https://…","cosmos":"West Europe"},…]`, LONGSHORE_REGION among
     * them. Absent, there is one. Removing one takes effect after it was emptied (docs/replication.md).
     */
    LONGSHORE_REGIONS: regionsSchema.optional(),
    /**
     * How blobs reach clients: a redirect to a signed URL of Blob Storage, or through the app where clients cannot
     * reach the storage. Absent, a redirect, but `proxy` where LONGSHORE_PUBLIC_URL is https and a storage http:
     * clients of .NET follow no redirect from https to http.
     */
    LONGSHORE_BLOBS: z.enum(['redirect', 'proxy']).optional(),
    /**
     * Who pulls as what, whatever it calls itself, as in `trivy=scanner,build-*=ci`: names of tokens, or subjects of
     * workloads.
     */
    LONGSHORE_CLIENT_CLASSES: actorClassesSchema.optional(),
    /**
     * What the forecast of stored bytes goes by, in GiB; absent, what ACR includes in LONGSHORE_SKU. Nothing is refused
     * beyond it.
     */
    LONGSHORE_STORAGE_QUOTA_GIB: z.coerce.number().positive().optional(),
    /** What an instance keeps of manifests in memory, in MiB. */
    LONGSHORE_MANIFEST_CACHE_MIB: z.coerce.number().int().min(1).max(65_536).default(64),
    /** Signs upload URLs: the same on every instance. Changing it ends the uploads that are under way. */
    LONGSHORE_UPLOAD_KEY: keySchema,
    /**
     * The origin of the host that takes uploads, where the one that clients ask is not fit for large bodies: an
     * upload's `Location` leads there, and opens that one upload by itself for six hours. The same on both; absent,
     * uploads go to the host that was asked.
     */
    LONGSHORE_UPLOADS_URL: originSchema.optional(),
    /**
     * Who may do what: `open` lets everyone do everything. There is no default: the local stack sets it, on loopback
     * alone.
     */
    LONGSHORE_AUTH: z.enum(['open', 'required'], {
      error: 'must be "open" (everyone may do everything) or "required"',
    }),
    /**
     * Seals the keys that sign tokens, and what is secret of webhooks: the same on every instance. Changing it makes
     * new keys, and tokens that are out stay good; webhooks' secrets must be rotated and their headers set anew.
     */
    LONGSHORE_SECRET_KEY: keySchema.optional(),
    /**
     * `https://NAME.vault.azure.net`: its secret seals instead, read with the app's identity. LONGSHORE_SECRET_KEY then
     * opens what it sealed before.
     */
    LONGSHORE_KEY_VAULT: vaultSchema.optional(),
    /**
     * The name of that secret, 32 bytes or more in base64. A new version of it seals from then on; the old ones must
     * stay enabled to open.
     */
    LONGSHORE_SEALING_SECRET: z
      .string()
      .regex(/^[0-9a-zA-Z-]{1,127}$/, 'must be 1 to 127 letters, digits and dashes')
      .refine(
        (name) => !name.toLowerCase().startsWith(userSecretPrefix),
        `must not begin with ${userSecretPrefix}: tasks may name those`,
      )
      .default('longshore-sealing-key'),
    /** Of the user `admin`; absent, there is no such user. Changing it ends what was got with the password before. */
    LONGSHORE_ADMIN_PASSWORD_HASH: passwordHashSchema.optional(),
    /**
     * Where clients find the registry; absent, where the request came in. It must be set behind whatever ends TLS or
     * renames hosts.
     */
    LONGSHORE_PUBLIC_URL: originSchema.optional(),
    /**
     * The names that requests may come to. `own`: those of this machine (localhost, its addresses, its host name), and
     * the hosts of LONGSHORE_PUBLIC_URL and LONGSHORE_UPLOADS_URL; others by name are answered to besides; `any` looks
     * at no name. Absent, `own` where LONGSHORE_AUTH is `open`, as any page of the web that lets its name point here
     * would be the administrator; else `any`.
     */
    LONGSHORE_HOST_NAMES: hostNamesSchema.optional(),
    /**
     * How long what nothing needs any more is spared: a blob that was uploaded or purged, and bytes that nobody links.
     * In hours.
     */
    LONGSHORE_GRACE_HOURS: z.coerce.number().min(1).max(720).default(24),
    /**
     * How many proxies stand before the app that add to `X-Forwarded-For` who has connected to them: so many of its
     * entries, from the end, are believed, and limits count by the first of those. 0 takes the connection's address,
     * which the Functions host does not tell.
     */
    LONGSHORE_TRUSTED_HOPS: z.coerce.number().int().min(0).max(10).default(0),
    /** Of a registry whose own settings (`/api/v1/registry`) name none. */
    LONGSHORE_SKU: z.enum(skus).default('standard'),
    /** Of the whole registry, per instance; with LONGSHORE_AUTH=required alone. */
    LONGSHORE_RATE_LIMITS: rateLimitsSchema.default('sku'),
    /** Of each identity, likewise. */
    LONGSHORE_IDENTITY_RATE_LIMITS: rateLimitsSchema.default('sku'),
    /**
     * What builds images on this machine: `buildah`, which must be on the PATH, and whose own logins are used for
     * registries. Absent, nothing is built: images are rebased and told of.
     */
    LONGSHORE_RUNNER: z.enum(['buildah'], { error: 'must be "buildah", or not set' }).optional(),
    ...buildSettings,
    /**
     * How many builds are under way side by side: those that have no image in common. Each makes up to eight images at
     * once.
     */
    LONGSHORE_BUILDS_AT_ONCE: z.coerce.number().int().min(1).max(16).default(4),
    /**
     * How often a tag of another registry is looked at that images here are built on, give or take a tenth; each look
     * is one HEAD. In minutes.
     */
    LONGSHORE_UPSTREAM_INTERVAL_MINUTES: z.coerce.number().min(1).max(10_080).default(60),
    /** How many such looks one registry gets in a minute, from all instances together. */
    LONGSHORE_UPSTREAM_PER_MINUTE: z.coerce.number().int().min(1).max(10_000).default(30),
    /**
     * Registries whose tags are looked at whoever builds on them, as hosts with commas between; others must be listed
     * by an administrator (`/api/v1/bases/upstreams`) or a task. `none`, no others; absent, public ones
     * (docs/rebuilds.md).
     */
    LONGSHORE_UPSTREAM_HOSTS: hostsSchema.optional(),
    /**
     * Where URLs that users give (issuers, webhooks) may lead: `public` addresses, or also networks of one's own,
     * `loopback` among them (the local stack and tests).
     */
    LONGSHORE_OUTBOUND: outboundSchema.default([]),
    /** `source` of the events; in Azure the resource id of the topic or registry. */
    LONGSHORE_EVENT_SOURCE: z.string().min(1).default('/longshore'),
    /**
     * A file of this process alone that gets the log, a line of JSON each, and is rotated (docs/container.md); absent,
     * the log goes to standard output, which Azure collects.
     */
    LONGSHORE_LOG_FILE: z.string().optional(),
    LONGSHORE_LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),

    /**
     * The part of traces that goes to Application Insights, from 0 to 1: chosen by the trace's id, so a trace is there
     * whole or not at all.
     */
    LONGSHORE_TRACED_SHARE: z.coerce.number().min(0).max(1).default(1),
    /**
     * Of an Application Insights resource: spans of requests, store calls and events go there. Absent, nothing is
     * traced and nothing of it loaded.
     */
    APPLICATIONINSIGHTS_CONNECTION_STRING: connectionStringSchema.optional(),
    /** `Authorization=AAD`: the resource takes spans from identities alone, and gets the app's. */
    APPLICATIONINSIGHTS_AUTHENTICATION_STRING: z
      .string()
      .regex(/(^|;)Authorization=AAD(;|$)/, 'must hold Authorization=AAD')
      .optional(),
    /**
     * Days that the app is ahead of time, to try purge policies without waiting. Only with Cosmos DB on this machine:
     * nowhere in Azure.
     */
    LONGSHORE_CLOCK_AHEAD_DAYS: z.coerce.number().min(0).max(3_650).default(0),

    COSMOS_ENDPOINT: z.url(),
    COSMOS_KEY: secret,
    COSMOS_DATABASE: z.string().min(1).default('longshore'),

    BLOB_CONNECTION_STRING: secret,
    BLOB_ENDPOINT: z.url().optional(),
    BLOB_CONTAINER: z.string().min(3).default('registry'),

    /** The queues of the account that the functions read from: AzureWebJobsStorage. */
    QUEUE_CONNECTION_STRING: secret,
    QUEUE_ENDPOINT: z.url().optional(),

    /** Whole, with `/api/events`. */
    EVENTGRID_ENDPOINT: z.url(),
    EVENTGRID_KEY: secret,

    /**
     * Where this app knows that it runs in Azure (App Service says WEBSITE_INSTANCE_ID, Container Apps
     * CONTAINER_APP_NAME) it refuses keys, connection strings, plain http and LONGSHORE_AUTH=open. `allow` takes them
     * there all the same: for a trial, or emulators in a container.
     */
    LONGSHORE_KEYS_IN_AZURE: z.enum(['refuse', 'allow'], { error: 'must be "refuse" or "allow"' }).default('refuse'),
    /**
     * Azure Resource Manager of the cloud that the app runs in; its identity's tokens for builds by Azure Container
     * Registry go there.
     */
    LONGSHORE_MANAGEMENT_URL: originSchema.default(new URL('https://management.azure.com')),
    /** The client id of the user-assigned identity; absent, the system-assigned one. */
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
    ...faults.map(
      (issue) =>
        `${issue.path.join('.')} ${issue.code === 'invalid_type' && !(String(issue.path[0]) in given) ? 'is missing' : issue.message}`,
    ),
    ...refused,
  ]);
}

/** Who may do what, by the settings. */
export function authSettings(config: Config): AuthSettings {
  if (config.LONGSHORE_AUTH === 'open') return { mode: 'open', sku: config.LONGSHORE_SKU, ...hopsOf(config) };
  return {
    mode: 'required',
    ...(config.LONGSHORE_ADMIN_PASSWORD_HASH === undefined
      ? {}
      : { administrator: config.LONGSHORE_ADMIN_PASSWORD_HASH }),
    ...(config.LONGSHORE_PUBLIC_URL === undefined ? {} : { publicUrl: config.LONGSHORE_PUBLIC_URL }),
    sku: config.LONGSHORE_SKU,
    ...hopsOf(config),
    rateLimits: {
      ...ratesOf('registry', config.LONGSHORE_RATE_LIMITS),
      ...ratesOf('identity', config.LONGSHORE_IDENTITY_RATE_LIMITS),
    },
  };
}

function hopsOf({ LONGSHORE_TRUSTED_HOPS: trustedHops }: Config): { readonly trustedHops?: number } {
  return trustedHops === 0 ? {} : { trustedHops };
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
    ...(config.LONGSHORE_SECRET_KEY === undefined ? {} : { key: config.LONGSHORE_SECRET_KEY }),
    ...(config.LONGSHORE_KEY_VAULT === undefined ? {} : { secret: config.LONGSHORE_SEALING_SECRET }),
  };
}

function ratesOf(which: keyof RateLimitSettings, given: Config['LONGSHORE_RATE_LIMITS']): RateLimitSettings {
  return given === 'off' ? {} : { [which]: given };
}

const gib = 1024 ** 3;

/** https://learn.microsoft.com/azure/container-registry/container-registry-skus: included storage. In bytes. */
const includedStorage = { basic: 10 * gib, standard: 100 * gib, premium: 500 * gib };

/** In bytes. */
export function storageQuota({ LONGSHORE_SKU, LONGSHORE_STORAGE_QUOTA_GIB: quota }: Config): number {
  return quota === undefined ? includedStorage[LONGSHORE_SKU] : Math.round(quota * gib);
}
