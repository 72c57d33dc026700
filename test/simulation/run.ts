import { sweepOutbox } from '../../shared/core/events/outbox.ts';
import { sweepLeftovers } from '../../shared/features/collection/leftovers.ts';
import type { Case, Planned } from './cases.ts';
import { caseOf } from './cases.ts';
import { manifestBy, manifests } from './images.ts';
import { binnedIn, checkNothingStays, checkSettled, checkWhole, isKept, tagTarget, Violation } from './invariants.ts';
import type { Operation, Outcome } from './operations.ts';
import { manifestAt, perform } from './operations.ts';
import { checkPurged, checkTaken, installPolicy, markDelivered, runDuePolicies } from './policy.ts';
import { pick, randomOf, Schedule } from './schedule.ts';
import { checkUsage } from './usage.ts';
import type { Actor, Mutation, Simulated } from './world.ts';
import { actorIn, graceMs, keyOf, registry, runDue, simulatedWorld } from './world.ts';

interface Performed {
  readonly operation: Operation;
  readonly from: number;
  to: number;
  outcome?: Outcome;
}

/**
 * The time that calls of one round take, in graces: a push that looked at its links just before may take 0.45 in all.
 */
const jumpsOfARound = [[0.1, 0.1], [0.1, 0.1], [0.45], [0.2, 0.25]] as const;

/** Runs a case, looking after every turn; throws `Violation`. Returns how many turns it took. */
async function runCase({ seed, rounds, policy }: Case, mutation: Mutation = {}): Promise<number> {
  const simulated = simulatedWorld(seed);
  if (policy === true) await installPolicy(simulated, mutation);
  const { world, passTime } = simulated;
  const random = randomOf(seed ^ 0x5bd1e995);
  const [history, ordered]: [Performed[], Set<string>] = [[], new Set()];
  let turns = 0;
  let actors = 0;
  let checked = 0;
  for (const { waitMs, planned, ...round } of rounds) {
    passTime(waitMs);
    const schedule = new Schedule(random);
    // A call may take long, but what is under way not half of the grace: that is what the graces are longer than.
    const jumps = [...(round.jumps ?? pick(random, jumpsOfARound))];
    const haste = random() < 0.5 ? 0.01 : 0.1;
    const between = () => {
      turns += 1;
      passTime(1);
      if (jumps.length > 0 && random() < haste) passTime((jumps.pop() ?? 0) * graceMs);
      if (simulated.writes > checked) checkWhole(world, ordered);
      if (simulated.writes > checked && policy === true) checkTaken(simulated);
      checked = simulated.writes;
    };
    const run = (each: Planned) => {
      actors += 1;
      const id = actors;
      return async () => {
        // One that is alone and lives takes all its turns at once.
        const alone = planned.length === 1 && each.crash === undefined;
        const actor = actorIn(simulated, id, mutation, alone ? undefined : () => schedule.turn(id));
        if (each.crash?.moment === 'before') actor.calls.crashBefore(each.crash.at);
        if (each.crash?.moment === 'after') actor.calls.crashAfter(each.crash.at);
        const performed: Performed = { operation: each.operation, from: turns, to: Infinity };
        history.push(performed);
        order(each.operation, ordered);
        for (let turn = 0; turn < (each.late ?? 0); turn += 1) await schedule.turn(id);
        performed.outcome = await perform(simulated, actor, each.operation);
        if (performed.outcome !== 'crashed') performed.to = turns;
      };
    };
    await schedule.run(planned.map(run), between);
    turns += 1;
    passTime(1);
    checkWhole(world, ordered);
  }
  await afterEverything(simulated, mutation, ordered, history);
  if (policy === true) await afterPolicies(simulated, mutation, ordered);
  checkNothingStays(world);
  // It takes as long as all the rest.
  if (seed % 25 === 0) await checkUsage(simulated, random);
  return turns;
}

/** Notes manifests that are deleted by name, because an index may miss these. */
function order(operation: Operation, ordered: Set<string>): void {
  if (operation.do === 'delete')
    ordered.add(`${keyOf(operation.repository).repository}@${manifestAt(operation.manifest).digest}`);
  if (operation.do === 'drop')
    for (const { digest } of manifests) ordered.add(`${keyOf(operation.repository).repository}@${digest}`);
}

/** Timers finish what is left, then all graces pass. */
async function afterEverything(
  simulated: Simulated,
  mutation: Mutation,
  ordered: ReadonlySet<string>,
  history: readonly Performed[],
): Promise<void> {
  const { world, passTime } = simulated;
  const actor = actorIn(simulated, 0xffff, mutation);
  const { bin, collection } = actor;
  const look = () => lookAround(simulated, actor, ordered);
  passTime(90_000);
  await look();
  checkSettled(world);
  checkAcknowledged(simulated, history);
  checkWentAlong(simulated, history);
  for (let graces = 0; graces < 5; graces += 1) {
    passTime(1.01 * graceMs);
    await look();
  }
  passTime(8 * graceMs);
  await sweepLeftovers(collection, registry, new Date(world.clock.now().getTime() + 1000));
  await sweepOutbox({ ...bin, documents: bin.documents });
}

