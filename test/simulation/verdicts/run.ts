import { Crash } from '../../../shared/adapters/memory/crash.ts';
import { StoreFailure } from '../../../shared/core/ports/failures.ts';
import { ask, putManifest } from '../../shared/image.ts';
import { Violation } from '../invariants.ts';
import { randomOf, Schedule } from '../schedule.ts';
import type { Case, Operation, Planned } from './cases.ts';
import { bodyOf, caseOf } from './cases.ts';
import { truthOf } from './model.ts';
import { checkJudged, verdictsIn, Watch } from './watch.ts';
import type { Actor, Mutation, Simulated } from './world.ts';
import { actorIn, freshMs, lagMs, manifestAt, pushBlobs, regionNames, signatureAt, simulatedWorld } from './world.ts';

const headers = { 'content-type': 'application/json' };

/** An error that the registry answers with is part of the game; anything else that is thrown is a bug. */
async function perform(simulated: Simulated, watch: Watch, actor: Actor, operation: Operation): Promise<void> {
  try {
    await performed(simulated, watch, actor, operation);
  } catch (error) {
    if (!(error instanceof Crash) && !(error instanceof StoreFailure)) throw error;
  }
}

async function performed(simulated: Simulated, watch: Watch, actor: Actor, operation: Operation): Promise<unknown> {
  const { app } = actor;
  const api = (method: string, path: string, body?: string) =>
    ask(app, method, `/api/v1${path}`, body === undefined ? {} : { headers, body });
  switch (operation.do) {
    case 'push':
      return push(simulated, watch, actor, operation);
    case 'pull':
      return pull(simulated, watch, actor, operation);
    case 'hear':
      return hear(simulated, actor);
    case 'due':
      return actor.timers['verdicts-judge-due']();
    case 'restore':
      return restore(actor);
    case 'policy':
      return api('PUT', `/${operation.kind}/policies/${operation.name}`, bodyOf(operation.kind, operation.settings));
    case 'lift':
      return api('DELETE', `/${operation.kind}/policies/${operation.name}`);
    case 'untag':
      return ask(app, 'DELETE', `/v2/${operation.repository}/manifests/${operation.tag}`);
    default:
      return onManifest(actor, operation);
  }
}

type OnManifest = Extract<Operation, { do: 'sign' | 'unsign' | 'delete' | 'mark' | 'release' | 'end-release' }>;

function onManifest({ app }: Actor, operation: OnManifest): Promise<unknown> {
  const { repository } = operation;
  const { digest } = manifestAt(operation.manifest);
  const signature = signatureAt(operation.manifest);
  const releases = `/api/v1/images/release?repository=${repository}&digest=${digest}`;
  switch (operation.do) {
    case 'sign':
      return putManifest(app, repository, signature.digest, signature);
    case 'unsign':
      return ask(app, 'DELETE', `/v2/${repository}/manifests/${signature.digest}`);
    case 'delete':
      return ask(app, 'DELETE', `/v2/${repository}/manifests/${digest}`);
    case 'mark':
      return ask(app, 'PATCH', `/acr/v1/${repository}/_manifests/${digest}`, {
        headers,
        body: JSON.stringify({ quarantineState: operation.state }),
      });
    case 'release':
      return ask(app, 'POST', releases, {
        headers,
        body: JSON.stringify({ reason: 'a test', hours: operation.hours }),
      });
    case 'end-release':
      return ask(app, 'DELETE', releases);
  }
}

/** As a client does: what an index lists is pushed before it. */
async function push(
  { world }: Simulated,
  watch: Watch,
  { app }: Actor,
  { repository, manifest, tag }: Extract<Operation, { do: 'push' }>,
): Promise<void> {
  const children = manifest === 2 ? [0, 1] : [];
  for (const [at, reference] of [
    ...children.map((each) => [each, manifestAt(each).digest] as const),
    [manifest, tag] as const,
  ]) {
    const from = world.clock.now().getTime();
    const { status } = await putManifest(app, repository, reference, manifestAt(at));
    if (status !== 201) return;
    watch.look();
    watch.pushed(repository, manifestAt(at).digest, from);
  }
}

async function pull(
  { world }: Simulated,
  watch: Watch,
  actor: Actor,
  { repository, manifest, tag }: Extract<Operation, { do: 'pull' }>,
): Promise<void> {
  const from = world.clock.now().getTime();
  const reference = tag ?? manifestAt(manifest).digest;
  const response = await ask(actor.app, 'GET', `/v2/${repository}/manifests/${reference}`);
  watch.look();
  // Neither names a digest where a tag was refused: which of them it was cannot be told.
  const digest = response.headers.get('docker-content-digest') ?? (tag === undefined ? reference : undefined);
  if (digest === undefined) return;
  const staleMs = (actor.isOld ? freshMs : 0) + (actor.name === 'home' ? 0 : lagMs);
  watch.pulled(repository, digest, response.status, from, staleMs);
}

