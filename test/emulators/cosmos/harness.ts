import { createHmac, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type {
  Container,
  ContainerDefinition,
  CosmosClientOptions,
  FeedOptions,
  JSONObject,
  SqlQuerySpec,
} from '@azure/cosmos';
import { ChangeFeedStartFrom, CosmosClient, PartitionKeyDefinitionVersion, PartitionKeyKind } from '@azure/cosmos';
import { afterAll, beforeAll } from 'vitest';
import type { CosmosEmulator, CosmosEmulatorOptions } from '../../../emulators/cosmos/emulator.ts';
import { startCosmosEmulator } from '../../../emulators/cosmos/emulator.ts';

export interface TestBed {
  readonly emulator: CosmosEmulator;
  readonly client: CosmosClient;
  /** A client that the test bed disposes of. */
  connect(options?: Partial<CosmosClientOptions>): CosmosClient;
  /** A new container; by `/pk` unless the definition says otherwise. */
  newContainer(definition?: ContainerDefinition): Promise<Container>;
}

/** Starts an emulator in memory before the tests of a file and stops it after them. */
export function useEmulator(options: Partial<CosmosEmulatorOptions> = {}): TestBed {
  let emulator: CosmosEmulator | undefined;
  const clients: CosmosClient[] = [];
  const running = (): CosmosEmulator => {
    if (emulator === undefined) throw new Error('The emulator is started by beforeAll.');
    return emulator;
  };
  const connect = (given: Partial<CosmosClientOptions> = {}): CosmosClient => {
    const { endpoint, key } = running();
    const client = new CosmosClient({ endpoint, key, ...given });
    clients.push(client);
    return client;
  };
  beforeAll(async () => {
    emulator = await startCosmosEmulator({ path: ':memory:', ...options });
    connect();
  });
  afterAll(async () => {
    for (const client of clients) client.dispose();
    await running().stop();
  });
  return {
    get emulator() {
      return running();
    },
    get client() {
      return clients[0] ?? connect();
    },
    connect,
    async newContainer(definition = {}) {
      const { database } = await this.client.databases.createIfNotExists({ id: 'test' });
      const { container } = await database.containers.create({
        id: randomUUID(),
        partitionKey: { paths: ['/pk'] },
        ...definition,
      });
      return container;
    },
  };
}

/** Registry and repository: the project's own shape of key. */
export const HIERARCHICAL = byKey('/registry', '/repository');

/** A container by a hierarchical key. */
export function byKey(...paths: string[]): ContainerDefinition {
  return { partitionKey: { paths, kind: PartitionKeyKind.MultiHash, version: PartitionKeyDefinitionVersion.V2 } };
}

// The SDK declares the starts as classes that do not extend the one that its options ask for.
const asStart = (start: unknown): ChangeFeedStartFrom => start as ChangeFeedStartFrom;

/** The places at which a change feed can begin. */
export const startFrom = {
  beginning: (partition?: string | string[]) => asStart(ChangeFeedStartFrom.Beginning(partition)),
  now: () => asStart(ChangeFeedStartFrom.Now()),
  time: (time: Date) => asStart(ChangeFeedStartFrom.Time(time)),
  token: (token: string) => asStart(ChangeFeedStartFrom.Continuation(token)),
};

export interface RefusedRequest {
  readonly code: number;
  readonly substatus?: number;
  readonly message: string;
  readonly headers?: Record<string, string>;
}

/** The error of a request that must not succeed. */
export async function refusal(request: Promise<unknown>): Promise<RefusedRequest> {
  try {
    await request;
  } catch (error) {
    return error as RefusedRequest;
  }
  throw new Error('The request was expected to be refused.');
}

/** All results of a query. */
export async function select(
  container: Container,
  query: string | SqlQuerySpec,
  options: FeedOptions = {},
): Promise<unknown[]> {
  const { resources } = await container.items.query<unknown>(query, options).fetchAll();
  return resources;
}

/** Writes items one after the other, so that their order is known. */
export async function createAll(container: Container, items: readonly JSONObject[]): Promise<void> {
  for (const item of items) await container.items.create(item);
}

/** A folder for a state file, and how to remove it. */
export async function temporaryFolder(): Promise<{ path: string; remove: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'longshore-cosmos-'));
  return { path, remove: () => rm(path, { recursive: true }) };
}

/**
 * A signed request that the SDK would not send. `path` is a feed, such as `dbs/test/colls`; the signature may be for
 * another.
 */
export async function signedFetch(
  { endpoint, key }: CosmosEmulator,
  method: string,
  path: string,
  body?: unknown,
  signedPath = path,
): Promise<Response> {
  const segments = signedPath.split('/');
  const date = new Date().toUTCString();
  const text = `${method}\n${segments.at(-1) ?? ''}\n${segments.slice(0, -1).join('/')}\n${date}\n\n`.toLowerCase();
  const signature = createHmac('sha256', Buffer.from(key, 'base64')).update(text).digest('base64');
  const authorization = encodeURIComponent(`type=master&ver=1.0&sig=${signature}`);
  return fetch(`${endpoint}${path}`, {
    method,
    headers: { authorization, 'x-ms-date': date },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}
