import { tagDocumentSchema, tagRef } from '../../../core/documents/manifest.ts';
import { readStored } from '../../../core/documents/stored.ts';
import type { Digest } from '../../../core/oci/digest.ts';
import { ownRepository } from '../edges/names.ts';
import type { BuildPorts } from '../ports.ts';
import type { Task } from '../tasks/documents.ts';
import { readTask } from '../tasks/tasks.ts';

/**
 * Which digests of its Dockerfile a task moves on, and to what: bases of this registry that name their tag beside it.
 * Read anew: the commit that is built may have another Dockerfile than the task had when it was taken up. Throws
 * `StoreFailure`.
 */
export async function movedPins(
  { documents, registry }: Pick<BuildPorts, 'documents' | 'registry'>,
  task: Task,
): Promise<Readonly<Record<Digest, Digest>>> {
  if (task.settings.pins === 'keep') return {};
  const { bases } = (await readTask({ documents, registry }, task.name)) ?? task;
  const found = await Promise.all(
    bases.map(async ({ base, tag, digest }) => {
      const repository = ownRepository(registry, base);
      if (repository === undefined || tag === undefined || digest === undefined) return [];
      const at = (await readStored(documents, tagDocumentSchema, tagRef({ registry, repository }, tag)))?.document
        .digest;
      return at === undefined || at === digest ? [] : [[digest, at] as const];
    }),
  );
  return Object.fromEntries(found.flat());
}
