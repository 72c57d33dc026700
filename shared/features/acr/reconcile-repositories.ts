import { oneByOne, readable } from '../../core/documents/alone.ts';
import { removing, replacing } from '../../core/documents/changes.ts';
import { partitionOf } from '../../core/documents/names.ts';
import type { RepositoryDocument } from '../../core/documents/repository.ts';
import { repositoryDocumentSchema } from '../../core/documents/repository.ts';
import type { Stored } from '../../core/documents/stored.ts';
import type { Clock } from '../../core/ports/clock.ts';
import type { CommitDocuments, QueryDocuments } from '../../core/ports/documents.ts';
import type { Log } from '../../core/ports/log.ts';

/**
 * The milliseconds after which no push can still miss the mark: longer than the longest request plus the age of an
 * instance's cached entry.
 */
export const reconcileAge = 10 * 60_000;
const entriesAtOnce = 50;

interface ReconcilePorts {
  readonly documents: QueryDocuments & CommitDocuments;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Reconciles the entries of deleted repositories, oldest first: one that has a manifest after all was pushed to while
 * it was being deleted, and is restored to the catalog; one that stayed empty for `reconcileAge` is deleted for good.
 * Returns the number of restored entries.
 */
export async function reconcileRepositories(ports: ReconcilePorts): Promise<number> {
  const container = 'registries';
  const page = await ports.documents.queryDocuments({
    container,
    where: [
      { path: 'type', is: '=', value: 'repository' },
      { path: 'state', is: '=', value: 'deleted' },
    ],
    orderBy: { path: 'updatedAt', direction: 'asc' },
    limit: entriesAtOnce,
  });
  let revived = 0;
  await oneByOne(
    ports.log,
    'reconciling the entry of a deleted repository',
    readable(ports.log, repositoryDocumentSchema, page.documents, { container }),
    ({ document }) => document.id,
    async (entry) => {
      revived += (await reconcileOne(ports, entry)) ? 1 : 0;
    },
  );
  return revived;
}

async function reconcileOne(ports: ReconcilePorts, found: Stored<RepositoryDocument>): Promise<boolean> {
  const { document } = found;
  const holds = await holdsManifest(ports.documents, document);
  const age = ports.clock.now().getTime() - Date.parse(document.updatedAt);
  if (!holds && age < reconcileAge) return false;
  const change = holds ? replacing(found, { ...document, state: 'live' }) : removing(found);
  // If this is not committed, somebody has just pushed there and restored the entry.
  const { committed } = await ports.documents.commitDocuments('registries', [document.registry], [change]);
  return holds && committed;
}

async function holdsManifest(documents: QueryDocuments, key: RepositoryDocument): Promise<boolean> {
  const page = await documents.queryDocuments({
    container: 'repositories',
    partition: partitionOf(key),
    where: [{ path: 'id', is: 'starts-with', value: 'manifest:' }],
    limit: 1,
  });
  return page.documents.length > 0;
}
