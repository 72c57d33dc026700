import { replacing, written } from '../../core/documents/changes.ts';
import { untilUncontended } from '../../core/documents/contention.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import { partitionOf } from '../../core/documents/names.ts';
import type { RepositoryDocument } from '../../core/documents/repository.ts';
import { repositoryDocumentSchema, repositoryRef } from '../../core/documents/repository.ts';
import { readStored } from '../../core/documents/stored.ts';
import { deleteEvents } from '../../core/events/delete-events.ts';
import { publishCommitted, recordEvent } from '../../core/events/outbox.ts';
import { RegistryError } from '../../core/oci/faults.ts';
import type { RecycledBy } from '../../core/ports/bin.ts';
import type { CloudEvent } from '../../core/ports/topic.ts';
import type { AcrPorts } from './ports.ts';

export interface DeletedRepository {
  readonly manifestsDeleted: string[];
  readonly tagsDeleted: string[];
}

/**
 * Deletes all that a repository has, then its entry; called again after a crash, it goes on. Throws `RegistryError`:
 * `name-unknown`, `disallowed`, `contended`.
 */
export async function deleteRepository(
  ports: AcrPorts,
  key: RepositoryKey,
  by: RecycledBy,
): Promise<DeletedRepository> {
  const entry = await liveEntry(ports, key);
  ports.admission.require({ operation: 'delete', key, asker: by.asker, repository: entry });
  const { manifests, tags } = await ports.bin.recycleAll(key, by);
  await tellOfEnd(ports, key, deleteEvents(ports, key, by.cause).repositoryDeleted(entry.generation));
  await bury(ports, key, entry);
  return { manifestsDeleted: manifests, tagsDeleted: tags };
}

async function liveEntry(ports: AcrPorts, key: RepositoryKey): Promise<RepositoryDocument> {
  const found = await readStored(ports.documents, repositoryDocumentSchema, repositoryRef(key));
  if (found?.document.state !== 'live') throw new RegistryError({ is: 'name-unknown', name: key.repository });
  return found.document;
}

/**
 * Publishes the event of the deletion. It is recorded before the entry is marked: after a crash in between the
 * repository still exists, is deleted again, and the event is published once.
 */
async function tellOfEnd(ports: AcrPorts, key: RepositoryKey, event: CloudEvent): Promise<void> {
  await ports.documents.commitDocuments('repositories', partitionOf(key), [recordEvent(key, event, 'again')]);
  await publishCommitted(ports, key, [event]);
}

/**
 * Marks the entry as deleted. `reconcileRepositories` removes it, or restores it if it finds a manifest: an instance that
 * has cached the live entry may be committing a push right now.
 */
async function bury(ports: AcrPorts, key: RepositoryKey, { generation }: RepositoryDocument): Promise<void> {
  await untilUncontended(`catalog entry of ${key.repository}`, async () => {
    const { container, partition, id } = repositoryRef(key);
    const found = await readStored(ports.documents, repositoryDocumentSchema, { container, partition, id });
    if (found?.document.state !== 'live' || found.document.generation !== generation) {
      // This instance may have marked it itself without getting the answer: its pushes must not use the cached entry
      // any more.
      if (found !== undefined) ports.entries.remember(found);
      return 'another life';
    }
    const document: RepositoryDocument = {
      ...found.document,
      state: 'deleted',
      updatedAt: ports.clock.now().toISOString(),
    };
    const outcome = await ports.documents.commitDocuments(container, partition, [replacing(found, document)]);
    const buried = written(outcome, document);
    if (buried === undefined) return undefined;
    ports.entries.remember(buried);
    return 'buried';
  });
}
