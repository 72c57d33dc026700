import { DockerfileFault } from './fault.ts';

/** At most this many characters of a Dockerfile are read. The largest known ones have some hundred thousand. */
export const MAX_TEXT = 1024 * 1024;

/**
 * The work allowed for one file: characters made by expansion, steps of patterns and variables handed from stage to
 * stage.
 */
const MAX_WORK = 4 * 1024 * 1024;

/** The stages allowed in one file: real ones have some dozens, and those that programs write some hundreds. */
export const MAX_STAGES = 1_000;

/** The instructions allowed in one file, in all of its stages together. */
export const MAX_INSTRUCTIONS = 10_000;

/** The depth allowed for nested `${a:-${b:-…}}`: each level is a few frames of the stack. */
export const MAX_NESTING = 500;

/**
 * Bounds time and memory by one budget for a whole file: a few lines like `ENV A=$A$A` ask for more memory than there
 * is, which BuildKit tries to give.
 */
export class Budget {
  #left = MAX_WORK;

  spend(amount: number): void {
    this.#left -= amount;
    if (this.#left < 0) throw new DockerfileFault('expanding this Dockerfile takes more work than is allowed');
  }
}
