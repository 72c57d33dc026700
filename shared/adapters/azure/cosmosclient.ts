import type { ConsistencyLevel, CosmosClientOptions, ErrorResponse, PluginConfig } from '@azure/cosmos';
import { CosmosClient } from '@azure/cosmos';
import { defined } from '../../core/documents/defined.ts';
import type { KeyOrIdentity } from './credential.ts';
import { within } from './deadline.ts';

export type CosmosSettings = KeyOrIdentity & {
  readonly endpoint: string;
  readonly database: string;
  /** Azure's region names, nearest first, for reads and queries. Without them everything goes to the write region. */
  readonly preferredRegions?: readonly string[];
  /** A consistency weaker than the account's default, for reads of documents that never change. */
  readonly consistency?: keyof typeof ConsistencyLevel;
};

/** The milliseconds of one attempt. The SDK's own default is 60 s, longer than a registry client waits. */
const attemptMs = 10_000;
/** The seconds of all attempts of one call: the SDK repeats a read 120 times when no region answers. */
const callSeconds = 20;
/** The caller learns early that it is throttled: it knows whether to wait. */
const throttlingRetries = { maxRetryAttemptCount: 2, maxWaitTimeInSeconds: 2 };

/**
 * Makes a client. Its sockets are kept alive and unlimited in number, which is the SDK's own default. (Given an agent
 * of ours it would refuse plain http, which the emulators speak.)
 */
export function cosmosClient(settings: CosmosSettings): CosmosClient {
  // `plugins` is read by the SDK and left out of its published types.
  const options: CosmosClientOptions & { readonly plugins: PluginConfig[] } = {
    endpoint: settings.endpoint,
    ...('key' in settings ? { key: settings.key } : { aadCredentials: settings.credential }),
    ...defined({ consistencyLevel: settings.consistency }),
    connectionPolicy: {
      requestTimeout: attemptMs,
      retryOptions: throttlingRetries,
      useMultipleWriteLocations: false,
      preferredLocations: [...(settings.preferredRegions ?? [])],
    },
    plugins: [keepBatchStatus, skipNeedlessQueryPlans],
  };
  return new CosmosClient(options);
}

/** Makes one call of the SDK, retries included. */
export function inTime<T>(call: (abortSignal: AbortSignal) => Promise<T>): Promise<T> {
  return within(callSeconds, call);
}

/**
 * Keeps the status of a batch, because `Items.batch` wraps what it catches in a bare `Error` without status and
 * retry-after. An answer, even a bad one, is not thrown.
 */
const keepBatchStatus: PluginConfig = {
  on: 'operation',
  plugin: async (context, _diagnostics, next) => {
    if (context.operationType?.toString() !== 'batch') return next(context);
    return next(context).catch((error: unknown) => {
      const { code, headers } = error as ErrorResponse;
      if (typeof code !== 'number') throw error;
      return { code, headers: headers ?? {}, result: [] };
    });
  },
};

/** The options of the queries that the gateway refused to run by itself. */
const refusedQueries = new WeakSet();

export function wasRefused(options: object): boolean {
  return refusedQueries.has(options);
}

/**
 * Answers requests for query plans. The SDK posts one beside every query, and needs it only when the gateway refuses
 * the query and the SDK has to merge partitions. Half of the requests would be for nothing, so they are answered here,
 * except when merging was requested.
 */
const skipNeedlessQueryPlans: PluginConfig = {
  on: 'request',
  plugin: async (context, _diagnostics, next) => {
    const headers: object = context.headers ?? {};
    const { options } = context;
    const merges = 'enableQueryControl' in options;
    if ('x-ms-cosmos-is-query-plan-request' in headers && !merges) return { code: 200, headers: {}, result: {} };
    return next(context).catch((error: unknown) => {
      if ('x-ms-documentdb-isquery' in headers && (error as ErrorResponse).code === 400) refusedQueries.add(options);
      throw error;
    });
  },
};
