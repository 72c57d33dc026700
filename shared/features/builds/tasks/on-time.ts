import { oneByOne, readable } from '../../../core/documents/alone.ts';
import { patching } from '../../../core/documents/changes.ts';
import { pagesOf } from '../../../core/documents/pages.ts';
import { stableUuid } from '../../../core/documents/stable-id.ts';
import type { Stored } from '../../../core/documents/stored.ts';
import { nextRun } from '../../../core/rules/schedule.ts';
import { putInLine } from '../plan/lane.ts';
import { rootOf } from '../plan/root-of.ts';
import type { BuildPorts } from '../ports.ts';
import type { Task } from './documents.ts';
import { taskSchema } from './documents.ts';

const tasksAtOnce = 100;

/**
 * Puts in line what is due by its schedule. A time that nobody was there for is made up for once, not as often as it
 * was missed. The event is made of the time, so of several that find it due each puts the same in line. A task that
 * cannot be read, or put in line, is logged and stops no other. Throws `StoreFailure` when nothing can be asked.
 */
export async function lineUpOnTime(ports: BuildPorts): Promise<number> {
  const { documents, registry, clock } = ports;
  const [container, partition] = ['registries' as const, [registry]];
  const where = [
    { path: 'type', is: '=' as const, value: 'task' },
    { path: 'dueAt', is: '<=' as const, value: clock.now().toISOString() },
  ];
  const due: Stored<Task>[] = [];
  for await (const page of pagesOf(documents, {
    container,
    partition,
    where,
    orderBy: { path: 'dueAt', direction: 'asc' },
    limit: tasksAtOnce,
  })) {
    // One that cannot be read stays due: behind a page of such the others are still found.
    due.push(...readable(ports.log, taskSchema, page, { container, partition }));
    if (due.length >= tasksAtOnce) break;
  }
  const failed = await oneByOne(
    ports.log,
    'putting a task in line by its schedule',
    due,
    ({ document }) => document.id,
    (task) => lineUp(ports, task),
  );
  return due.length - failed;
}

/** In line first: who dies before the next time is written does it again, and it is known. */
async function lineUp(ports: BuildPorts, found: Stored<Task>): Promise<void> {
  const { document: task } = found;
  const { documents, registry, clock } = ports;
  const { schedule } = task.settings;
  if (schedule === undefined) return;
  await putInLine(ports, rootOf(ports, task, stableUuid('schedule', registry, task.name, task.dueAt)));
  await documents.commitDocuments(
    'registries',
    [registry],
    [patching(found, { dueAt: nextRun(schedule, clock.now()).toISOString() })],
  );
}
