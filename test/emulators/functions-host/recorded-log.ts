import type { Log, LogRecord } from '../../../emulators/functions-host/log.ts';

/** A log that keeps its records. */
export function recordedLog(): { log: Log; records: LogRecord[]; messages(): string } {
  const records: LogRecord[] = [];
  return {
    log: (record) => records.push(record),
    records,
    messages: () => records.map((record) => record.message).join('\n'),
  };
}
