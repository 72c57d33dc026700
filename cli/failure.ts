/** The exit codes of the command; docs/cli.md has the same table. */
export const exits = { done: 0, failed: 1, usage: 2, refused: 3, interrupted: 130 } as const;
export type Exit = (typeof exits)[keyof typeof exits];

/** Ends the command with one sentence that says what is wrong and what to do next. */
export class Failure extends Error {
  override readonly name = 'Failure' as const;
  readonly exit: Exit;
  /** The code of the API's error, where an answer was one. */
  readonly code: string | undefined;

  constructor(message: string, exit: Exit = exits.failed, options: ErrorOptions & { readonly code?: string } = {}) {
    super(message, options);
    this.exit = exit;
    this.code = options.code;
  }
}

/** Makes the failure of a command that was typed wrong. */
export function usageFailure(message: string): Failure {
  return new Failure(message, exits.usage);
}
