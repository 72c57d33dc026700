import type { HostJson } from './host-json.ts';
import type { Invoke } from './invocation.ts';
import type { Listener } from './listener.ts';
import { asError, type Log } from './log.ts';
import { queueAccount } from './queue/connection.ts';
import { startQueueListener } from './queue/listener.ts';
import { prepareTimerListener } from './timer/listener.ts';
import { parseSchedule } from './timer/schedule.ts';
import { createStatusFiles } from './timer/schedule-monitor.ts';
import {
  hasTrigger,
  type HostedFunction,
  type QueueTrigger,
  resolveSettings,
  type TimerTrigger,
} from './trigger-binding.ts';

export interface ListenerSettings {
  hostJson: HostJson;
  env: Record<string, string | undefined>;
  log: Log;
  now: () => Date;
  pollScale: number;
  stateFolder: string | undefined;
}

type Start = (invoke: Invoke) => Listener;

/**
 * The listeners of all queue and timer functions, not started. Rejects when a setting, connection or schedule of one of
 * them cannot be used, so that nothing has run yet when the start fails.
 */
export async function prepareListeners(functions: HostedFunction[], settings: ListenerSettings): Promise<Start[]> {
  const starts = functions.flatMap((fn) => {
    if (hasTrigger(fn, 'queueTrigger')) return [prepareQueue(fn, settings)];
    if (hasTrigger(fn, 'timerTrigger')) return [prepareTimer(fn, settings)];
    return [];
  });
  return Promise.all(starts);
}

async function prepareQueue(
  fn: HostedFunction<QueueTrigger>,
  { env, hostJson, log, pollScale }: ListenerSettings,
): Promise<Start> {
  const queueName = resolveSettings(fn.trigger.queueName, env, fn.name);
  const account = await forFunction(fn, () => queueAccount(fn.trigger.connection, env));
  const named = { ...fn, trigger: { ...fn.trigger, queueName } };
  const settings = hostJson.extensions.queues;
  return (invoke) => startQueueListener({ fn: named, account, settings, invoke, log, pollScale });
}

async function prepareTimer(
  fn: HostedFunction<TimerTrigger>,
  { env, log, now, stateFolder }: ListenerSettings,
): Promise<Start> {
  const schedule = await forFunction(fn, () => parseSchedule(resolveSettings(fn.trigger.schedule, env, fn.name)));
  const statusStore = stateFolder === undefined ? undefined : createStatusFiles(stateFolder);
  return forFunction(fn, () => prepareTimerListener({ fn, schedule, statusStore, log, now }));
}

async function forFunction<T>(fn: HostedFunction, prepare: () => T | Promise<T>): Promise<T> {
  try {
    return await prepare();
  } catch (error) {
    throw new Error(`Function "${fn.name}" cannot be started. ${asError(error).message}`, { cause: error });
  }
}
