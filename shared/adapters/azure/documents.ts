import type { Container, Database, ItemDefinition } from '@azure/cosmos';
import type {
  CommitOutcome,
  ContainerName,
  DocumentChange,
  DocumentRef,
  Documents,
  PartitionKey,
  VersionedDocument,
} from '../../core/ports/documents.ts';
import { StoreFailure } from '../../core/ports/failures.ts';
import type { ProbeDependency } from '../../core/ports/probe.ts';
import { requireCommit, requireFullPartition, requireLimit } from '../documentrules.ts';
import type { CosmosSettings } from './cosmosclient.ts';
import { cosmosClient, inTime } from './cosmosclient.ts';
import { commitBatch, commitOne } from './documentchanges.ts';
import { answerOf, documentsFailure, isAbsent } from './documentfailures.ts';
import { countIn, queryPage } from './documentquery.ts';
import { versionedDocument } from './storeddocument.ts';

export interface AzureDocuments extends Documents, ProbeDependency {
  /** Ends the SDK's background refresh of the account's regions. */
  dispose(): void;
}

/** Documents in Cosmos DB. The database and its containers must exist: the data-plane role may not create them. */
export function azureDocuments(settings: CosmosSettings): AzureDocuments {
  const client = cosmosClient(settings);
  const database = client.database(settings.database);
  const containers = containersOf(database);
  return {
    async readDocument(ref) {
      const found = await readItem(containers.of(ref.container), ref);
      if (found === undefined) await containers.requireSeen(ref.container);
      return found;
    },
    async queryDocuments(query) {
      requireLimit(query.limit);
      return answered(queryPage(containers.of(query.container), query), `query of ${query.container}`);
    },
    async countDocuments(query) {
      requireFullPartition(query.container, query.partition);
      return answered(countIn(containers.of(query.container), query), `count in ${query.container}`);
    },
    async commitDocuments(name, partition, changes) {
      requireCommit(name, partition, changes);
      const outcome = await commit(containers.of(name), partition, changes);
      if (!outcome.committed && outcome.because === 'absent') await containers.requireSeen(name);
      return outcome;
    },
    dependency: 'documents',
    async probe() {
      // This costs one request unit of one partition: reads of the database itself come from an allowance of the whole
      // account, which all instances share.
      await readItem(containers.of('registries'), { container: 'registries', partition: ['_probe'], id: 'probe' });
      await containers.requireSeen('registries');
    },
    dispose: () => client.dispose(),
  };
}

function containersOf(database: Database) {
  const containers = new Map<ContainerName, Container>();
  const seen = new Set<ContainerName>();
  const containerOf = (name: ContainerName): Container => {
    const container = containers.get(name) ?? database.container(name);
    containers.set(name, container);
    return container;
  };
  return {
    of: containerOf,
    /**
     * Throws if the container is missing. A missing container answers 404 as a missing item does, in some cases without
     * a sub-status. So the first absence in a container is believed only when the container exists: a wrong setting
     * must never look like an empty registry.
     */
    async requireSeen(name: ContainerName): Promise<void> {
      if (seen.has(name)) return;
      await answered(
        inTime((abortSignal) => containerOf(name).read({ abortSignal })),
        `container ${name}`,
      );
      seen.add(name);
    },
  };
}

function commit(
  container: Container,
  partition: PartitionKey,
  changes: readonly DocumentChange[],
): Promise<CommitOutcome> {
  const [first] = changes;
  return changes.length > 1 || first === undefined
    ? commitBatch(container, partition, changes)
    : commitOne(container, partition, first);
}

async function readItem(
  container: Container,
  { partition, id, container: name }: DocumentRef,
): Promise<VersionedDocument | undefined> {
  requireFullPartition(name, partition);
  const call = `read in ${name}`;
  const answer = await answered(
    inTime((abortSignal) => container.item(id, [...partition]).read<ItemDefinition>({ abortSignal })),
    call,
  );
  if (answer.resource !== undefined) return versionedDocument(answer.resource);
  // The SDK does not throw for 404.
  if (isAbsent({ code: answer.statusCode, substatus: answer.substatus })) return undefined;
  throw new StoreFailure({
    dependency: 'documents',
    kind: 'unavailable',
    message: `${call}: ${answer.statusCode}/${String(answer.substatus)}`,
  });
}

async function answered<T>(answer: Promise<T>, call: string): Promise<T> {
  return answer.catch((error: unknown) => {
    throw documentsFailure(answerOf(error), call, error);
  });
}
