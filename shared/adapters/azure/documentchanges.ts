import type {
  Container,
  ItemDefinition,
  ItemResponse,
  JSONObject,
  OperationInput,
  OperationResponse,
  PatchOperation,
  RequestOptions,
} from '@azure/cosmos';
import { defined } from '../../core/documents/defined.ts';
import type { CommitOutcome, DocumentChange, PartitionKey } from '../../core/ports/documents.ts';
import { inTime } from './cosmosclient.ts';
import type { CosmosAnswer } from './documentfailures.ts';
import { answerOf, documentsFailure, isAbsent, status } from './documentfailures.ts';

/** Writes one change as a plain item operation, which is cheaper than a batch of one. */
export async function commitOne(
  container: Container,
  partition: PartitionKey,
  change: DocumentChange,
): Promise<CommitOutcome> {
  try {
    const { etag } = await inTime((abortSignal) => writeItem(container, partition, change, abortSignal));
    return { committed: true, etags: [change.do === 'delete' ? undefined : etag] };
  } catch (error) {
    return refusal(answerOf(error), 0, `${change.do} in ${container.id}`, error);
  }
}

function writeItem(
  container: Container,
  partition: PartitionKey,
  change: DocumentChange,
  abortSignal: AbortSignal,
): Promise<ItemResponse<ItemDefinition>> {
  const partitionKey = [...partition];
  const options: RequestOptions = {
    abortSignal,
    disableAutomaticIdGeneration: true,
    ...defined({ accessCondition: 'ifMatch' in change ? { type: 'IfMatch', condition: change.ifMatch } : undefined }),
  };
  switch (change.do) {
    case 'create':
      return container.items.create(change.document, options);
    case 'upsert':
      return container.items.upsert(change.document, options);
    case 'replace':
      return container.item(change.document.id, partitionKey).replace(change.document, options);
    case 'patch':
      return container.item(change.id, partitionKey).patch(patchOperations(change), options);
    case 'delete':
      return container.item(change.id, partitionKey).delete(options);
  }
}

export async function commitBatch(
  container: Container,
  partition: PartitionKey,
  changes: readonly DocumentChange[],
): Promise<CommitOutcome> {
  const call = `batch of ${changes.length} in ${container.id}`;
  const response = await inTime((abortSignal) =>
    container.items.batch(changes.map(batchOperation), [...partition], { abortSignal }),
  ).catch((error: unknown) => {
    throw documentsFailure(answerOf(error), call, error);
  });
  const results: readonly (OperationResponse & { readonly retryAfterMilliseconds?: number })[] = response.result ?? [];
  // The operation that failed has the reason; all others are 424.
  const index = results.findIndex(({ statusCode }) => statusCode >= 400 && statusCode !== status.dependent);
  const failed = results[index];
  if (failed !== undefined) {
    return refusal(
      {
        code: failed.statusCode,
        substatus: undefined,
        message: 'refused',
        retryAfterMs: failed.retryAfterMilliseconds ?? retryAfter(response.headers),
      },
      index,
      call,
    );
  }
  if (response.code !== 200 || results.length !== changes.length) {
    throw documentsFailure(
      {
        code: response.code,
        substatus: response.substatus,
        message: 'not committed',
        retryAfterMs: retryAfter(response.headers),
      },
      call,
    );
  }
  return { committed: true, etags: results.map(({ eTag }, at) => (changes[at]?.do === 'delete' ? undefined : eTag)) };
}

function batchOperation(change: DocumentChange): OperationInput {
  const ifMatch = 'ifMatch' in change ? { ifMatch: change.ifMatch } : {};
  switch (change.do) {
    case 'create':
      return { operationType: 'Create', resourceBody: change.document as unknown as JSONObject };
    case 'upsert':
      return { operationType: 'Upsert', resourceBody: change.document as unknown as JSONObject };
    case 'replace':
      return {
        operationType: 'Replace',
        id: change.document.id,
        resourceBody: change.document as unknown as JSONObject,
        ...ifMatch,
      };
    case 'patch':
      return {
        operationType: 'Patch',
        id: change.id,
        resourceBody: { operations: patchOperations(change) },
        ...ifMatch,
      };
    case 'delete':
      // The type leaves `ifMatch` out, but the service accepts it.
      return Object.assign({ operationType: 'Delete', id: change.id } as const, ifMatch);
  }
}

function patchOperations({ set = {}, increment = [] }: Extract<DocumentChange, { do: 'patch' }>): PatchOperation[] {
  return [
    ...Object.entries(set).map(([path, value]) => ({ op: 'set', path: pointer(path), value }) as const),
    ...increment.map(({ path, by }) => ({ op: 'incr', path: pointer(path), value: by }) as const),
  ];
}

/** Makes a JSON pointer (RFC 6901). */
function pointer(path: string): string {
  return `/${path
    .split('.')
    .map((step) => step.replaceAll('~', '~0').replaceAll('/', '~1'))
    .join('/')}`;
}

function refusal(answer: CosmosAnswer, index: number, call: string, cause?: unknown): CommitOutcome {
  if (isAbsent(answer)) return { committed: false, index, because: 'absent' };
  if (answer.code === status.conflict) return { committed: false, index, because: 'exists' };
  if (answer.code === status.preconditionFailed) return { committed: false, index, because: 'changed' };
  throw documentsFailure(answer, call, cause);
}

function retryAfter(headers: Readonly<Record<string, unknown>> | undefined): number | undefined {
  const value = headers?.['x-ms-retry-after-ms'];
  return value === undefined ? undefined : Number(value);
}
