import type { Dependency } from '../../core/ports/failures.ts';
import { StoreFailure } from '../../core/ports/failures.ts';
import { Crash } from './crash.ts';

/**
 * A dependency and the verb of the port's function: `documents.read`, `documents.commit`, `blobs.stage`, `queues.send`,
 * `events.publish`, `blobs.probe`, …
 */
export type CallName = `${Dependency}.${string}`;

/**
 * One call of a port. `n` counts all calls of the connection from 1, `nth` those of this name; `input` are its
 * arguments.
 */
export interface Call {
  readonly n: number;
  readonly name: CallName;
  readonly nth: number;
  readonly input: unknown;
}

/** A call's name, its place among all calls of the connection (from 1), or any test of the call. */
export type CallMatch = CallName | number | ((call: Call) => boolean);

interface Fault {
  readonly matches: (call: Call) => boolean;
  /** `after`: the store did its work and the answer was lost. */
  readonly moment: 'before' | 'after';
  readonly raise: (call: Call) => Error;
  left: number;
}

interface Cut {
  readonly matches: (call: Call) => boolean;
  readonly afterBytes: number;
}

export type Delay = number | ((call: Call) => number | Promise<void>);

/**
 * Counts the calls of one connection, and makes them go wrong:
 *
 *   const calls = new CallPlan();
 *   const { documents } = connectMemory(world, { calls });
 *   calls.failOn('documents.commit', 1);   // the next commit throws StoreFailure and writes nothing
 *   calls.loseAnswerOn('documents.commit') // every commit writes and throws StoreFailure
 *   calls.crashAfter(7);                   // the 7th call does its work; then the process is dead: every call throws Crash
 *
 * A crash at every await of an operation: run it once, then again from the same start for n in 1..calls.total() with
 * `crashBefore(n)` and with `crashAfter(n)`.
 *
 * Counts include calls that failed, not those of a dead process. The faults of one call: the first that was planned
 * wins.
 */
export class CallPlan {
  readonly list: CallName[] = [];
  readonly #counts = new Map<CallName, number>();
  #faults: Fault[] = [];
  #cuts: Cut[] = [];
  #delay: Delay | undefined;
  #dead = false;
  #exact = false;

  /** Returns how many calls of this name were made. */
  count(name: CallName): number {
    return this.#counts.get(name) ?? 0;
  }

  total(): number {
    return this.list.length;
  }

  /**
   * Forgets the counts; `n` starts again from 1. Faults and delays stay. From here on the calls are counted exactly, so
   * no answer is lost by chance.
   */
  resetCounts(): void {
    this.startAgain();
    this.#exact = true;
  }

  /** Forgets the counts; answers are lost by chance as before. */
  startAgain(): void {
    this.list.length = 0;
    this.#counts.clear();
  }

  /**
   * Says whether a test counts calls: a commit that is sent again by chance makes the code read again, which is more
   * calls.
   */
  get isCounted(): boolean {
    return this.#exact;
  }

  /** The next `times` matching calls throw `StoreFailure` (unavailable) without reaching the store. */
  failOn(match: CallMatch, times = Infinity): this {
    return this.#plan(match, 'before', (call) => unavailable(call, 'planned outage'), times);
  }

  /**
   * The next `times` matching calls do their work and then throw `StoreFailure`, as when a connection breaks before the
   * answer.
   */
  loseAnswerOn(match: CallMatch, times = Infinity): this {
    return this.#plan(match, 'after', (call) => unavailable(call, 'planned loss of the answer'), times);
  }

  /** The next `times` matching calls throw `StoreFailure` (throttled) without reaching the store. */
  throttleOn(match: CallMatch, retryAfterMs: number, times = Infinity): this {
    const raise = (call: Call) =>
      new StoreFailure({
        dependency: dependencyOf(call),
        kind: 'throttled',
        message: `planned throttling of ${call.name}`,
        retryAfterMs,
      });
    return this.#plan(match, 'before', raise, times);
  }

