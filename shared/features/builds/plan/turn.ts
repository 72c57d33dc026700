import { patching } from '../../../core/documents/changes.ts';
import { untilUncontended } from '../../../core/documents/contention.ts';
import { readStored } from '../../../core/documents/stored.ts';
import type { BuildPorts } from '../ports.ts';
import type { Task } from '../tasks/documents.ts';
import { taskRef, taskSchema } from '../tasks/documents.ts';
import type { Node } from './documents.ts';

const hourMs = 3_600_000;

/**
 * Takes one of the turns that a task has in an hour, for a build: it takes one however often that build is begun. If
 * none is left it returns the time when the next one is free. Throws `StoreFailure`.
 */
export async function takeTurn(
  ports: Pick<BuildPorts, 'documents' | 'registry' | 'clock'>,
  { build }: Pick<Node, 'build'>,
  { name, settings: { atMostPerHour: most } }: Task,
): Promise<Date | undefined> {
  if (most === undefined) return undefined;
  const { documents, registry, clock } = ports;
  return (
    await untilUncontended(`the turns of task "${name}"`, async () => {
      const found = await readStored(documents, taskSchema, taskRef(registry, name));
      const since = new Date(clock.now().getTime() - hourMs).toISOString();
      const turns = (found?.document.turns ?? []).filter(({ at }) => at > since);
      if (found === undefined || turns.some((turn) => turn.build === build)) return { free: undefined };
      const [oldest] = turns.slice(-most);
      if (oldest !== undefined && turns.length >= most) return { free: new Date(Date.parse(oldest.at) + hourMs) };
      const { committed } = await documents.commitDocuments(
        'registries',
        [registry],
        [patching(found, { turns: [...turns, { build, at: clock.now().toISOString() }] })],
      );
      return committed ? { free: undefined } : undefined;
    })
  ).free;
}
