import { usualChance } from '../adapters/memory/chance.ts';
import type { MemoryConnection, MemoryConnectionOptions } from '../adapters/memory/connect.ts';
import { connectMemory } from '../adapters/memory/connect.ts';
import type { MemoryWorld } from '../adapters/memory/world.ts';
import { createMemoryWorld } from '../adapters/memory/world.ts';
import type { RegistryName } from '../core/oci/name.ts';
import { guardedGet } from '../core/outbound/guarded-get.ts';
import { guardedPost } from '../core/outbound/guarded-post.ts';
import { loopbackNetworks, reachOf } from '../core/outbound/public-address.ts';
import { systemRandomIds } from '../core/ports/clock.ts';
import { silentLog } from '../core/ports/log.ts';
import { scryptPasswords } from '../features/identity/password.ts';
import type { Adapters, Settings } from './assemble.ts';
import { assemble } from './assemble.ts';
import type { Longshore } from './longshore.ts';

/** scrypt at a cost that slows no guess, and no test. */
export const cheapPasswords = scryptPasswords({ N: 2, r: 1, p: 1 });

export interface TestLongshore extends Longshore {
  readonly world: MemoryWorld;
  readonly memory: MemoryConnection;
}

/** The whole app over memory. The same `world` again is another instance, or the one that starts after a crash. */
export function composeForTest(
  options: {
    readonly world?: MemoryWorld;
    readonly connection?: MemoryConnectionOptions;
    readonly adapters?: Partial<Adapters>;
    readonly settings?: Partial<Settings>;
  } = {},
): TestLongshore {
  const world = options.world ?? createMemoryWorld();
  // Where a test looks at the store itself, it sees all of it.
  const memory = connectMemory(world, { ...options.connection, chance: 'none' });
  const { documents } = connectMemory(world, {
    ...options.connection,
    calls: memory.calls,
    chance: options.connection?.chance ?? usualChance(),
  });
  const reach = reachOf(loopbackNetworks);
  const adapters: Adapters = {
    ...memory,
    documents,
    outbound: guardedGet({ reach }),
    receivers: guardedPost({ reach }),
    clock: world.clock,
    ids: systemRandomIds,
    passwords: cheapPasswords,
    log: silentLog,
    ...options.adapters,
  };
  const settings: Settings = {
    registryName: 'default' as RegistryName,
    region: 'home',
    blobs: 'redirect',
    usage: { actors: [], quotaBytes: 10 * 1024 ** 3 },
    manifestCacheBytes: 64 * 1024 * 1024,
    uploadKey: Buffer.alloc(32, 'a key for tests alone'),
    eventSource: '/longshore',
    graceMs: 24 * 3600 * 1000,
    auth: { mode: 'open' },
    sealing: { key: Buffer.alloc(32, 'a key for tests that seals') },
    reach,
    ...options.settings,
  };
  return { ...assemble(adapters, settings), world, memory };
}
