/**
 * A fault that BuildKit would refuse, in its words, or a limit of ours (budget.ts). `line` counts from 1; 0 is the file
 * as a whole.
 */
export class DockerfileFault extends Error {
  override readonly name = 'DockerfileFault';
  readonly line: number;

  constructor(message: string, line = 0) {
    super(message);
    this.line = line;
  }
}

/** Runs `step`; a fault that knows no line gets this one, and its message the prefix. */
export function located<T>(line: number, step: () => T, prefix = ''): T {
  try {
    return step();
  } catch (error) {
    if (error instanceof DockerfileFault && error.line === 0) throw new DockerfileFault(prefix + error.message, line);
    throw error;
  }
}
