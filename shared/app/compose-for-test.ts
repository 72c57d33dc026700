import { usualChance } from '../adapters/memory/chance.ts';
import type { MemoryConnection, MemoryConnectionOptions } from '../adapters/memory/connect.ts';
import { connectMemory } from '../adapters/memory/connect.ts';
import type { MemoryWorld } from '../adapters/memory/world.ts';
import { createMemoryWorld } from '../adapters/memory/world.ts';
import { guardedGet } from '../core/outbound/guarded-get.ts';
import { guardedPost } from '../core/outbound/guarded-post.ts';
import { outboundClient } from '../core/outbound/outbound-client.ts';
import { loopbackNetworks, reachOf } from '../core/outbound/public-address.ts';
import { systemRandomIds } from '../core/ports/clock.ts';
import { silentLog } from '../core/ports/log.ts';
import { scryptPasswords } from '../features/identity/password.ts';
import { guardedAsk } from '../features/scanning/adapter/ask-scanner.ts';
import type { Adapters, Longshore, Settings } from './assemble.ts';
import { parseConfig } from './config/config.ts';
import { settingsOf } from './config/settings-of.ts';
import type { FurtherRegistry } from './registries.ts';
import { assembleRegistries } from './registries.ts';

/** scrypt at a cost that slows no guess, and no test. */
export const cheapPasswords = scryptPasswords({ N: 2, r: 1, p: 1 });

/** Stores are in memory: nothing is asked at these addresses. */
const nowhere = 'https://nowhere.invalid';

/** The environment of an app over memory. */
export const testEnvironment = {
  LONGSHORE_AUTH: 'open',
  LONGSHORE_HOST_NAMES: 'any',
  LONGSHORE_REGION: 'home',
  LONGSHORE_OUTBOUND: 'loopback',
  LONGSHORE_SKU: 'basic',
  LONGSHORE_UPLOAD_KEY: Buffer.alloc(32, 'a key for tests alone').toString('base64'),
  LONGSHORE_SECRET_KEY: Buffer.alloc(32, 'a key for tests that seals').toString('base64'),
  COSMOS_ENDPOINT: nowhere,
  BLOB_ENDPOINT: nowhere,
  QUEUE_ENDPOINT: nowhere,
  EVENTGRID_ENDPOINT: nowhere,
};

let parsed: Settings | undefined;

/** Returns the settings of every feature, unless a test says otherwise. */
function usualSettings(): Settings {
  return (parsed ??= { ...settingsOf(parseConfig(testEnvironment)), auth: { mode: 'open' } });
}

interface WorldOptions {
  readonly world?: MemoryWorld;
  readonly connection?: MemoryConnectionOptions;
  readonly adapters?: Partial<Adapters>;
}

export interface TestWorld {
  readonly world: MemoryWorld;
  readonly memory: MemoryConnection;
}

export interface TestLongshore extends Longshore, TestWorld {}

/** The whole app over memory. The same `world` again is another instance, or the one that starts after a crash. */
export function composeForTest(
  options: WorldOptions & {
    readonly settings?: Partial<Settings>;
    /** Beside the one that the settings are of. */
    readonly registries?: readonly FurtherRegistry[];
  } = {},
): TestLongshore {
  const { adapters, ...world } = adaptersForTest(options);
  const settings = { ...usualSettings(), ...options.settings };
  return { ...assembleRegistries(adapters, settings, options.registries), ...world };
}

/** Makes the adapters of an app over memory. */
export function adaptersForTest(options: WorldOptions = {}): TestWorld & { readonly adapters: Adapters } {
  const world = options.world ?? createMemoryWorld();
  // A test that reads the store itself sees all of it.
  const memory = connectMemory(world, { ...options.connection, chance: 'none' });
  const { documents } = connectMemory(world, {
    ...options.connection,
    calls: memory.calls,
    chance: options.connection?.chance ?? usualChance(),
  });
  const client = outboundClient({ reach: reachOf(loopbackNetworks) });
  const adapters: Adapters = {
    ...memory,
    documents,
    outbound: guardedGet(client),
    receivers: guardedPost(client),
    scanners: guardedAsk(client),
    clock: world.clock,
    ids: systemRandomIds,
    passwords: cheapPasswords,
    log: silentLog,
    ...options.adapters,
  };
  return { world, memory, adapters };
}
