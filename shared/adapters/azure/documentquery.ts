import type { FeedOptions, FeedResponse, ItemDefinition, JSONValue, SqlParameter, SqlQuerySpec } from '@azure/cosmos';
import type { Container } from '@azure/cosmos';
import type { DocumentPage, DocumentQuery, Predicate, Scalar } from '../../ports/documents.ts';
import { isFullPartition, layoutOf } from '../documentrules.ts';
import { callDeadline, wasFannedOut } from './cosmosclient.ts';
import { versionedDocument } from './storeddocument.ts';

/** Continuations of queries that the SDK ran over the partitions itself: the gateway would not understand them. */
const fannedOutMark = 'sdk:';

/** One page. Throws what the SDK throws. */
export async function queryPage(container: Container, query: DocumentQuery): Promise<DocumentPage> {
  if (query.where.some((each) => each.is === 'in' && each.values.length === 0)) return { documents: [] };
  const resumed = query.continuation?.startsWith(fannedOutMark) === true;
  const options = feedOptions(query, resumed);
  const page: FeedResponse<ItemDefinition> = await container.items.query<ItemDefinition>(sqlOf(query), options).fetchNext();
  // The SDK answers undefined instead of an empty page.
  const documents = ((page.resources as ItemDefinition[] | undefined) ?? []).map(versionedDocument);
  if (!page.continuationToken) return { documents };
  return { documents, continuation: (resumed || wasFannedOut(options) ? fannedOutMark : '') + page.continuationToken };
}

function feedOptions({ container, partition, limit, continuation }: DocumentQuery, resumed: boolean): FeedOptions {
  const token = resumed ? continuation?.slice(fannedOutMark.length) : continuation;
  return {
    maxItemCount: limit,
    abortSignal: callDeadline(),
    ...(token === undefined ? {} : { continuationToken: token }),
    ...(partition !== undefined && isFullPartition(container, partition)
      ? { partitionKey: [...partition] }
      : // Without it the SDK gives no continuation when it merges partitions; a resumed merge must not ask the gateway first.
        { enableQueryControl: true, forceQueryPlan: resumed }),
  };
}

/** A prefix of a hierarchical key goes into WHERE: the SDK routes only whole keys, and a prefix given as one does not filter. */
export function sqlOf({ container, partition = [], where, orderBy }: DocumentQuery): SqlQuerySpec {
  const parameters: SqlParameter[] = [];
  const parameter = (value: Scalar): string => {
    const name = `@p${parameters.length}`;
    parameters.push({ name, value: value satisfies JSONValue });
    return name;
  };
  const prefix = isFullPartition(container, partition) ? [] : partition;
  const conditions = [
    ...prefix.map((level, index) => `${property(layoutOf(container).keyPaths[index] ?? '')} = ${parameter(level)}`),
    ...where.map((each) => condition(each, parameter)),
    // ORDER BY alone would sort documents without the property to the front.
    ...(orderBy === undefined ? [] : [`IS_DEFINED(${property(orderBy.path)})`]),
  ];
  const filter = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
  const order = orderBy === undefined ? '' : ` ORDER BY ${property(orderBy.path)} ${orderBy.direction === 'asc' ? 'ASC' : 'DESC'}`;
  return { query: `SELECT * FROM c${filter}${order}`, parameters };
}

function condition(predicate: Predicate, parameter: (value: Scalar) => string): string {
  const left = property(predicate.path);
  if (predicate.is === 'in') return `${left} IN (${predicate.values.map(parameter).join(', ')})`;
  if (predicate.is === 'starts-with') return `STARTSWITH(${left}, ${parameter(predicate.value)})`;
  return `${left} ${predicate.is} ${parameter(predicate.value)}`;
}

/** Brackets and JSON's quoting take any name, reserved words too. */
function property(path: string): string {
  return `c${path.split('.').map((step) => `[${JSON.stringify(step)}]`).join('')}`;
}
