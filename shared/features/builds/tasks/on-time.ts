import { oneByOne, readable } from '../../../core/documents/alone.ts';
import { patching } from '../../../core/documents/changes.ts';
import { dueQuery } from '../../../core/documents/due.ts';
import { pagesOf } from '../../../core/documents/pages.ts';
import { stableUuid } from '../../../core/documents/stable-id.ts';
import type { Stored } from '../../../core/documents/stored.ts';
import { nextRun } from '../../../core/rules/schedule.ts';
import { putInQueue } from '../plan/queue.ts';
import { rootOf } from '../plan/root-of.ts';
import type { BuildPorts } from '../ports.ts';
import type { Task } from './documents.ts';
import { taskSchema } from './documents.ts';

const tasksAtOnce = 100;

/**
 * Puts the tasks in line that are due by their schedules. Times that were missed are made up for by one build, not by
 * one each. The id of the event is derived from the time, so of several processes that find a task due each puts the
 * same in line. A task that cannot be read, or put in line, is logged and stops no other. Throws `StoreFailure` if
 * nothing can be read.
 */
export async function lineUpOnTime(ports: BuildPorts): Promise<number> {
  const { documents, registry, clock } = ports;
  const [container, partition] = ['registries' as const, [registry]];
  const where = [{ path: 'type', is: '=' as const, value: 'task' }];
  const due: Stored<Task>[] = [];
  const query = dueQuery(clock.now(), { container, partition, where, limit: tasksAtOnce });
  for await (const page of pagesOf(documents, query)) {
    // A task that cannot be read stays due: tasks behind a page of such are still found.
    due.push(...readable(ports.log, taskSchema, page, { container, partition }));
    if (due.length >= tasksAtOnce) break;
  }
  const failed = await oneByOne(
    ports.log,
    'queueing a task by its schedule',
    due,
    ({ document }) => document.id,
    (task) => enqueueTask(ports, task),
  );
  return due.length - failed;
}

/**
 * Puts a task in line, and then writes its next time: after a crash in between it is put in line again, which has no
 * effect.
 */
async function enqueueTask(ports: BuildPorts, found: Stored<Task>): Promise<void> {
  const { document: task } = found;
  const { documents, registry, clock } = ports;
  const { schedule } = task.settings;
  if (schedule === undefined) return;
  await putInQueue(ports, rootOf(ports, task, stableUuid('schedule', registry, task.name, task.dueAt)));
  await documents.commitDocuments(
    'registries',
    [registry],
    [patching(found, { dueAt: nextRun(schedule, clock.now()).toISOString() })],
  );
}
