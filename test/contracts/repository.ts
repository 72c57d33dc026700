import { expect } from 'vitest';
import type {
  CommitOutcome,
  DocumentChange,
  DocumentRef,
  Documents,
  JsonDocument,
} from '../../shared/core/ports/documents.ts';

/** One repository's partition that no other test uses, and short forms for it. */
export interface Repository {
  readonly partition: readonly [registry: string, repository: string];
  /** A document of this repository. */
  document(id: string, properties?: Record<string, unknown>): JsonDocument;
  read(id: string): ReturnType<Documents['readDocument']>;
  commit(...changes: DocumentChange[]): Promise<CommitOutcome>;
  /** Creates them one after the other. */
  create(...documents: JsonDocument[]): Promise<void>;
}

let repositories = 0;

export function newRepository(documents: Documents, registry = `registry-${process.pid}`): Repository {
  repositories += 1;
  const repository = `team/app-${repositories}`;
  const partition = [registry, repository] as const;
  const ref = (id: string): DocumentRef => ({ container: 'repositories', partition, id });
  const commit = (...changes: DocumentChange[]) => documents.commitDocuments('repositories', partition, changes);
  return {
    partition,
    document: (id, properties = {}) => ({ id, registry, repository, ...properties }),
    read: (id) => documents.readDocument(ref(id)),
    commit,
    async create(...all) {
      for (const document of all) expect(await commit({ do: 'create', document })).toMatchObject({ committed: true });
    },
  };
}
