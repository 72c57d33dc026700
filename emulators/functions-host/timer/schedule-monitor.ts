import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import type { Schedule } from './ncrontab.ts';

// .NET's DateTimeOffset.MinValue: "never".
export const never = new Date('0001-01-01T00:00:00Z');

const time = z.iso.datetime().transform((text) => new Date(text));
const scheduleStatus = z.object({ last: time, next: time, lastUpdated: time });

export type ScheduleStatus = z.output<typeof scheduleStatus>;

/** A store in which a timer's status outlives the process. */
export interface StatusStore {
  /** Undefined when none was written yet. */
  read(functionName: string): Promise<ScheduleStatus | undefined>;
  write(functionName: string, status: ScheduleStatus): Promise<void>;
}

/** One JSON file per timer under `folder`; the host keeps them as blobs below `timers/`. */
export function createStatusFiles(folder: string): StatusStore {
  const fileOf = (functionName: string) => join(folder, 'timers', `${functionName}.json`);
  return {
    async read(functionName) {
      const text = await readFile(fileOf(functionName), 'utf8').catch((error: unknown) => {
        if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
        throw error;
      });
      return text === undefined ? undefined : scheduleStatus.parse(JSON.parse(text));
    },
    async write(functionName, status) {
      const file = fileOf(functionName);
      await mkdir(dirname(file), { recursive: true });
      // Renamed into place, so that a crash leaves the old status or the new one.
      await writeFile(`${file}.new`, JSON.stringify(status));
      await rename(`${file}.new`, file);
    },
  };
}

/**
 * The status with which a timer starts, and whether an occurrence was missed while no host ran: CheckPastDueAsync of
 * webjobs-sdk-extensions. A schedule that was edited meanwhile starts afresh and is not past due.
 */
export function resumeSchedule(
  schedule: Schedule,
  stored: ScheduleStatus | undefined,
  now: Date,
): { status: ScheduleStatus; isPastDue: boolean } {
  if (stored === undefined)
    return { status: { last: never, next: schedule.next(now), lastUpdated: now }, isPastDue: false };
  const since = stored.last.getTime() === never.getTime() ? stored.lastUpdated : stored.last;
  const expected = schedule.next(since);
  if (expected.getTime() === stored.next.getTime()) return { status: stored, isPastDue: now > stored.next };
  const status =
    now > expected
      ? { last: never, next: schedule.next(now), lastUpdated: now }
      : { last: never, next: expected, lastUpdated: since };
  return { status, isPastDue: false };
}
