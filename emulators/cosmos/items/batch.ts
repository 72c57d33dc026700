import { z } from 'zod';
import type { Json } from '../json.ts';
import type { KeyScope } from '../partition-key.ts';
import { parseKeyScope } from '../partition-key.ts';
import { badRequest, partitionKeyMismatch, Refusal, tooLarge } from '../refusal.ts';
import { isUnchanged } from './conditions.ts';
import { MAX_ITEM_BYTES } from './document.ts';
import { patchItem } from './patch.ts';
import type { Outcome, WriteContext } from './write.ts';
import { createItem, deleteItem, readItem, replaceItem, upsertItem } from './write.ts';

const MAX_OPERATIONS = 100;

/** FailedDependency: the operation was fine, and another one of its batch was not. */
const FAILED_DEPENDENCY = 424;

const operation = z.object({
  operationType: z.enum(['Create', 'Upsert', 'Replace', 'Delete', 'Read', 'Patch']),
  id: z.string().optional(),
  resourceBody: z.custom<Json | undefined>().optional(),
  ifMatch: z.string().optional(),
  ifNoneMatch: z.string().optional(),
  partitionKey: z.string().optional(),
});
const operations = z.array(operation).min(1).max(MAX_OPERATIONS, `A batch holds at most ${MAX_OPERATIONS} operations.`);

export type BatchOperation = z.infer<typeof operation>;

/** @param bytes of the request body: a batch may be as large as an item */
export function parseBatch(body: Json, bytes: number): BatchOperation[] {
  if (bytes > MAX_ITEM_BYTES) throw tooLarge();
  const parsed = operations.safeParse(body);
  if (!parsed.success) throw badRequest(`The batch is not valid. ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

/** One operation's result as the SDK hands it on. */
export interface BatchResult {
  readonly statusCode: number;
  readonly requestCharge: number;
  readonly eTag?: string;
  readonly subStatusCode?: number;
  /** JSON text; spliced into the answer as it is stored. */
  readonly resourceBody?: string;
}

export interface BatchOutcome {
  /** 200 when everything was done, 207 when nothing was. */
  readonly status: 200 | 207;
  readonly results: readonly BatchResult[];
}

/** Carries the first failure out of the transaction, and so rolls it back. */
class BatchAborted extends Error {
  readonly index: number;
  readonly refusal: Refusal;

  constructor(index: number, refusal: Refusal) {
    super(refusal.message);
    this.index = index;
    this.refusal = refusal;
  }
}

/** The SDK lets an operation carry a key of its own, which can only be the batch's. */
function assertSamePartition(key: KeyScope, { partitionKey }: BatchOperation): void {
  if (partitionKey === undefined || JSON.stringify(parseKeyScope(partitionKey)) === JSON.stringify(key)) return;
  throw partitionKeyMismatch('All operations of a transactional batch must have the partition key of the batch.');
}

function namedId({ id, operationType }: BatchOperation): string {
  if (id === undefined) throw badRequest(`The batch operation ${operationType} needs an id.`);
  return id;
}

/** A batch has one partition key, and each document is checked against it like in a request of its own. */
function perform(context: WriteContext, key: KeyScope, step: BatchOperation): Outcome {
  assertSamePartition(key, step);
  switch (step.operationType) {
    case 'Create':
      return createItem(context, key, step.resourceBody);
    case 'Upsert':
      return upsertItem(context, key, step.resourceBody, step);
    case 'Replace':
      return replaceItem(context, key, namedId(step), step.resourceBody, step);
    case 'Delete':
      return deleteItem(context, key, namedId(step), step);
    case 'Patch':
      return patchItem(context, key, namedId(step), step.resourceBody, step);
    case 'Read': {
      const read = readItem(context.container.items, key, namedId(step), context.now);
      return isUnchanged(step, read.row.etag) ? { ...read, status: 304 } : read;
    }
  }
}

/** Makes the result of an operation: with etag and document if there is one afterwards. */
const resultOf = ({ status, row, charge }: Outcome): BatchResult => ({
  statusCode: status,
  requestCharge: charge,
  ...(status === 204 ? {} : { eTag: row.etag }),
  ...(status === 200 || status === 201 ? { resourceBody: row.body } : {}),
});

function failedResults(count: number, { index, refusal }: BatchAborted): BatchResult[] {
  const failed = {
    statusCode: refusal.status,
    requestCharge: 1,
    ...(refusal.substatus === undefined ? {} : { subStatusCode: refusal.substatus }),
  };
  return Array.from({ length: count }, (_, at) =>
    at === index ? failed : { statusCode: FAILED_DEPENDENCY, requestCharge: 0 },
  );
}

/** Runs `work` in a transaction of one container; see `Writes`. */
export type RunWrites = <T>(work: (context: WriteContext) => T) => T;

/** All operations, or none: the first that fails undoes the others, which then report 424. */
export function runBatch(run: RunWrites, key: KeyScope, steps: readonly BatchOperation[]): BatchOutcome {
  try {
    const results = run((context) =>
      steps.map((step, index) => {
        try {
          return resultOf(perform(context, key, step));
        } catch (error) {
          throw error instanceof Refusal ? new BatchAborted(index, error) : error;
        }
      }),
    );
    return { status: 200, results };
  } catch (error) {
    if (error instanceof BatchAborted) return { status: 207, results: failedResults(steps.length, error) };
    throw error;
  }
}
