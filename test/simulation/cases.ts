import type { SimulatedManifest } from './images.ts';
import { amd64, arm64, both, manifests, signedImage, signedIndex, single } from './images.ts';
import type { Operation } from './operations.ts';
import { pick, randomOf } from './schedule.ts';
import { graceMs } from './world.ts';

export interface Planned {
  readonly operation: Operation;
  /** The process dies at its nth call. */
  readonly crash?: { readonly at: number; readonly moment: 'before' | 'after' };
  /** It begins so many of its turns later than the others. */
  readonly late?: number;
}

/** Time passes, then these run at once. */
interface Round {
  readonly waitMs: number;
  readonly planned: readonly Planned[];
  /** The time that its calls take, in graces; when it is absent, the seed decides. */
  readonly jumps?: readonly number[];
}

export interface Case {
  /** The seed of the order of turns. */
  readonly seed: number;
  readonly rounds: readonly Round[];
  /** A policy is in force (policy.ts). */
  readonly policy?: true;
}

/** The case that a seed stands for: half of them anything, half of them around a moment that matters. */
export function caseOf(seed: number): Case {
  const random = randomOf(seed);
  if (seed % 4 === 0)
    return {
      seed,
      policy: true,
      rounds: random() < 0.4 ? anything(random, policyOperationOf) : pick(random, policyMoments)(random),
    };
  return { seed, rounds: random() < 0.4 ? anything(random) : pick(random, moments)(random) };
}

function anything(random: () => number, next = operationOf): Round[] {
  return Array.from({ length: 2 + Math.floor(random() * 3) }, (_, at) => ({
    waitMs: pick(random, [0, 0.3, 1.01, 1.01, 1.01]) * graceMs,
    planned: Array.from({ length: at === 0 ? 1 : 1 + Math.floor(random() * 2.5) }, () =>
      at === 0 ? { operation: firstOf(random) } : perhapsCrashing(random, next(random)),
    ),
  }));
}

function perhapsCrashing(random: () => number, operation: Operation): Planned {
  if (random() > 0.2) return { operation };
  return { operation, crash: { at: 1 + Math.floor(random() * 14), moment: pick(random, ['before', 'after']) } };
}

const collect: Operation = { do: 'collect' };
const push = (manifest: SimulatedManifest, tag?: string, repository = 0): Operation => ({
  do: 'push',
  repository,
  manifest: manifests.indexOf(manifest),
  ...(tag === undefined ? {} : { tag }),
});
const gone = (random: () => number, manifest: SimulatedManifest): Operation => {
  const at = { repository: 0, manifest: manifests.indexOf(manifest) };
  return random() < 0.6 ? { do: 'delete', ...at } : { do: 'recycle', ...at, tags };
};
const unlink: Operation = { do: 'unlink', repository: 0, blob: 1 };
const upload = (repository = 0): Operation => ({ do: 'upload', repository, blob: 1 });
const round = (random: () => number, graces: number, ...operations: readonly Operation[]): Round => ({
  waitMs: graces * graceMs,
  planned: operations.map((each) => perhapsCrashing(random, each)),
});
const calm = (graces: number, ...operations: readonly Operation[]): Round => ({
  waitMs: graces * graceMs,
  planned: operations.map((operation) => ({ operation })),
});

/**
 * Links that were looked at again before their checks are due, and a push that looks at them then and takes as long as
 * one may, while the checks become due.
 */
function slowPush(random: () => number): Round[] {
  const blobs = [0, 1];
  const each = (does: 'upload' | 'look', graces: number): Round =>
    calm(graces, ...blobs.map((blob) => ({ do: does, repository: 0, blob }) as const));
  const late = Math.floor(random() * 16);
  const meets: Round = {
    waitMs: 0.24 * graceMs,
    planned: [{ operation: push(amd64, 't1') }, { operation: collect, late }],
    jumps: pick(random, [[0.45], [0.25, 0.2]]),
  };
  return [each('upload', 0), each('look', 0.4), meets, calm(pick(random, [0, 0.3]), collect)];
}

/** Returns a case of slow pushes alone. */
export function slowCaseOf(seed: number): Case {
  return { seed, rounds: slowPush(randomOf(seed)) };
}

