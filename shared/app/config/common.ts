import { z } from 'zod';
import { buildSettings } from '../../adapters/buildah/settings.ts';
import { numberFrom } from '../../core/feature/number-setting.ts';
import { keySchema, originSchema } from '../../core/feature/setting-formats.ts';
import type { RegistryName } from '../../core/oci/name.ts';
import { userSecretPrefix } from '../../features/builds/user-secrets.ts';
import { skus } from '../../features/identity/ratelimits.ts';
import { connectionStringSchema, hostNamesSchema, outboundSchema, registryNameSchema, vaultSchema } from './formats.ts';
import { regionNameSchema, regionsSchema } from './regions.ts';
import { registriesSchema } from './registries.ts';

/** A key or connection string where the stores are local; absent, the app's managed identity is used. */
const secret = z.string().min(1).optional();

/**
 * The settings of no feature in particular. `local.settings.sample.json` shows the same names with values for the local
 * stack. A store is reached with its key or connection string where one is set, else with the app's identity at its
 * endpoint.
 */
export const commonSettings = {
  /** Names the registry that serves every host name which LONGSHORE_REGISTRIES gives to no other. */
  LONGSHORE_REGISTRY: registryNameSchema.default('default' as RegistryName),
  /**
   * Lists further registries of the deployment as JSON, with the hosts that lead to each (docs/registries.md):
   * `[{"name":"team","hosts":["team.example"],"publicUrl":"https://team.example","adminPasswordHash":"…"},…]`. A host
   * of none is refused, unless it is one of LONGSHORE_HOST_NAMES.
   */
  LONGSHORE_REGISTRIES: registriesSchema.optional(),
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
      `must not begin with ${userSecretPrefix}: such secrets are for tasks`,
    )
    .default('longshore-sealing-key'),
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
  /** Sets the SKU of a registry whose own settings (`/api/v1/registry`) name none. */
  LONGSHORE_SKU: z.enum(skus).default('standard'),
  /**
   * Names the program that builds images on this machine: `buildah`, which must be on the PATH, and whose own logins
   * are used for registries. Without it nothing is built here: images are rebased, or built by runners elsewhere.
   */
  LONGSHORE_RUNNER: z.enum(['buildah'], { error: 'must be "buildah", or not set' }).optional(),
  ...buildSettings,
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
    .regex(/(^|;)Authorization=AAD(;|$)/, 'must contain Authorization=AAD')
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
};