async function hear({ world, handled }: Simulated, actor: Actor): Promise<void> {
  const { log } = world.region(actor.name).events;
  for (let at = handled.get(actor.name) ?? 0; at < log.length; at += 1) {
    await actor.events['verdicts-judge'](log[at]);
    handled.set(actor.name, Math.max(handled.get(actor.name) ?? 0, at + 1));
  }
}

async function restore({ app }: Actor): Promise<void> {
  const found = await ask(app, 'GET', '/api/v1/bin/deletions');
  const { items = [] } = (await found.json()) as { items?: { group: string }[] };
  const [last] = items;
  if (last === undefined) return;
  await ask(app, 'POST', '/api/v1/bin/restore', { headers, body: JSON.stringify({ group: last.group }) });
}

/** Runs a case, looking after every turn; throws `Violation`. */
async function runCase({ seed, rounds }: Case, mutation: Mutation = {}): Promise<void> {
  const simulated = simulatedWorld(seed);
  const random = randomOf(seed ^ 0x5bd1e995);
  await pushBlobs(actorIn(simulated, 'home', 0xfffe, {}));
  const watch = new Watch(simulated.world);
  let [actors, seen] = [0, 0];
  for (const { waitMs, planned } of rounds) {
    simulated.passTime(waitMs);
    watch.begin();
    const schedule = new Schedule(random);
    const run = (each: Planned) => {
      actors += 1;
      const id = actors;
      return async () => {
        const actor = actorIn(simulated, each.operation.region, id, mutation, () => schedule.turn(id));
        if (each.crash?.moment === 'before') actor.calls.crashBefore(each.crash.at);
        if (each.crash?.moment === 'after') actor.calls.crashAfter(each.crash.at);
        await perform(simulated, watch, actor, each.operation);
        if (each.crash === undefined) simulated.idle.push(actor);
      };
    };
    await schedule.run(planned.map(run), () => {
      simulated.passTime(1);
      if (simulated.commits > seen) watch.look();
      seen = simulated.commits;
    });
    watch.look();
  }
  await comeToRest(simulated, watch, mutation);
}

/** Timers and events do what is left, by the instances that there are and by new ones. */
async function comeToRest(simulated: Simulated, watch: Watch, mutation: Mutation): Promise<void> {
  const step = async (ms: number, id: number) => {
    simulated.passTime(ms);
    watch.begin();
    for (const name of regionNames) {
      const actor = actorIn(simulated, name, id, mutation);
      await actor.timers['events-sweep']();
      await hear(simulated, actor);
      await actor.timers['recycle-bin-reconcile']();
      await actor.timers['verdicts-judge-due']();
      watch.look();
      simulated.idle.push(actor);
    }
  };
  await step(0, 0xf0001);
  for (let minute = 0; minute < 4; minute += 1) await step(61_000, 0xf0002 + minute);
  await step(3_601_000, 0xf0010);
  await step(61_000, 0xf0011);
  checkJudged(simulated.world);
  await checkShown(simulated, mutation);
  const before = verdictsIn(simulated.world);
  for (const name of regionNames) {
    const actor = actorIn(simulated, name, 0xf0020, mutation);
    for (const event of simulated.world.region(name).events.log) await actor.events['verdicts-judge'](event);
  }
  if (verdictsIn(simulated.world) !== before) throw new Violation('events that came again have changed verdicts');
}

/** The API shows each judgement as one by the policies that there are. */
async function checkShown(simulated: Simulated, mutation: Mutation): Promise<void> {
  const { app } = actorIn(simulated, 'home', 0xf0015, mutation);
  for (const { repository, digest } of truthOf(simulated.world).live.values()) {
    const answer = await ask(app, 'GET', `/api/v1/images/verdict?repository=${repository}&reference=${digest}`);
    const shown = (await answer.json()) as { judgements: { part: string; isCurrent: boolean }[]; walk?: object };
    const old = shown.judgements.find(({ isCurrent }) => !isCurrent);
    if (old !== undefined) throw new Violation(`${old.part} of ${repository}@${digest} stays one by other policies`);
    if (shown.walk !== undefined) throw new Violation('a walk does not end');
  }
}

export interface Failure {
  readonly case: Case;
  readonly message: string;
}

async function failureOf(each: Case, mutation?: Mutation): Promise<Failure | undefined> {
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
      const planned = round.planned.filter((each) => each !== leftOut);
      const smaller = { ...failure.case, rounds: rounds.with(at, { ...round, planned }) };
      for (let seed = 0; seed < 6; seed += 1) {
        const found = await failureOf({ ...smaller, seed: seed === 0 ? smaller.seed : seed }, mutation);
        if (found !== undefined) return shrunk(found, mutation);
      }
    }
  }
  return failure;
}
