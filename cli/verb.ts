import type { Context } from './context.ts';

/** A flag as commander reads it: `--by <number>` has a value, `--yes` has none. */
export interface Flag {
  readonly flags: string;
  readonly says: string;
  readonly choices?: readonly string[];
}

/** The arguments of a verb and the values of its flags. */
export class Given {
  readonly args: readonly string[];
  readonly #flags: Readonly<Record<string, unknown>>;

  constructor(args: readonly string[], flags: Readonly<Record<string, unknown>>) {
    this.args = args;
    this.#flags = flags;
  }

  /** Returns the argument at a place; commander has refused a command without one that it needs. */
  at(place: number): string {
    return this.args[place] ?? '';
  }

  text(name: string): string | undefined {
    const value = this.#flags[name];
    return typeof value === 'string' ? value : undefined;
  }

  has(name: string): boolean {
    return this.#flags[name] === true;
  }
}

/** One verb, or a group of them. Help, parsing, completion and the table of docs/cli.md are made of this. */
export interface Verb {
  readonly name: string;
  /** A sentence without its full stop. */
  readonly does: string;
  /** The arguments: `<image>` is needed, `[repository]` is not. */
  readonly takes?: string;
  readonly flags?: readonly Flag[];
  /** Commands that work, without the name of the program. */
  readonly examples?: readonly string[];
  readonly notes?: readonly string[];
  readonly verbs?: readonly Verb[];
  readonly run?: (context: Context, given: Given) => Promise<void>;
}

/** The flag of what deletes: a person is asked without it. */
export const yesFlag: Flag = { flags: '-y, --yes', says: 'does not ask' };
/** The flag of what deletes or changes: it shows what would happen. */
export const dryRunFlag: Flag = { flags: '--dry-run', says: 'shows what would be done, and does nothing' };
