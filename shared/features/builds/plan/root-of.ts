import { ownBase } from '../bases/names.ts';
import type { BuildPorts } from '../ports.ts';
import type { Task } from '../tasks/documents.ts';
import type { Root } from './documents.ts';

/** Makes the root by which a task builds its image, as of now. For one event it is put in line once. */
export function rootOf(
  { registry, clock }: Pick<BuildPorts, 'registry' | 'clock'>,
  { repository, tag, name }: Task,
  event: string,
): Root {
  return { base: ownBase(registry, repository), tag, task: name, event, updatedAt: clock.now().toISOString() };
}
