import { deleteCharge, queryCharge, readCharge, writeCharge } from '../../emulators/cosmos/request-charge.ts';
import type { DocumentChange, Documents } from '../../shared/core/ports/documents.ts';

/** A call for documents: its operation and place, and its request units by the emulator's model. */
export interface Charged {
  readonly container: string;
  readonly partition: string;
  readonly is: 'read' | 'write' | 'query';
  readonly units: number;
}

const sizeOf = (document: unknown) => Buffer.byteLength(JSON.stringify(document ?? {}));

/** Wraps documents so that each call is reported with its charge. */
export function meteredDocuments(documents: Documents, told: (charged: Charged) => void): Documents {
  const tell = (is: Charged['is'], container: string, partition: readonly string[], units: number) => {
    told({ is, container, partition: partition.join('/'), units });
  };
  return {
    async readDocument(ref) {
      const found = await documents.readDocument(ref);
      tell('read', ref.container, ref.partition, readCharge(sizeOf(found?.document)));
      return found;
    },
    async queryDocuments(query) {
      const page = await documents.queryDocuments(query);
      tell(
        'query',
        query.container,
        query.partition ?? ['all'],
        queryCharge(page.documents.length, sizeOf(page.documents.map(({ document }) => document))),
      );
      return page;
    },
    async countDocuments(query) {
      const count = await documents.countDocuments(query);
      tell('query', query.container, query.partition, queryCharge(0, 0));
      return count;
    },
    async commitDocuments(container, partition, changes) {
      const sizes = await Promise.all(
        changes.map(async (change) =>
          'document' in change
            ? sizeOf(change.document)
            : sizeOf((await documents.readDocument({ container, partition, id: change.id }))?.document),
        ),
      );
      const outcome = await documents.commitDocuments(container, partition, changes);
      // A refused write is charged as a read.
      changes.forEach((change, at) => {
        tell('write', container, partition, outcome.committed ? chargeOf(change, sizes[at] ?? 0) : 1);
      });
      return outcome;
    },
  };
}

function chargeOf(change: DocumentChange, bytes: number): number {
  return change.do === 'delete' ? deleteCharge(bytes) : writeCharge(bytes);
}
