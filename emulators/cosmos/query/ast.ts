import type { Json } from '../json.ts';
import type { PropertyPath } from '../store/path-columns.ts';

export type ComparisonOperator = '=' | '!=' | '<' | '<=' | '>' | '>=';
export type ScalarFunction = 'STARTSWITH' | 'ENDSWITH' | 'CONTAINS' | 'ARRAY_CONTAINS' | 'IS_DEFINED';
export type AggregateFunction = 'COUNT' | 'SUM' | 'MIN' | 'MAX' | 'AVG';

/** A scalar expression. Parameters are already replaced by their values. */
export type Expression =
  | { readonly kind: 'literal'; readonly value: Json | undefined }
  | { readonly kind: 'path'; readonly path: PropertyPath }
  | { readonly kind: 'and' | 'or'; readonly left: Expression; readonly right: Expression }
  | { readonly kind: 'not'; readonly operand: Expression }
  | {
      readonly kind: 'compare';
      readonly operator: ComparisonOperator;
      readonly left: Expression;
      readonly right: Expression;
    }
  | { readonly kind: 'in'; readonly needle: Expression; readonly list: readonly Expression[] }
  | { readonly kind: 'call'; readonly name: ScalarFunction; readonly arguments: readonly Expression[] }
  | { readonly kind: 'array'; readonly items: readonly Expression[] }
  | { readonly kind: 'object'; readonly members: readonly (readonly [string, Expression])[] };

export interface Aggregate {
  readonly kind: 'aggregate';
  readonly name: AggregateFunction;
  readonly argument: Expression;
}

export type Selected = Expression | Aggregate;

export type Selection =
  | { readonly kind: 'all' }
  | { readonly kind: 'value'; readonly selected: Selected }
  | { readonly kind: 'list'; readonly members: readonly { readonly name: string; readonly selected: Selected }[] };

export interface OrderTerm {
  readonly path: PropertyPath;
  readonly descending: boolean;
}

export interface Query {
  readonly selection: Selection;
  readonly where: Expression | undefined;
  readonly orderBy: readonly OrderTerm[];
  /** TOP or LIMIT: the most results over all pages. */
  readonly limit: number | undefined;
  readonly offset: number;
}

export type Parameters = ReadonlyMap<string, Json>;
