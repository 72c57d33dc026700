import type { StackKeys } from './stack-keys.ts';

/** Where the local services listen, and how they are opened. */
export interface ServiceEndpoints {
  readonly cosmos: { readonly endpoint: string; readonly key: string; readonly database: string };
  readonly blob: { readonly endpoint: string; readonly connectionString: string };
  readonly queue: { readonly endpoint: string; readonly connectionString: string };
  readonly eventGrid: { readonly endpoint: string; readonly key: string };
  /** The storage account that stands for a second region. */
  readonly secondRegion: { readonly connectionString: string };
}

/** What the stack decides itself. */
export interface OwnSettings {
  readonly keys: StackKeys;
  readonly auth: string;
  readonly logLevel: string;
  readonly logFile?: string;
}

/** The settings of `shared/config.ts` that point the app at the local services, or that the stack decides. */
export function appSettings(services: ServiceEndpoints, stack: OwnSettings): Record<string, string> {
  return {
    LONGSHORE_UPLOAD_KEY: stack.keys.uploadKey,
    LONGSHORE_AUTH: stack.auth,
    LONGSHORE_SECRET_KEY: stack.keys.secretKey,
    ...(stack.keys.adminPasswordHash === undefined ? {} : { LONGSHORE_ADMIN_PASSWORD_HASH: stack.keys.adminPasswordHash }),
    LONGSHORE_OUTBOUND: 'loopback',
    LONGSHORE_LOG_LEVEL: stack.logLevel,
    ...(stack.logFile === undefined ? {} : { LONGSHORE_LOG_FILE: stack.logFile }),
    COSMOS_ENDPOINT: services.cosmos.endpoint,
    COSMOS_KEY: services.cosmos.key,
    COSMOS_DATABASE: services.cosmos.database,
    BLOB_CONNECTION_STRING: services.blob.connectionString,
    QUEUE_CONNECTION_STRING: services.queue.connectionString,
    EVENTGRID_ENDPOINT: services.eventGrid.endpoint,
    EVENTGRID_KEY: services.eventGrid.key,
    AzureWebJobsStorage: services.queue.connectionString,
  };
}