  /** The process dies when it makes its nth call; the store never sees that call. */
  crashBefore(n: number): this {
    return this.#plan(n, 'before', () => this.#die(n, 'before'), 1);
  }

  /** The process dies when the store has done its nth call, before it sees the answer. */
  crashAfter(n: number): this {
    return this.#plan(n, 'after', () => this.#die(n, 'after'), 1);
  }

  /** Matching `blobs.read` calls answer with a stream that fails with `StoreFailure` once `afterBytes` were read. */
  cutOn(match: CallMatch, afterBytes: number): this {
    this.#cuts.push({ matches: matcher(match), afterBytes });
    return this;
  }

  /**
   * Makes every call wait first: milliseconds, or a promise under a test's own scheduler. Without a delay a call
   * reaches the store at once.
   */
  delay(delay: Delay): this {
    this.#delay = delay;
    return this;
  }

  /** Ends all faults and delays. A dead process stays dead. */
  clearFaults(): this {
    this.#faults = [];
    this.#cuts = [];
    this.#delay = undefined;
    return this;
  }

  /** Makes one call for a memory adapter, from its name to the store's answer. */
  async make<T>(name: CallName, input: unknown, work: (call: Call) => T): Promise<T> {
    const call = this.#begin(name, input);
    if (this.#delay !== undefined) await this.#wait(call, this.#delay);
    if (this.#faults.length === 0) return work(call);
    this.#meetFault('before', call);
    const answer = work(call);
    this.#meetFault('after', call);
    return answer;
  }

  /** Returns for a memory adapter the bytes after which the stream of this call breaks. */
  cutOf(call: Call): number | undefined {
    return this.#cuts.find((cut) => cut.matches(call))?.afterBytes;
  }

  #begin(name: CallName, input: unknown): Call {
    this.#refuseWhenDead();
    this.list.push(name);
    const nth = this.count(name) + 1;
    this.#counts.set(name, nth);
    return { n: this.list.length, name, nth, input };
  }

  async #wait(call: Call, delay: Delay): Promise<void> {
    const wait = typeof delay === 'number' ? delay : delay(call);
    await (typeof wait === 'number' ? new Promise((resolve) => setTimeout(resolve, wait)) : wait);
    // Another call of this process may have met its crash in the meantime.
    this.#refuseWhenDead();
  }

  #meetFault(moment: Fault['moment'], call: Call): void {
    const fault = this.#faults.find((each) => each.moment === moment && each.left > 0 && each.matches(call));
    if (fault === undefined) return;
    fault.left -= 1;
    throw fault.raise(call);
  }

  #plan(match: CallMatch, moment: Fault['moment'], raise: Fault['raise'], times: number): this {
    this.#faults.push({ matches: matcher(match), moment, raise, left: times });
    return this;
  }

  #die(n: number, moment: Fault['moment']): Crash {
    this.#dead = true;
    return new Crash(`planned crash ${moment} call ${n}`);
  }

  #refuseWhenDead(): void {
    if (this.#dead) throw new Crash('this process crashed before');
  }
}

function matcher(match: CallMatch): (call: Call) => boolean {
  if (typeof match === 'function') return match;
  return typeof match === 'number' ? (call) => call.n === match : (call) => call.name === match;
}

function unavailable(call: Call, message: string): StoreFailure {
  return new StoreFailure({
    dependency: dependencyOf(call),
    kind: 'unavailable',
    message: `${message} of ${call.name}`,
  });
}

function dependencyOf(call: Call): Dependency {
  const dependency = dependencies.find((each) => call.name.startsWith(`${each}.`));
  if (dependency === undefined) throw new TypeError(`${call.name} names no dependency`);
  return dependency;
}

const dependencies: readonly Dependency[] = ['documents', 'blobs', 'queues', 'events', 'secrets'];
