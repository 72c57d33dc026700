import { DockerfileFault } from './fault.ts';

/**
 * Characters of a Dockerfile that are read at all. The largest that anybody is known to keep has some hundred thousand.
 */
export const MAX_TEXT = 1024 * 1024;

/** Characters made by expansion, steps of patterns and variables handed from stage to stage, in one file. */
const MAX_WORK = 4 * 1024 * 1024;

/** Of one file: real ones have some dozens, and those that programs write some hundreds. */
export const MAX_STAGES = 1_000;

/** Of one file, in all of its stages together. */
export const MAX_INSTRUCTIONS = 10_000;

/** Nested `${a:-${b:-…}}`: each level is a few frames of the stack. */
export const MAX_NESTING = 500;

/**
 * A few lines like `ENV A=$A$A` ask for more memory than there is, which BuildKit tries to give. One budget for a whole
 * file bounds time and memory.
 */
export class Budget {
  #left = MAX_WORK;

  spend(amount: number): void {
    this.#left -= amount;
    if (this.#left < 0) throw new DockerfileFault('expanding this Dockerfile takes more work than is allowed');
  }
}
