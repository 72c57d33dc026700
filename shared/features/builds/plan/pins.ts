import { tagDocumentSchema, tagRef } from '../../../core/documents/manifest.ts';
import { readStored } from '../../../core/documents/stored.ts';
import type { Digest } from '../../../core/oci/digest.ts';
import { ownRepository } from '../bases/names.ts';
import type { BuildPorts } from '../ports.ts';
import type { Task } from '../tasks/documents.ts';
import { readTask } from '../tasks/tasks.ts';

/**
 * Returns the digests of its Dockerfile that a task replaces, and the new ones: of bases of this registry whose tag
 * stands beside the digest. They are read anew: the commit that is built may have another Dockerfile than the task had
 * when it was claimed. Throws `StoreFailure`.
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
