import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { DatabaseSync } from 'node:sqlite';
import { Catalog } from './catalog/catalog.ts';
import { Faults } from './faults.ts';
import { Authorizer } from './http/authorize.ts';
import type { Emulation } from './http/emulation.ts';
import { createSurface } from './http/server.ts';
import { openDatabase, transactions } from './store/database.ts';
import { startReaper } from './store/reaper.ts';
import { discardReplicas, Replica } from './store/replica.ts';
import { Writes } from './store/writes.ts';

/** The key of Microsoft's own emulators. It is published, and protects nothing but against mistakes. */
export const WELL_KNOWN_KEY =
  'C2y6yDjf5/R+ob0N8A7Cgv30VRDJIWEHLM+4QDU5DE2nQ9nDuVTqobD4b8mGGyPMbIZnqyMsEcaGQy67XIw/Jw==';

interface ReadRegion {
  readonly port?: number;
  readonly name?: string;
  readonly lagMs: number;
}

export interface CosmosEmulatorOptions {
  /** The state file, or ':memory:'. */
  readonly path: string;
  /** 0, the default: any free port. */
  readonly port?: number;
  readonly host?: string;
  /** Base64. */
  readonly key?: string;
  /** Refuses what the service refuses although the emulator could answer it. Default: true. */
  readonly strict?: boolean;
  /** The name of the write region. */
  readonly region?: string;
  /** Further regions, each of which shows everything `lagMs` later and takes no writes. */
  readonly readRegions?: readonly ReadRegion[];
  /** Milliseconds since the epoch; tests move it. */
  readonly now?: () => number;
}

export interface CosmosEmulator {
  readonly endpoint: string;
  /** The endpoints of the read regions, in their order. */
  readonly readEndpoints: readonly string[];
  readonly key: string;
  readonly faults: Faults;
  /** Sets the milliseconds by which a read region is behind; the first without a number. */
  setLag(lagMs: number, region?: number): void;
  stop(): Promise<void>;
}

interface State {
  readonly db: DatabaseSync;
  readonly catalog: Catalog;
  readonly replicas: readonly Replica[];
  readonly writes: Writes;
}

/** The catalog comes before the replicas: it opens the tables that they copy. */
function openState({ path, readRegions = [], now = Date.now }: CosmosEmulatorOptions): State {
  const db = openDatabase(path);
  const atomically = transactions(db);
  const catalog = new Catalog(db, atomically, now);
  discardReplicas(db, readRegions.length);
  const replicas = readRegions.map(({ lagMs }, number) => new Replica(db, atomically, catalog, { number, lagMs }));
  return { db, catalog, replicas, writes: new Writes(db, atomically, replicas) };
}

async function listen(server: Server, host: string, port: number): Promise<string> {
  server.listen(port, host);
  await once(server, 'listening');
  return `http://${host}:${(server.address() as AddressInfo).port}/`;
}

/** Idle connections of the SDK's agent would keep the server open for minutes. */
async function close(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}

/** Starts the emulator in this process. Everything it holds is in the returned object; there may be several. */
export async function startCosmosEmulator(options: CosmosEmulatorOptions): Promise<CosmosEmulator> {
  const {
    host = '127.0.0.1',
    key = WELL_KNOWN_KEY,
    strict = true,
    region = 'Local',
    readRegions = [],
    now = Date.now,
  } = options;
  const state = openState(options);
  const names = [region, ...readRegions.map(({ name }, at) => name ?? `Local Read${at === 0 ? '' : ` ${at + 1}`}`)];
  const endpoints: string[] = [];
  const locations = (): { name: string; endpoint: string }[] =>
    endpoints.map((endpoint, at) => ({ name: names[at] ?? '', endpoint }));
  const emulation: Emulation = { ...state, strict, now, locations };
  const faults = new Faults();
  const authorizer = new Authorizer(key);
  const ports = [options.port ?? 0, ...readRegions.map(({ port }) => port ?? 0)];
  const servers = names.map((name, at) =>
    createSurface({
      emulation,
      authorizer,
      faults,
      region: { name, isReadOnly: at > 0, replica: state.replicas[at - 1] },
    }),
  );
  const stopReaper = startReaper(state.db, state.catalog, state.replicas, now);
  const stop = async (): Promise<void> => {
    stopReaper();
    await Promise.all(servers.filter(({ listening }) => listening).map(close));
    if (state.db.isOpen) state.db.close();
  };
  try {
    for (const [at, server] of servers.entries()) endpoints.push(await listen(server, host, ports[at] ?? 0));
  } catch (error) {
    await stop();
    throw error;
  }
  const [endpoint = '', ...readEndpoints] = endpoints;
  const setLag = (lagMs: number, at = 0): void => state.replicas[at]?.setLag(lagMs);
  return { endpoint, readEndpoints, key, faults, setLag, stop };
}