async function lookAround({ world }: Simulated, actor: Actor, ordered: ReadonlySet<string>): Promise<void> {
  const failed = await runDue(actor);
  if (failed > 0) throw new Violation(`${failed} documents that are due cannot be dealt with`);
  checkWhole(world, ordered);
}

/** Marked, in the bin, purged, unlinked, collected: a day each, and one for what went along. */
const daysOfPolicies = 8;

async function afterPolicies(simulated: Simulated, mutation: Mutation, ordered: ReadonlySet<string>): Promise<void> {
  const actor = actorIn(simulated, 0xfffe, mutation);
  for (let day = 0; day < daysOfPolicies; day += 1) {
    await markDelivered(actor, simulated);
    await runDuePolicies(actor);
    checkTaken(simulated);
    await lookAround(simulated, actor, ordered);
    simulated.passTime(1.01 * graceMs);
  }
  checkPurged(simulated);
}

/**
 * A tag whose push was answered has its manifest, unless something was asked since that push began that may take it.
 */
function checkAcknowledged({ world }: Simulated, history: readonly Performed[]): void {
  for (const { operation, outcome, from } of history) {
    if (operation.do !== 'push' || operation.tag === undefined || outcome !== 'done') continue;
    const { repository, manifest, tag } = operation;
    if (
      history.some((other) => other.operation !== operation && other.to >= from && mayTake(other.operation, operation))
    )
      continue;
    if (tagTarget(world, repository, tag) !== manifestAt(manifest).digest)
      throw new Violation(`tag ${tag} of repository ${repository} was pushed and is gone`);
  }
}

/**
 * Asserts that what nothing keeps was recycled along with what was deleted, unless something was asked since that may
 * have restored it.
 */
function checkWentAlong({ world }: Simulated, history: readonly Performed[]): void {
  for (const { repository, digest } of binnedIn(world)) {
    const along = manifests.filter(
      (each) => manifestBy(digest).children.includes(each.digest) || each.subject === digest,
    );
    for (const { digest: went, name } of along.filter((each) => isKept(world, repository, each.digest) === false)) {
      const since = Math.min(
        ...history
          .filter(({ operation }) => ['delete', 'recycle', 'drop', 'policies'].includes(operation.do))
          .map(({ from }) => from),
      );
      const brought = history.some(
        ({ operation, to }) => to >= since && ['push', 'restore', 'pull'].includes(operation.do),
      );
      if (!brought) throw new Violation(`${name} (${went.slice(7, 15)}) is live, and what it went with is in the bin`);
    }
  }
}

function mayTake(other: Operation, pushed: Extract<Operation, { do: 'push' }>): boolean {
  if ('repository' in other && other.repository !== pushed.repository) return false;
  switch (other.do) {
    case 'drop':
      return true;
    case 'policies':
      return pushed.tag === 't1';
    case 'push':
    case 'untag':
      return other.tag === pushed.tag;
    case 'recycle':
      return other.tags.includes(pushed.tag ?? '');
    case 'delete':
      return other.manifest === pushed.manifest;
    // A tag that was recycled with another manifest may come back when its name is free.
    case 'restore':
    case 'upload':
    case 'look':
    case 'unlink':
    case 'mount':
    case 'pull':
    case 'collect':
    case 'mark':
      return false;
  }
}

export interface Failure {
  readonly case: Case;
  readonly message: string;
}

/** The first case of these seeds that fails. */
export async function firstFailure(
  seeds: Iterable<number>,
  mutation?: Mutation,
  caseFor = caseOf,
): Promise<Failure | undefined> {
  for (const seed of seeds) {
    const failure = await failureOf(caseFor(seed), mutation);
    if (failure !== undefined) return failure;
  }
  return undefined;
}

export async function failureOf(each: Case, mutation?: Mutation): Promise<Failure | undefined> {
  try {
    await runCase(each, mutation);
    return undefined;
  } catch (error) {
    return { case: each, message: error instanceof Violation ? error.message : String((error as Error).stack) };
  }
}

/** Leaves out operations, and tries other orders, as long as the case still fails. */
export async function shrunk(failure: Failure, mutation?: Mutation): Promise<Failure> {
  for (const smaller of smallerThan(failure.case)) {
    for (let seed = 0; seed < 40; seed += 1) {
      const found = await failureOf({ ...smaller, seed: seed === 0 ? smaller.seed : seed }, mutation);
      if (found !== undefined) return shrunk(found, mutation);
    }
  }
  return failure;
}

function* smallerThan(whole: Case): Iterable<Case> {
  const { rounds } = whole;
  for (const [at, round] of rounds.entries()) {
    for (const leftOut of round.planned)
      yield {
        ...whole,
        rounds: rounds.with(at, { ...round, planned: round.planned.filter((each) => each !== leftOut) }),
      };
    for (const each of round.planned) {
      if (each.crash !== undefined)
        yield {
          ...whole,
          rounds: rounds.with(at, {
            ...round,
            planned: round.planned.with(round.planned.indexOf(each), { operation: each.operation }),
          }),
        };
    }
  }
}
