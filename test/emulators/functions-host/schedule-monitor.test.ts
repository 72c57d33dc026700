import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseSchedule } from '../../../emulators/functions-host/timer/schedule.ts';
import { createStatusFiles, never, resumeSchedule } from '../../../emulators/functions-host/timer/schedule-monitor.ts';

const daily = parseSchedule('0 0 2 * * *');
const at = (text: string) => new Date(text);
const ran = {
  last: at('2026-05-01T02:00:00Z'),
  next: at('2026-05-02T02:00:00Z'),
  lastUpdated: at('2026-05-01T02:00:00Z'),
};

describe('a timer that starts', () => {
  it('waits for its next occurrence when it never ran', () => {
    const now = at('2026-05-01T12:00:00Z');
    expect(resumeSchedule(daily, undefined, now)).toEqual({
      status: { last: never, next: at('2026-05-02T02:00:00Z'), lastUpdated: now },
      isPastDue: false,
    });
  });

  it('goes on where it was when nothing was missed', () => {
    expect(resumeSchedule(daily, ran, at('2026-05-01T12:00:00Z'))).toEqual({ status: ran, isPastDue: false });
  });

  it('is past due when an occurrence was missed, also one that would have been its first', () => {
    expect(resumeSchedule(daily, ran, at('2026-05-04T12:00:00Z')).isPastDue).toBe(true);
    const waiting = { last: never, next: at('2026-05-02T02:00:00Z'), lastUpdated: at('2026-05-01T12:00:00Z') };
    expect(resumeSchedule(daily, waiting, at('2026-05-02T02:00:01Z')).isPastDue).toBe(true);
  });

  it('starts afresh, not past due, when its schedule was edited meanwhile', () => {
    const now = at('2026-05-04T12:00:00Z');
    expect(resumeSchedule(parseSchedule('0 0 5 * * *'), ran, now)).toEqual({
      status: { last: never, next: at('2026-05-05T05:00:00Z'), lastUpdated: now },
      isPastDue: false,
    });
  });
});

describe('status files', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'status-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('give back what was written, and undefined for a timer that never was', async () => {
    const files = createStatusFiles(folder);
    expect(await files.read('nightly')).toBeUndefined();
    await files.write('nightly', { ...ran, last: never });
    expect(await files.read('nightly')).toEqual({ ...ran, last: never });
  });

  it('that cannot be read fail, and are not taken for absent', async () => {
    await mkdir(join(folder, 'timers'), { recursive: true });
    await writeFile(join(folder, 'timers', 'torn.json'), '{"last":');
    await expect(createStatusFiles(folder).read('torn')).rejects.toThrow();
  });
});
