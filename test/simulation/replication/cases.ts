import { pick, randomOf } from '../schedule.ts';
import { graceMs, images, leaseMs, regionNames, repositories } from './world.ts';

export type Operation =
  | {
      readonly do: 'push';
      readonly region: string;
      readonly repository: string;
      readonly image: number;
      readonly tag: string;
    }
  | { readonly do: 'delete'; readonly region: string; readonly repository: string; readonly image: number }
  | { readonly do: 'deliver' | 'copy' | 'sweep' | 'collect'; readonly region: string }
  | { readonly do: 'add' | 'remove' | 'reconcile'; readonly region: string };

export interface Planned {
  readonly operation: Operation;
  /** The process dies at its nth call. */
  readonly crash?: { readonly at: number; readonly moment: 'before' | 'after' };
}

/** Time passes, then these run at once, while some regions are cut off. */
interface Round {
  readonly waitMs: number;
  readonly down: readonly string[];
  readonly planned: readonly Planned[];
}

export interface Case {
  /** The seed of the order of turns. */
  readonly seed: number;
  readonly rounds: readonly Round[];
}

/** Replicas in some regions, an image, perhaps the end of all of these replicas, and then anything. */
export function caseOf(seed: number): Case {
  const random = randomOf(seed);
  const isEmptied = random() < 0.4;
  const left = isEmptied ? pick(random, regionNames) : undefined;
  const replicas = regionNames.filter((region) => (isEmptied ? region !== left : random() < 0.8));
  const added = replicas.map((region): Planned => ({ operation: { do: 'add', region } }));
  const first: Round = {
    waitMs: 0,
    down: [],
    planned: [...added, { operation: pushOf(random, isEmptied ? replicas : regionNames) }],
  };
  const rounds = Array.from({ length: 2 + Math.floor(random() * 4) }, (): Round => ({
    waitMs: pick(random, [0, 0, 10_000, leaseMs + 1, 31 * 60_000, 1.01 * graceMs, 15 * graceMs]),
    down: random() < 0.25 ? [pick(random, regionNames)] : [],
    planned: Array.from({ length: 1 + Math.floor(random() * 3) }, () => perhapsCrashing(random, operationOf(random))),
  }));
  return { seed, rounds: [first, ...(isEmptied ? emptying(replicas) : []), ...rounds] };
}

/** Regions that hold the same are emptied at once: each must see what the other leaves. */
function emptying(replicas: readonly string[]): Round[] {
  const inAll = (each: 'deliver' | 'copy' | 'remove' | 'sweep'): Round => ({
    waitMs: 0,
    down: [],
    planned: replicas.map((region) => ({ operation: { do: each, region } })),
  });
  return [inAll('deliver'), inAll('copy'), inAll('remove'), inAll('sweep')];
}

function perhapsCrashing(random: () => number, operation: Operation): Planned {
  if (random() > 0.2) return { operation };
  return { operation, crash: { at: 1 + Math.floor(random() * 20), moment: pick(random, ['before', 'after']) } };
}

function pushOf(random: () => number, regions: readonly string[] = regionNames): Operation {
  return {
    do: 'push',
    region: pick(random, regions),
    repository: pick(random, repositories),
    image: Math.floor(random() * images.length),
    tag: pick(random, ['t1', 't2']),
  };
}

function operationOf(random: () => number): Operation {
  const region = pick(random, regionNames);
  const chance = random();
  if (chance < 0.2) return pushOf(random);
  if (chance < 0.32)
    return {
      do: 'delete',
      region,
      repository: pick(random, repositories),
      image: Math.floor(random() * images.length),
    };
  if (chance < 0.5) return { do: 'deliver', region };
  if (chance < 0.68) return { do: 'copy', region };
  if (chance < 0.8) return { do: 'sweep', region };
  if (chance < 0.9) return { do: 'collect', region };
  return { do: pick(random, ['add', 'remove', 'reconcile'] as const), region };
}
