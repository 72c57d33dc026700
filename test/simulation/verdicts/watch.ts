import type { MemoryWorld } from '../../../shared/adapters/memory/world.ts';
import type { ManifestDocument } from '../../../shared/core/documents/manifest.ts';
import type { Judgement } from '../../../shared/core/documents/verdict.ts';
import { Violation } from '../invariants.ts';
import type { Expected, Truth } from './model.ts';
import { expectedQuarantine, expectedTrust, holds, isSignature, mayHold, placeOf, truthOf } from './model.ts';
import { freshMs } from './world.ts';

/** The state at a time, until the next one: whether each manifest was held, and all facts. */
interface Moment {
  readonly at: number;
  readonly held: ReadonlyMap<string, boolean>;
  readonly truth: Truth;
}

/** Looks at the stores after every turn, and says what must not have been. */
export class Watch {
  readonly #world: MemoryWorld;
  readonly #moments: Moment[] = [];
  /** The begin of the oldest operation that may still write. */
  #since: number;

  constructor(world: MemoryWorld) {
    this.#world = world;
    this.#since = world.clock.now().getTime();
    this.look();
  }

  /** A round begins: nobody writes any more what was read before it. */
  begin(): void {
    this.#since = this.#world.clock.now().getTime();
    this.look();
  }

  look(): void {
    const at = this.#world.clock.now().getTime();
    const truth = truthOf(this.#world);
    const held = new Map([...truth.live].map(([place, manifest]) => [place, holds(manifest, at)]));
    const before = this.#moments.at(-1);
    this.#moments.push({ at, held, truth });
    for (const [place, is] of held)
      if (is && before?.held.get(place) === false) this.#mustBeReason(place, before.truth, truth);
  }

  /** An image that was open is closed by a judgement that says so, and by nothing else: no work closes it. */
  #mustBeReason(place: string, before: Truth, { live }: Truth): void {
    const manifest = live.get(place);
    const was = before.live.get(place)?.verdict?.release;
    // The time of its release has ended, or somebody has ended it.
    if (manifest === undefined || was !== undefined) return;
    // An instance may judge by policies that it has read a while ago, and by evidence that it reads now.
    const ofPolicies = this.#within(this.#since - freshMs - 1).map(({ truth }) => truth.policies);
    const ofEvidence = this.#within(this.#since).map(({ truth }) => truth);
    const isReason = ofEvidence.some((evidence) =>
      ofPolicies.some((policies) => mayHold({ ...evidence, policies }, evidence.live.get(place) ?? manifest)),
    );
    if (!isReason) throw new Violation(`${place} was open, and was closed for no reason`);
  }

  /** The moments since a time, with that which it was in. */
  #within(from: number, to = Infinity): Moment[] {
    const first = this.#moments.findLastIndex(({ at }) => at <= from);
    return this.#moments.slice(Math.max(0, first)).filter(({ at }) => at <= to);
  }

  /** A pull is answered by what was so at some time between its begin, less what may be stale, and its end. */
  pulled(repository: string, digest: string, status: number, from: number, staleMs: number): void {
    const place = placeOf(repository, digest);
    const states = this.#within(from - staleMs).map(({ held }) => held.get(place));
    if (status === 200 && states.every((held) => held === true))
      throw new Violation(`${place} was served although it was held all the time`);
    if (status === 403 && states.every((held) => held !== true))
      throw new Violation(`${place} was refused although it was never held`);
  }

  /** A manifest that is new in a repository, and whose policies were there all the time, begins held. */
  pushed(repository: string, digest: string, from: number): void {
    const place = placeOf(repository, digest);
    const whole = this.#within(-Infinity);
    const first = whole.find(({ held }) => held.has(place));
    if (first === undefined || first.at < from) return;
    const stable = this.#within(from - freshMs - 1);
    const manifest = first.truth.live.get(place);
    const [{ truth } = first] = stable;
    const { policies } = truth;
    if (manifest === undefined || stable.some(({ truth }) => !isSame(truth.policies, policies))) return;
    if (mayHold({ live: new Map(), policies }, manifest) && first.held.get(place) !== true)
      throw new Violation(`${place} was pushed under a policy, and began open`);
  }
}

function isSame(one: Truth['policies'], other: Truth['policies']): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** Holds when all work is done: each verdict is what a fresh judgement gives, and nothing is due or under way. */
export function checkJudged(world: MemoryWorld): void {
  const truth = truthOf(world);
  const now = world.clock.now().getTime();
  for (const [place, manifest] of truth.live) {
    const { verdict } = manifest;
    mustBe(place, 'trust', verdict?.trust, expectedTrust(truth, manifest));
    mustBe(place, 'quarantine', verdict?.quarantine, expectedQuarantine(truth, manifest));
    if (isSignature(manifest) && verdict !== undefined && holds(manifest, now))
      throw new Violation(`the signature ${place} is held`);
    if (verdict !== undefined && verdict.held !== holds(manifest, now))
      throw new Violation(`the lists say that ${place} is ${verdict.held ? '' : 'not '}held, and it is not so`);
    if (verdict?.dueAt !== undefined && Date.parse(verdict.dueAt) <= now) throw new Violation(`${place} stays due`);
    if (verdict?.release !== undefined && Date.parse(verdict.release.until) > now && verdict.dueAt === undefined)
      throw new Violation(`nothing ends the release of ${place}`);
  }
}

function mustBe(place: string, part: string, judgement: Judgement | undefined, { state, mode }: Expected): void {
  const is = judgement === undefined ? 'absent' : judgement.state === 'passed' ? 'passed' : 'waits';
  const isExpected = state === 'either' ? is !== 'passed' : is === state;
  if (!isExpected) throw new Violation(`${part} of ${place} is ${is}, and a fresh judgement says ${state}`);
  if (is === 'waits' && judgement?.mode !== mode)
    throw new Violation(
      `${part} of ${place} is in the mode ${String(judgement?.mode)}, and its policies say ${String(mode)}`,
    );
}

/** Returns what a judgement may change, to see that another one changes nothing. */
export function verdictsIn(world: MemoryWorld): string {
  return JSON.stringify(
    [...truthOf(world).live.values()].map(({ repository, digest, verdict }: ManifestDocument) => [
      placeOf(repository, digest),
      verdict,
    ]),
  );
}
