import { statSync } from 'node:fs';
import type { RotatingFileStream } from 'rotating-file-stream';
import { createStream } from 'rotating-file-stream';

export interface RotatingLog {
  /** Writes whole lines. It never throws: lines that the file does not accept go to standard error. */
  write(lines: string): void;
  /** Resolves when everything that was written before is in the file. */
  flush(): Promise<void>;
}

/** The disk space of a log: `mib` in the file itself, and as much in each of `older` files beside it. */
export interface LogBound {
  readonly mib: number;
  readonly older: number;
}

/** The usual bound is 256 MiB together: some ten hours of 27 requests a second. */
const usualBound: LogBound = { mib: 32, older: 7 };

/** The log is tried again so many milliseconds after a disk was full. */
const pauseMs = 5_000;

/** Says whether `path` is a file, or can become one. A pipe or a device (`/dev/stdout`) cannot be renamed away. */
export function canRotate(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? true;
}

/**
 * Appends to the file `path`. When it is full it becomes `path.1`, the former `path.1` becomes `path.2`, and the oldest
 * is removed. A file belongs to one process: two that rename it would lose lines.
 */
export function rotatingLog(path: string, bound: LogBound = usualBound): RotatingLog {
  let stream: RotatingFileStream | undefined;
  let closedUntil = 0;
  const open = () => {
    const opened = createStream(path, { size: `${bound.mib}M`, rotate: bound.older });
    opened.on('error', (error: Error) => {
      if (stream !== opened) return;
      [stream, closedUntil] = [undefined, Date.now() + pauseMs];
      process.stderr.write(
        `the log ${path} cannot be written (${error.message}): until then its lines are written here\n`,
      );
    });
    return opened;
  };
  return {
    write(lines) {
      if (stream === undefined && Date.now() < closedUntil) process.stderr.write(lines);
      else (stream ??= open()).write(lines);
    },
    async flush() {
      const flushed = stream;
      if (flushed === undefined) return;
      await new Promise<void>((resolve) => {
        flushed.once('close', resolve);
        flushed.write('', (error) => (error ? undefined : resolve()));
      });
    },
  };
}
