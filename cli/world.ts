/** A stream that the command writes to. */
export interface Sink {
  /** True where a person sees it at once, on a terminal. */
  readonly isTerminal: boolean;
  /** The columns of the terminal. */
  readonly columns: number;
  /** Writes text, and waits until it is taken. Rejects with `EPIPE` when nobody reads any more. */
  write(text: string): Promise<void>;
}

/** Everything outside of the command: tests give another one. */
export interface World {
  /** The command as one types it: `longshore`, or the script's call in a checkout. */
  readonly call: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The user's folder. */
  readonly home: string;
  readonly platform: NodeJS.Platform;
  readonly out: Sink;
  readonly err: Sink;
  /** True where a person can be asked. */
  readonly canAsk: boolean;
  fetch(request: Request): Promise<Response>;
  now(): Date;
  pause(ms: number, signal?: AbortSignal): Promise<void>;
  /** Asks a person for a line; with `isSecret` what is typed is not shown. */
  ask(question: string, isSecret?: boolean): Promise<string>;
  /** Reads the standard input to its end. */
  readInput(): Promise<string>;
  /** Runs a credential helper of docker's, and returns what it printed. */
  runHelper(
    program: string,
    action: string,
    input: string,
  ): Promise<{ readonly code: number; readonly printed: string }>;
  /** Aborts when the person presses Ctrl-C. */
  readonly interrupted: AbortSignal;
}
