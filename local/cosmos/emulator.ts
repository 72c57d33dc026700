import { once } from 'node:events';
import { Catalog } from './catalog/catalog.ts';
import { Faults } from './faults.ts';
import { Authorizer } from './http/authorize.ts';
import { createSurface } from './http/server.ts';
import { openDatabase, transactions } from './store/database.ts';
import { startReaper } from './store/reaper.ts';
import { discardReplica, Replica } from './store/replica.ts';
import { Writes } from './store/writes.ts';
import type { Emulation } from './http/emulation.ts';
import type { DatabaseSync } from 'node:sqlite';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** The key of Microsoft's own emulators. It is published, and protects nothing but against mistakes. */
export const WELL_KNOWN_KEY = 'C2y6yDjf5/R+ob0N8A7Cgv30VRDJIWEHLM+4QDU5DE2nQ9nDuVTqobD4b8mGGyPMbIZnqyMsEcaGQy67XIw/Jw==';

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
  /** A second region, which shows everything `lagMs` later and takes no writes. */
  readonly readRegion?: { readonly port?: number; readonly name?: string; readonly lagMs: number };
  /** Milliseconds since the epoch; tests move it. */
  readonly now?: () => number;
}

export interface CosmosEmulator {
  readonly endpoint: string;
  readonly readEndpoint?: string;
  readonly key: string;
  readonly faults: Faults;
  /** Milliseconds by which the read region is behind. */
  setLag(lagMs: number): void;
  stop(): Promise<void>;
}

interface State {
  readonly db: DatabaseSync;
  readonly catalog: Catalog;
  readonly replica: Replica | undefined;
  readonly writes: Writes;
}

/** The catalog comes before the replica: it opens the tables that the replica copies. */
function openState({ path, readRegion, now = Date.now }: CosmosEmulatorOptions): State {
  const db = openDatabase(path);
  const atomically = transactions(db);
  const catalog = new Catalog(db, atomically, now);
  if (readRegion === undefined) discardReplica(db);
  const replica = readRegion === undefined ? undefined : new Replica(db, atomically, catalog, readRegion.lagMs);
  return { db, catalog, replica, writes: new Writes(db, atomically, replica) };
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
  const { host = '127.0.0.1', key = WELL_KNOWN_KEY, strict = true, region = 'Local', readRegion, now = Date.now } = options;
  const state = openState(options);
  const names = [region, readRegion?.name ?? 'Local Read'];
  const endpoints: string[] = [];
  const locations = (): { name: string; endpoint: string }[] => endpoints.map((endpoint, at) => ({ name: names[at] ?? '', endpoint }));
  const emulation: Emulation = { ...state, strict, now, locations };
  const faults = new Faults();
  const authorizer = new Authorizer(key);
  const ports = [options.port ?? 0, ...(readRegion === undefined ? [] : [readRegion.port ?? 0])];
  const servers = names.slice(0, ports.length).map((name, at) =>
    createSurface({ emulation, authorizer, faults, region: { name, isReadOnly: at > 0 } }),
  );
  const stopReaper = startReaper(state.catalog, state.replica, now);
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
  const [endpoint = '', readEndpoint] = endpoints;
  const setLag = (lagMs: number): void => state.replica?.setLag(lagMs);
  return { endpoint, ...(readEndpoint === undefined ? {} : { readEndpoint }), key, faults, setLag, stop };
}
