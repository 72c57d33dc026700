import { pick, randomOf } from '../schedule.ts';
import { publicKey, regionNames, repositories } from './world.ts';

export interface PolicySettings {
  readonly mode: 'off' | 'audit' | 'enforce';
  readonly repositories: { readonly include: readonly string[] };
  readonly subject?: 'index-or-child' | 'itself';
  readonly backlog?: 'open' | 'hold';
}
export type PolicyKind = 'trust' | 'quarantine';

export type Operation = { readonly region: string } & (
  | { readonly do: 'push'; readonly repository: string; readonly manifest: number; readonly tag: string }
  | {
      readonly do: 'sign' | 'unsign' | 'delete' | 'end-release';
      readonly repository: string;
      readonly manifest: number;
    }
  | { readonly do: 'release'; readonly repository: string; readonly manifest: number; readonly hours: number }
  | { readonly do: 'mark'; readonly repository: string; readonly manifest: number; readonly state: string }
  | { readonly do: 'pull'; readonly repository: string; readonly manifest: number; readonly tag?: string }
  | { readonly do: 'untag'; readonly repository: string; readonly tag: string }
  | { readonly do: 'policy'; readonly kind: PolicyKind; readonly name: string; readonly settings: PolicySettings }
  | { readonly do: 'lift'; readonly kind: PolicyKind; readonly name: string }
  | { readonly do: 'hear' | 'due' | 'restore' }
);

export interface Planned {
  readonly operation: Operation;
  /** The process dies at its nth call. */
  readonly crash?: { readonly at: number; readonly moment: 'before' | 'after' };
}

/** Time passes, then these run at once. */
interface Round {
  readonly waitMs: number;
  readonly planned: readonly Planned[];
}

export interface Case {
  /** The seed of the order of turns. */
  readonly seed: number;
  readonly rounds: readonly Round[];
}

const waits = [0, 0, 1_000, 4_000, 11_000, 61_000, 3_601_000];

export function caseOf(seed: number): Case {
  const random = randomOf(seed);
  const rounds = Array.from({ length: 5 + Math.floor(random() * 6) }, (): Round => ({
    waitMs: pick(random, waits),
    planned: Array.from({ length: 1 + Math.floor(random() * 3) }, () => perhapsCrashing(random, operationOf(random))),
  }));
  const first = { waitMs: 0, planned: [{ operation: pushOf(random) }, { operation: policyOf(random) }] };
  return { seed, rounds: random() < 0.5 ? [...settled(random), ...rounds] : [first, ...rounds] };
}

/** A policy that every instance knows, whose walk is over, and an index: from here on events alone judge. */
function settled(random: () => number): Round[] {
  const [region, repository] = [pick(random, regionNames), pick(random, repositories)];
  const settings = { mode: 'enforce', repositories: { include: ['**'] }, subject: 'index-or-child' } as const;
  const alone = (waitMs: number, operation: Operation): Round => ({ waitMs, planned: [{ operation }] });
  const signed = pick(random, [0, 2, 2]);
  return [
    alone(0, { do: 'policy', region, kind: 'trust', name: 'p', settings }),
    alone(61_000, { do: 'due', region }),
    alone(61_000, { do: 'due', region }),
    alone(0, { do: 'push', region, repository, manifest: 2, tag: 't1' }),
    alone(0, { do: 'hear', region }),
    ...(random() < 0.6 ? [alone(0, { do: 'sign', region, repository, manifest: signed })] : []),
  ];
}

function perhapsCrashing(random: () => number, operation: Operation): Planned {
  if (random() > 0.15) return { operation };
  return { operation, crash: { at: 1 + Math.floor(random() * 14), moment: pick(random, ['before', 'after']) } };
}

const placeIn = (random: () => number) => ({
  region: pick(random, regionNames),
  repository: pick(random, repositories),
  manifest: Math.floor(random() * 3),
});

function pushOf(random: () => number): Operation {
  return { do: 'push', ...placeIn(random), tag: pick(random, ['t1', 't2']) };
}

function policyOf(random: () => number): Operation {
  const include = pick(random, [['a'], ['**'], ['a', 'b']]);
  const mode = pick(random, ['enforce', 'enforce', 'enforce', 'audit', 'off'] as const);
  const base = { mode, repositories: { include } };
  const region = pick(random, regionNames);
  if (random() < 0.4)
    return {
      do: 'policy',
      region,
      kind: 'quarantine',
      name: 'wait',
      settings: { ...base, backlog: pick(random, ['open', 'hold']) },
    };
  const subject = pick(random, ['index-or-child', 'index-or-child', 'itself'] as const);
  return { do: 'policy', region, kind: 'trust', name: pick(random, ['p', 'q']), settings: { ...base, subject } };
}

/** Returns the settings as the API takes them: every trust policy trusts the same key. */
export function bodyOf(kind: PolicyKind, settings: PolicySettings): string {
  const authorities = kind === 'trust' ? { sigstoreKeys: [{ name: 'release', keys: [publicKey] }] } : {};
  return JSON.stringify({ ...settings, ...authorities });
}

function operationOf(random: () => number): Operation {
  const place = placeIn(random);
  const { region, repository } = place;
  const chance = random();
  if (chance < 0.14) return pushOf(random);
  if (chance < 0.26) return { do: 'sign', ...place };
  if (chance < 0.3) return { do: 'unsign', ...place };
  if (chance < 0.38)
    return { do: 'mark', ...place, state: pick(random, ['Passed', 'Passed', 'Failed', 'Quarantined']) };
  if (chance < 0.45) return policyOf(random);
  if (chance < 0.47) return { do: 'lift', region, kind: 'trust', name: pick(random, ['p', 'q']) };
  if (chance < 0.48) return { do: 'lift', region, kind: 'quarantine', name: 'wait' };
  if (chance < 0.6) return { do: 'hear', region };
  if (chance < 0.69) return { do: 'due', region };
  if (chance < 0.75) return { do: 'release', ...place, hours: 1 };
  if (chance < 0.77) return { do: 'end-release', ...place };
  if (chance < 0.8) return { do: 'delete', ...place };
  if (chance < 0.82) return { do: 'untag', region, repository, tag: pick(random, ['t1', 't2']) };
  if (chance < 0.85) return { do: 'restore', region };
  return random() < 0.5 ? { do: 'pull', ...place } : { do: 'pull', ...place, tag: pick(random, ['t1', 't2']) };
}