const moments: readonly ((random: () => number) => Round[])[] = [
  // A link that nobody needed for a grace, and somebody who comes to need it.
  (random) => [
    calm(0, upload()),
    round(
      random,
      1.01,
      collect,
      pick(random, [push(amd64, 't1'), push(arm64, 't1'), upload(), { do: 'mount', repository: 1, blob: 1 }]),
    ),
  ],
  (random) => slowPush(random),
  // A blob that somebody deletes, and somebody who comes to need it.
  (random) => [
    calm(0, upload()),
    round(
      random,
      pick(random, [0, 0.3, 1.01]),
      unlink,
      pick(random, [push(amd64, 't1'), push(arm64, 't1')]),
      pick(random, [collect, upload(), unlink]),
    ),
    round(random, pick(random, [0, 0.6]), collect, pick(random, [push(amd64, 't2'), unlink])),
  ],
  // The same for the bytes.
  (random) => [
    calm(0, upload()),
    calm(1.01, collect),
    round(
      random,
      1.01,
      collect,
      pick(random, [upload(), upload(1), push(amd64, 't1')]),
      pick(random, [upload(1), collect]),
    ),
  ],
  // A manifest that is deleted while it is tagged, listed, or named as a subject.
  (random) => [
    calm(0, push(amd64, 't1')),
    round(
      random,
      0,
      gone(random, amd64),
      pick(random, [push(amd64, 't2'), push(single, 't2'), push(signedImage)]),
      pick(random, [push(single), restoreOf(amd64), collect]),
    ),
  ],
  (random) => [
    calm(0, push(both, 't1')),
    round(random, 0, gone(random, both), pick(random, [push(single, 't2'), push(single), push(both, 't2')])),
  ],
  // A manifest that was recycled along with another one comes back.
  (random) => [
    calm(0, push(both, 't1')),
    calm(0, push(signedIndex)),
    round(random, 0, gone(random, both), pick(random, [push(both, 't2'), restoreOf(both), collect])),
    round(random, 0.3, pick(random, [restoreOf(both), push(both, 't1'), collect])),
  ],
  (random) => [
    calm(0, push(single, 't1')),
    calm(0, push(signedImage)),
    round(random, 0, gone(random, single), pick(random, [push(amd64, 't2'), restoreOf(single), push(amd64)])),
    round(random, 0, restoreOf(single), collect),
  ],
  // A manifest is pushed or restored in the moment in which it is purged.
  (random) => [
    calm(0, push(amd64, 't1')),
    calm(0, gone(random, amd64)),
    round(random, 1.01, collect, pick(random, [push(amd64, 't1'), restoreOf(amd64), push(single, 't1')])),
    round(random, 1.01, collect, push(amd64, 't2')),
  ],
];

const mark: Operation = { do: 'mark' };
const policies: Operation = { do: 'policies' };

const policyMoments: readonly ((random: () => number) => Round[])[] = [
  // A tag whose time is over, and somebody who pushes it again, or keeps what it names.
  (random) => [
    calm(0, push(amd64, 't1'), mark),
    round(
      random,
      1.01,
      policies,
      pick(random, [push(amd64, 't1'), push(amd64, 't2'), push(single, 't2'), push(signedImage)]),
      pick(random, [policies, mark, collect]),
    ),
  ],
  // An index and what it lists; one child is listed by another.
  (random) => [
    calm(0, push(both, 't1'), mark),
    round(random, 1.01, policies, pick(random, [push(single, 't2'), push(single), push(both, 't2'), restoreOf(both)])),
    round(random, 1.01, policies, mark, collect),
  ],
  // A manifest loses its tag to another image.
  (random) => [
    calm(0, push(amd64, 't2')),
    round(random, 0, push(arm64, 't2'), mark),
    round(random, 1.01, policies, pick(random, [push(amd64, 't2'), push(single, 't2'), mark]), policies),
  ],
  // A manifest comes back while a policy recycles it.
  (random) => [
    calm(0, push(single, 't1')),
    calm(0, push(signedImage), mark),
    round(random, 1.01, policies, mark),
    round(random, 0, pick(random, [restoreOf(single), push(single, 't2'), push(amd64, 't2')]), policies, collect),
  ],
];

function policyOperationOf(random: () => number): Operation {
  return random() < 0.35 ? pick(random, [mark, policies, policies] as const) : operationOf(random);
}

function restoreOf(manifest: SimulatedManifest): Operation {
  return { do: 'restore', repository: 0, manifest: manifests.indexOf(manifest) };
}

/** The first images are parts of the others, and the cheapest to push. */
const weighted = [0, 0, 0, 1, 1, 2, 3, 3, 4, 4, 5, 6];
const tags = ['t1', 't2'];

/** Something to work on: an image, or bytes that no image needs. */
function firstOf(random: () => number): Operation {
  return random() < 0.7 ? pushOf(random) : { do: 'upload', repository: 0, blob: Math.floor(random() * 2) };
}

function pushOf(random: () => number): Operation {
  const at = { do: 'push', repository: pick(random, [0, 0, 1]), manifest: pick(random, weighted) } as const;
  return random() < 0.8 ? { ...at, tag: pick(random, tags) } : at;
}

function operationOf(random: () => number): Operation {
  const repository = pick(random, [0, 0, 1]);
  const manifest = pick(random, weighted);
  const chance = random();
  if (chance < 0.27) return pushOf(random);
  if (chance < 0.43) return { do: 'delete', repository, manifest };
  if (chance < 0.66) return { do: 'collect' };
  if (chance < 0.76) return { do: 'restore', repository, manifest };
  if (chance < 0.84) return { do: 'recycle', repository, manifest, tags: random() < 0.5 ? tags : [pick(random, tags)] };
  if (chance < 0.88) return { do: 'untag', repository, tag: pick(random, tags) };
  if (chance < 0.92) return { do: 'pull', repository, manifest };
  if (chance < 0.94) return { do: 'drop', repository };
  return {
    do: pick(random, ['upload', 'look', 'mount', 'unlink'] as const),
    repository,
    blob: Math.floor(random() * 4),
  };
}
