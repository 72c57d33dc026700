interface Running {
  onFailure(handle: (why: string) => void): void;
  stop(): Promise<void>;
}

/** A stop that takes longer than this many milliseconds is cut short. */
const longestStopMs = 15_000;

/**
 * Runs something until SIGINT, SIGTERM, or the end of the process that started this one; then stops it and exits 0. A
 * failure is reported in one sentence on stderr, with exit code 1.
 */
export function runUntilSignalled(start: () => Promise<Running>): void {
  // Files that are written from here on, by the children too, are for this user alone.
  process.umask(0o077);
  const starting = start();
  let stopping = false;
  const stop = (code: number) => {
    if (stopping) return;
    stopping = true;
    setTimeout(() => process.exit(1), longestStopMs).unref();
    void starting.then((running) => running.stop()).then(() => process.exit(code), fail);
  };
  starting.then(
    (running) =>
      running.onFailure((why) => {
        process.stderr.write(`${why}\n`);
        stop(1);
      }),
    fail,
  );
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop(0));
  process.on('disconnect', () => stop(0));
}

function fail(error: unknown): void {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
