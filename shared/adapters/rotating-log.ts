import { statSync } from 'node:fs';
import type { RotatingFileStream } from 'rotating-file-stream';
import { createStream } from 'rotating-file-stream';

export interface RotatingLog {
  /** Takes whole lines. It never throws: what the file does not take goes to standard error. */
  write(lines: string): void;
  /** Resolves when everything that was written before is in the file. */
  flush(): Promise<void>;
}

/** What a log may take of the disk: `mib` in the file itself, and as much in each of `older` files beside it. */
export interface LogBound {
  readonly mib: number;
  readonly older: number;
}

/** 256 MiB together: some ten hours of 27 requests a second. */
const usualBound: LogBound = { mib: 32, older: 7 };

/** A disk that was full gets another chance after so long. In milliseconds. */
const pauseMs = 5_000;

/** Whether `path` is a file, or can become one. A pipe or a device (`/dev/stdout`) cannot be renamed away. */
export function canRotate(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? true;
}

/**
 * Appends to the file `path`. When it is full it becomes `path.1`, what was `path.1` becomes `path.2`, and the oldest
 * goes. A file belongs to one process: two that rename it would lose lines.
 */
export function rotatingLog(path: string, bound: LogBound = usualBound): RotatingLog {
  let stream: RotatingFileStream | undefined;
  let closedUntil = 0;
  const open = () => {
    const opened = createStream(path, { size: `${bound.mib}M`, rotate: bound.older });
    opened.on('error', (error: Error) => {
      if (stream !== opened) return;
      [stream, closedUntil] = [undefined, Date.now() + pauseMs];
      process.stderr.write(`the log ${path} cannot be written (${error.message}): its lines come here until it can\n`);
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
