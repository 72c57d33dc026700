import { Crash } from '../../../shared/adapters/memory/crash.ts';
import { digestOf } from '../../../shared/core/oci/digest.ts';
import { StoreFailure } from '../../../shared/core/ports/failures.ts';
import { ask, putManifest } from '../../shared/image.ts';
import { runDue } from '../../shared/run-due.ts';
import { Violation } from '../invariants.ts';
import { randomOf, Schedule } from '../schedule.ts';
import type { Case, Operation, Planned } from './cases.ts';
import { caseOf } from './cases.ts';
import { checkConverged, checkHeld, checkToldOnce } from './invariants.ts';
import type { Actor, Mutation, Simulated } from './world.ts';
import { actorIn, graceMs, images, leaseMs, regionNames, simulatedWorld } from './world.ts';

const json = { 'content-type': 'application/json' };

/** An error that the registry answers with is part of the game; anything else that is thrown is a bug. */
async function perform(simulated: Simulated, actor: Actor, operation: Operation): Promise<void> {
  try {
    await performed(simulated, actor, operation);
  } catch (error) {
    if (!(error instanceof Crash) && !(error instanceof StoreFailure)) throw error;
  }
}

async function performed(simulated: Simulated, actor: Actor, operation: Operation): Promise<unknown> {
  switch (operation.do) {
    case 'push':
      return push(actor, operation.repository, operation.image, operation.tag);
    case 'delete':
      return ask(actor.app, 'DELETE', `/v2/${operation.repository}/manifests/${images[operation.image]?.digest ?? ''}`);
    case 'deliver':
      return deliver(simulated, actor);
    case 'copy':
      return actor.messages['replication-copy']();
    case 'sweep':
      return actor.timers['replication-sweep']();
    case 'collect':
      return runDue(actor);
    case 'add':
      return ask(actor.app, 'PUT', `/api/v1/replicas/${operation.region}`, { headers: json, body: '{}' });
    case 'remove':
      return ask(actor.app, 'DELETE', `/api/v1/replicas/${operation.region}`);
    case 'reconcile':
      return ask(actor.app, 'POST', '/api/v1/replication/reconcile', {
        headers: json,
        body: JSON.stringify({ region: operation.region }),
      });
  }
}

/** As a client does; one that is refused gives up. */
async function push(actor: Actor, repository: string, at: number, tag: string): Promise<void> {
  const image = images[at];
  if (image === undefined) throw new TypeError(`no image ${at}`);
  for (const blob of [image.config, ...image.layers]) {
    const digest = digestOf(blob);
    if ((await ask(actor.app, 'HEAD', `/v2/${repository}/blobs/${digest}`)).status === 200) continue;
    if (
      (await ask(actor.app, 'POST', `/v2/${repository}/blobs/uploads/?digest=${digest}`, { body: blob })).status !== 201
    )
      return;
  }
  await putManifest(actor.app, repository, tag, image);
}

async function deliver({ world, handled }: Simulated, actor: Actor): Promise<void> {
  const { log } = world.region(actor.name).events;
  for (let at = handled.get(actor.name) ?? 0; at < log.length; at += 1) {
    await actor.events['replication-plan'](log[at]);
    handled.set(actor.name, Math.max(handled.get(actor.name) ?? 0, at + 1));
  }
}

/** Runs a case, looking after every turn; throws `Violation`. */
async function runCase({ seed, rounds }: Case, mutation: Mutation = {}): Promise<void> {
  const simulated = simulatedWorld(seed);
  const random = randomOf(seed ^ 0x5bd1e995);
  let [actors, checked] = [0, 0];
  for (const { waitMs, down, planned } of rounds) {
    simulated.passTime(waitMs);
    for (const region of down) simulated.down.add(region);
    const schedule = new Schedule(random);
    const run = (each: Planned) => {
      actors += 1;
      const id = actors;
      return async () => {
        const alone = planned.length === 1 && each.crash === undefined;
        const actor = actorIn(
          simulated,
          each.operation.region,
          id,
          mutation,
          alone ? undefined : () => schedule.turn(id),
        );
        if (each.crash?.moment === 'before') actor.calls.crashBefore(each.crash.at);
        if (each.crash?.moment === 'after') actor.calls.crashAfter(each.crash.at);
        await perform(simulated, actor, each.operation);
        if (each.crash === undefined) simulated.idle.push(actor);
      };
    };
    const between = () => {
      simulated.passTime(1);
      if (simulated.writes > checked) checkHeld(simulated.world);
      checked = simulated.writes;
    };
    await schedule.run(planned.map(run), between);
    checkHeld(simulated.world);
    simulated.down.clear();
  }
  await comeToRest(simulated, mutation);
}

/** Everything is well again; timers and graces do the rest. */
async function comeToRest(simulated: Simulated, mutation: Mutation): Promise<void> {
  const regions = regionNames.map((name, at) => actorIn(simulated, name, 0xff00 + at, mutation));
  const step = async (ms: number) => {
    simulated.passTime(ms);
    for (const region of regions) {
      await region.timers['events-sweep']();
      await deliver(simulated, region);
      await region.timers['replication-sweep']();
      await runDue(region);
      checkHeld(simulated.world);
    }
  };
  for (let n = 0; n < 5; n += 1) await step(leaseMs + 1);
  for (let n = 0; n < 3; n += 1) await step(31 * 60_000);
  for (let n = 0; n < 4; n += 1) await step(15 * graceMs);
  for (const region of regions) await region.timers['collection-leftovers']();
  for (let n = 0; n < 2; n += 1) await step(leaseMs + 1);
  checkConverged(simulated.world);
  checkToldOnce(simulated.world);
}

export interface Failure {
  readonly case: Case;
  readonly message: string;
}

export async function failureOf(each: Case, mutation?: Mutation): Promise<Failure | undefined> {
  try {
    await runCase(each, mutation);
    return undefined;
  } catch (error) {
    return { case: each, message: error instanceof Violation ? error.message : String((error as Error).stack) };
  }
}

/** The first case of these seeds that fails. */
export async function firstFailure(seeds: Iterable<number>, mutation?: Mutation): Promise<Failure | undefined> {
  for (const seed of seeds) {
    const failure = await failureOf(caseOf(seed), mutation);
    if (failure !== undefined) return failure;
  }
  return undefined;
}

/** Leaves out operations as long as the case still fails. */
export async function shrunk(failure: Failure, mutation?: Mutation): Promise<Failure> {
  const { rounds } = failure.case;
  for (const [at, round] of rounds.entries()) {
    for (const leftOut of round.planned) {
      const smaller = {
        ...failure.case,
        rounds: rounds.with(at, { ...round, planned: round.planned.filter((each) => each !== leftOut) }),
      };
      for (let seed = 0; seed < 10; seed += 1) {
        const found = await failureOf({ ...smaller, seed: seed === 0 ? smaller.seed : seed }, mutation);
        if (found !== undefined) return shrunk(found, mutation);
      }
    }
  }
  return failure;
}
