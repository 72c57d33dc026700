import type { LogCategory, LogLevel } from './core-types.ts';

/** One line of the host's log. `category` is the host's own, e.g. `Function.push-event.User` or `Host.Queue`. */
export interface LogRecord {
  level: LogLevel;
  category: string;
  functionName?: string;
  invocationId?: string;
  message: string;
}

export type Log = (record: LogRecord) => void;

/** The category under which the real host files what a function logs, as written in host.json's `logLevel` map. */
export function functionCategory(functionName: string, from: LogCategory): string {
  return from === 'user' ? `Function.${functionName}.User` : `Function.${functionName}`;
}

/** JavaScript lets an app throw anything at all. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

/** Text of anything that was thrown: the stack where there is one. */
export function describeError(thrown: unknown): string {
  const { stack, name, message } = asError(thrown);
  return stack ?? `${name}: ${message}`;
}
