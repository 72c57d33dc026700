import type { TypedData } from '../core-types.ts';
import type { Invoke } from '../invocation.ts';
import type { Listener } from '../listener.ts';
import { describeError, type Log } from '../log.ts';
import { withRetries } from '../retry.ts';
import type { HostedFunction, TimerTrigger } from '../trigger-binding.ts';
import { waited } from '../wait.ts';
import type { Schedule } from './ncrontab.ts';
import { runsWithinAMinute } from './schedule.ts';
import { resumeSchedule, type ScheduleStatus, type StatusStore } from './schedule-monitor.ts';

/** A timer wakes at least this often, so that no wait exceeds setTimeout's 24.8 days and a changed clock is noticed. */
const longestWait = 3_600_000;

export interface TimerListenerOptions {
  fn: HostedFunction<TimerTrigger>;
  schedule: Schedule;
  /** Undefined keeps the status in memory only: no run is then known to be missed. */
  statusStore: StatusStore | undefined;
  log: Log;
  now: () => Date;
}

type Watched = TimerListenerOptions & { invoke: Invoke; monitored: boolean };
type Occasion = 'scheduled' | 'startup' | 'past due';

/**
 * Reads where one timer function stands, and answers what starts it. Once started it runs by its schedule, one run at a
 * time, and at once when an occurrence was missed or `runOnStartup` is set. A run that fails does not stop the
 * schedule.
 */
export async function prepareTimerListener(options: TimerListenerOptions): Promise<(invoke: Invoke) => Listener> {
  const { fn, schedule, now, statusStore } = options;
  // The host watches no schedule with runs less than a minute apart: the writes would outnumber the work.
  const monitored = fn.trigger.useMonitor && !runsWithinAMinute(schedule, now());
  const store = monitored ? statusStore : undefined;
  const { status, isPastDue } = resumeSchedule(schedule, await store?.read(fn.name), now());
  await store?.write(fn.name, status);
  const first = isPastDue ? 'past due' : fn.trigger.runOnStartup ? 'startup' : 'scheduled';
  return (invoke) => {
    const stopping = new AbortController();
    const loop = runUntil(stopping.signal, { ...options, invoke, monitored, statusStore: store }, status, first);
    return {
      async stop() {
        stopping.abort();
        await loop;
      },
    };
  };
}

async function runUntil(stop: AbortSignal, options: Watched, status: ScheduleStatus, first: Occasion): Promise<void> {
  for (let occasion = first; !stop.aborted; occasion = 'scheduled') {
    if (occasion === 'scheduled' && !(await reached(status.next, options.now, stop))) return;
    status = await runOnce(stop, options, status, occasion);
  }
}

async function runOnce(
  stop: AbortSignal,
  options: Watched,
  status: ScheduleStatus,
  occasion: Occasion,
): Promise<ScheduleStatus> {
  const { fn, schedule, invoke, log, now, monitored, statusStore } = options;
  // A timer may fire a little early; its run still counts for the occurrence it was meant for, or it would run twice.
  const fired = now();
  const at = occasion === 'scheduled' && status.next > fired ? status.next : fired;
  const data = timerInfo(schedule, monitored ? status : undefined, occasion === 'past due');
  const reason =
    occasion === 'scheduled'
      ? `Timer fired at ${fired.toISOString()}`
      : `Timer fired at ${fired.toISOString()}, ${occasion}`;
  // The failure itself is in the function's log already.
  await withRetries(fn.retry, (retryContext) => invoke({ fn, reason, data, retryContext }), stop).catch(
    () => undefined,
  );
  const updated = { last: at, next: schedule.next(at), lastUpdated: at };
  await statusStore?.write(fn.name, updated).catch((error: unknown) => {
    log({
      level: 'error',
      category: 'Host.Timer',
      functionName: fn.name,
      message: `The schedule's status could not be written. ${describeError(error)}`,
    });
  });
  return updated;
}

// The library lower-cases the first letter of every property.
function timerInfo(schedule: Schedule, status: ScheduleStatus | undefined, isPastDue: boolean): TypedData {
  const info = {
    Schedule: { AdjustForDST: schedule.adjustForDST },
    ScheduleStatus:
      status === undefined ? null : { Last: status.last, Next: status.next, LastUpdated: status.lastUpdated },
    IsPastDue: isPastDue,
  };
  return { json: JSON.stringify(info) };
}

/** Waits for a time; false when the timer was stopped before. */
async function reached(time: Date, now: () => Date, stop: AbortSignal): Promise<boolean> {
  for (let left = time.getTime() - now().getTime(); left > 0; left = time.getTime() - now().getTime()) {
    if (!(await waited(Math.min(left, longestWait), stop))) return false;
  }
  return !stop.aborted;
}
