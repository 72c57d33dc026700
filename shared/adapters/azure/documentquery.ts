import type { FeedOptions, ItemDefinition, JSONValue, SqlParameter, SqlQuerySpec } from '@azure/cosmos';
import type { Container } from '@azure/cosmos';
import { defined } from '../../core/documents/defined.ts';
import type {
  DocumentPage,
  DocumentQuery,
  PartitionKey,
  Predicate,
  PropertyPredicate,
  Scalar,
} from '../../core/ports/documents.ts';
import { isFullPartition, layoutOf } from '../documentrules.ts';
import { inTime, wasRefused } from './cosmosclient.ts';
import { versionedDocument } from './storeddocument.ts';

/** Marks the continuations of queries whose partitions the SDK merged: the gateway would not understand them. */
const mergedMark = 'sdk:';

/** Reads one page. Throws what the SDK throws. */
export async function queryPage(container: Container, query: DocumentQuery): Promise<DocumentPage> {
  const { partition = [], where, continuation } = query;
  if (where.some((each) => each.is === 'in' && each.values.length === 0)) return { documents: [] };
  if (continuation?.startsWith(mergedMark) === true)
    return mergedPage(container, query, continuation.slice(mergedMark.length));
  const whole = isFullPartition(query.container, partition);
  const options = {
    ...feedOptions(query, continuation),
    ...defined({ partitionKey: whole ? [...partition] : undefined }),
  };
  try {
    return await fetchPage(container, query, options);
  } catch (error) {
    // The gateway merges no partitions for ORDER BY. Asking it first costs one refusal here, and spares the plan of
    // every query that it can run.
    if (whole || !wasRefused(options)) throw error;
    return mergedPage(container, query);
  }
}

/**
 * Counts documents. The service counts a large partition in several pages, each with a part of the sum. Throws what the
 * SDK throws.
 */
export async function countIn(
  container: Container,
  query: Pick<DocumentQuery, 'container' | 'where'> & { readonly partition: PartitionKey },
): Promise<number> {
  if (query.where.some((each) => each.is === 'in' && each.values.length === 0)) return 0;
  const parts = await inTime((abortSignal) =>
    container.items
      .query<number>(sqlOf(query, 'VALUE COUNT(1)'), { partitionKey: [...query.partition], abortSignal })
      .fetchAll(),
  );
  return parts.resources.reduce((sum, part) => sum + part, 0);
}

/** Reads a page for which the SDK merges partitions. Without `enableQueryControl` it returns no continuation then. */
async function mergedPage(container: Container, query: DocumentQuery, token?: string): Promise<DocumentPage> {
  const { documents, continuation } = await fetchPage(container, query, {
    ...feedOptions(query, token),
    enableQueryControl: true,
    forceQueryPlan: true,
  });
  return continuation === undefined ? { documents } : { documents, continuation: mergedMark + continuation };
}

/** Fetches a page. The options stay the same object: by it the client knows what the gateway has refused. */
async function fetchPage(container: Container, query: DocumentQuery, options: FeedOptions): Promise<DocumentPage> {
  const page = await inTime((abortSignal) =>
    container.items.query<ItemDefinition>(sqlOf(query), Object.assign(options, { abortSignal })).fetchNext(),
  );
  // The SDK answers undefined instead of an empty page.
  const documents = ((page.resources as ItemDefinition[] | undefined) ?? []).map(versionedDocument);
  return page.continuationToken ? { documents, continuation: page.continuationToken } : { documents };
}

function feedOptions({ limit }: DocumentQuery, continuationToken: string | undefined): FeedOptions {
  return { maxItemCount: limit, ...defined({ continuationToken }) };
}

/**
 * Writes a query as SQL. A prefix of a hierarchical key goes into WHERE: the SDK routes only whole keys, and a prefix
 * passed as one does not filter.
 */
function sqlOf(
  { container, partition = [], where, orderBy }: Omit<DocumentQuery, 'limit'>,
  selection = '*',
): SqlQuerySpec {
  const parameters: SqlParameter[] = [];
  const parameter = (value: Scalar | Readonly<Record<string, string>>): string => {
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
  const order =
    orderBy === undefined ? '' : ` ORDER BY ${property(orderBy.path)} ${orderBy.direction === 'asc' ? 'ASC' : 'DESC'}`;
  return { query: `SELECT ${selection} FROM c${filter}${order}`, parameters };
}

function condition(
  predicate: Predicate,
  parameter: (value: Scalar | Readonly<Record<string, string>>) => string,
): string {
  if (predicate.is === 'either') return either(predicate.of, parameter);
  const left = property(predicate.path);
  if (predicate.is === 'in') return `${left} IN (${predicate.values.map(parameter).join(', ')})`;
  if (predicate.is === 'contains') return `ARRAY_CONTAINS(${left}, ${parameter(predicate.value)}, true)`;
  if (predicate.is === 'starts-with') return `STARTSWITH(${left}, ${parameter(predicate.value)})`;
  return `${left} ${predicate.is} ${parameter(predicate.value)}`;
}

/** An empty list of values matches nothing, and the service does not take one. */
function either(
  of: readonly (readonly PropertyPredicate[])[],
  parameter: (value: Scalar | Readonly<Record<string, string>>) => string,
): string {
  const lists = of.filter((all) => !all.some((each) => each.is === 'in' && each.values.length === 0));
  const written = lists.map((all) => `(${all.map((each) => condition(each, parameter)).join(' AND ')})`);
  return written.length === 0 ? 'false' : `(${written.join(' OR ')})`;
}

/** Writes a path of properties. Brackets and JSON's quoting allow any name, reserved words too. */
function property(path: string): string {
  return `c${path
    .split('.')
    .map((step) => `[${JSON.stringify(step)}]`)
    .join('')}`;
}
