import type { CompositeIndex, ContainerDefinition } from '../catalog/container-definition.ts';
import { splitPath } from '../partition-key.ts';
import { badRequest } from '../refusal.ts';
import { aggregatesOf } from './aggregate.ts';
import type { OrderTerm, Query } from './ast.ts';
import { queryError } from './lexer.ts';
import { assertOrderable } from './order-index.ts';

const samePath = (path: string, term: OrderTerm): boolean =>
  JSON.stringify(splitPath(path)) === JSON.stringify(term.path.map(String));

/** A composite index serves its own directions and all of them reversed, over exactly its paths. */
function serves(index: CompositeIndex, orderBy: readonly OrderTerm[]): boolean {
  if (index.length !== orderBy.length) return false;
  const matches = (isReversed: boolean): boolean =>
    orderBy.every((term, at) => {
      const column = index[at];
      return (
        column !== undefined &&
        samePath(column.path, term) &&
        (column.order === 'descending') === (term.descending !== isReversed)
      );
    });
  return matches(false) || matches(true);
}

/** The service has no sort: it reads an order over several properties from an index or not at all. */
function assertCompositeIndex({ indexingPolicy }: ContainerDefinition, orderBy: readonly OrderTerm[]): void {
  if (orderBy.length < 2 || indexingPolicy.compositeIndexes.some((index) => serves(index, orderBy))) return;
  throw queryError(
    'SC2108',
    'The order by query does not have a corresponding composite index that it can be served from.',
  );
}

/**
 * Refuses what this emulator could answer and the service cannot, so that it is not found out in production.
 * Over several partitions the SDK itself merges the parts, and its pipeline takes one VALUE aggregate only.
 */
export function assertServable(definition: ContainerDefinition, query: Query, isOnePartition: boolean): void {
  assertOrderable(definition, query.orderBy);
  assertCompositeIndex(definition, query.orderBy);
  const isMergeable = isOnePartition || query.selection.kind === 'value' || aggregatesOf(query.selection) === undefined;
  if (!isMergeable) throw badRequest('Aggregate queries must use the VALUE keyword');
}
