import { exits, Failure, usageFailure } from './failure.ts';
import { Logins } from './kept/logins.ts';
import type { Output } from './output.ts';
import { originOf, withoutUser } from './registry/address.ts';
import { findCredentials } from './registry/credentials.ts';
import type { Registry } from './registry/registry.ts';
import { harmless } from './text/harmless.ts';
import type { World } from './world.ts';

/** The ground of each verb: the registry that is meant, and the ways to show and to ask. */
export class Context {
  readonly world: World;
  readonly output: Output;
  readonly logins: Logins;
  readonly #named: string | undefined;
  readonly #timeoutSeconds: number;

  constructor(world: World, output: Output, options: { readonly registry?: string; readonly timeout?: string }) {
    this.world = world;
    this.output = output;
    this.logins = new Logins(world);
    this.#named = options.registry;
    this.#timeoutSeconds = secondsOf(options.timeout);
  }

  get timeoutSeconds(): number {
    return this.#timeoutSeconds;
  }

  /**
   * Connects to the registry that a reference names, or else to that of `--registry`, of `LONGSHORE_URL`, or of the last
   * login. The credentials of the environment go to the registry that `--registry` or the environment names alone.
   */
  readonly connect = async ({ origin: ofReference }: { readonly origin?: string } = {}): Promise<Registry> => {
    const [{ Registry: Connected }, named] = await Promise.all([import('./registry/registry.ts'), this.#namedOrigin()]);
    if (ofReference !== undefined && this.#named !== undefined && named !== ofReference)
      throw usageFailure(
        `the reference names ${ofReference} and --registry names ${String(named)}: leave one of them out`,
      );
    const origin = ofReference ?? named ?? (await this.logins.read()).current;
    if (origin === undefined)
      throw usageFailure('no registry is named: run longshore login HOST, set LONGSHORE_URL, or give --registry HOST');
    const credentials = await findCredentials(this.world, origin, origin === named);
    return new Connected(this.world, { origin, credentials, timeoutSeconds: this.#timeoutSeconds });
  };

  /** The text of `--registry` or `LONGSHORE_URL`; `undefined` when there is neither. */
  get namedRegistry(): string | undefined {
    const { LONGSHORE_URL: variable = '' } = this.world.env;
    return this.#named ?? (variable === '' ? undefined : variable);
  }

  async #namedOrigin(): Promise<string | undefined> {
    const text = this.namedRegistry;
    return text === undefined ? undefined : this.originOf(text);
  }

  /** Returns a context in which that registry is named. */
  async at(text: string): Promise<Context> {
    const named = await this.originOf(text);
    return new Context(this.world, this.output, { registry: named, timeout: String(this.#timeoutSeconds) });
  }

  /** Returns the origin of a host, of a URL, or of the short name of a registry that was logged in to. */
  async originOf(text: string): Promise<string> {
    if (!/^[a-z0-9][a-z0-9-]*$/i.test(text) || text === 'localhost') return originOf(text);
    const known = Object.keys((await this.logins.read()).registries);
    const found = known.filter((origin) => new URL(origin).hostname.split('.')[0] === text.toLowerCase());
    const [only, ...more] = found;
    if (only !== undefined && more.length === 0) return only;
    throw usageFailure(
      only === undefined
        ? `no login is for a registry called "${harmless(withoutUser(text))}": give its host, such as ${text.toLowerCase()}.example.com`
        : `"${text}" may be ${found.join(' or ')}: give the host`,
    );
  }

  /** Asks before something is lost. Without a person, `--yes` has to say so. */
  async confirm(question: string, isAnswered: boolean): Promise<void> {
    if (isAnswered) return;
    if (!this.world.canAsk)
      throw usageFailure('nobody can be asked here: give --yes, or --dry-run to see what would be done');
    const answer = await this.world.ask(`${harmless(question)} [y/N] `);
    if (!/^y(?:es)?$/i.test(answer.trim())) throw new Failure('nothing was changed', exits.failed);
  }

  /**
   * Waits for what the registry goes on with by itself. A person who ends the command by Ctrl-C is told how to follow it
   * up: nothing ends but the waiting.
   */
  async goingOn<T>(what: string, next: string, wait: () => Promise<T>): Promise<T> {
    try {
      return await wait();
    } catch (error) {
      const { err, interrupted, call } = this.world;
      if (interrupted.aborted)
        await err.write(`${err.isTerminal ? '\n' : ''}${what} goes on in the registry: ${call} ${harmless(next)}\n`);
      throw error;
    }
  }

  /** Shows how far something is, on a terminal alone. An empty text removes it. */
  async progress(text: string): Promise<void> {
    const { err } = this.world;
    if (err.isTerminal) await err.write(`\r\u001b[K${harmless(text).slice(0, Math.max(0, err.columns - 1))}`);
  }
}

/** Returns a bar such as `[#####     ] 50 %`. */
export function barOf(done: number, total: number): string {
  const share = total === 0 ? 1 : Math.min(1, done / total);
  const filled = Math.round(share * 20);
  return `[${'#'.repeat(filled)}${' '.repeat(20 - filled)}] ${Math.round(share * 100)} %`;
}

function secondsOf(text = '60'): number {
  const seconds = Number(text);
  if (Number.isInteger(seconds) && seconds >= 1 && seconds <= 3600) return seconds;
  throw usageFailure(`--timeout is ${harmless(text)}, and must be a number of seconds from 1 to 3600`);
}
