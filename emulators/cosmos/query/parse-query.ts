import { notImplemented } from '../refusal.ts';
import type { AggregateFunction, Expression, OrderTerm, Parameters, Query, Selected, Selection } from './ast.ts';
import { queryError } from './lexer.ts';
import type { Scope } from './parse-expression.ts';
import { parseExpression } from './parse-expression.ts';
import { TokenCursor } from './token-cursor.ts';

const AGGREGATES = new Set<string>(['COUNT', 'SUM', 'MIN', 'MAX', 'AVG'] satisfies AggregateFunction[]);

/**
 * Parses one query of the supported part of the language. What the service would refuse is a 400 with its message;
 * what it would accept and this does not is a 501 that names it.
 */
export function parseQuery(text: string, parameters: Parameters): Query {
  const cursor = new TokenCursor(text);
  const scope = { alias: aliasOf(cursor), parameters };
  cursor.expectWord('SELECT');
  if (cursor.isWord('DISTINCT')) throw notImplemented('DISTINCT');
  const top = cursor.acceptWord('TOP') ? parseCount(cursor, scope) : undefined;
  const selection = parseSelection(cursor, scope);
  parseFrom(cursor);
  const where = cursor.acceptWord('WHERE') ? parseExpression(cursor, scope) : undefined;
  if (cursor.isWord('GROUP')) throw notImplemented('GROUP BY');
  const orderBy = parseOrderBy(cursor, scope);
  const { offset, limit } = parseOffsetLimit(cursor, scope);
  cursor.expectEnd();
  if (top !== undefined && limit !== undefined)
    throw queryError('SC2061', 'TOP cannot be used together with OFFSET LIMIT.');
  return { selection, where, orderBy, limit: top ?? limit, offset };
}

/** Parses a patch's condition: `FROM c WHERE …`. */
export function parseCondition(text: string): Expression {
  const cursor = new TokenCursor(text);
  const scope = { alias: aliasOf(cursor), parameters: new Map() };
  parseFrom(cursor);
  cursor.expectWord('WHERE');
  const condition = parseExpression(cursor, scope);
  cursor.expectEnd();
  return condition;
}

/** `FROM c`, `FROM items c` and `FROM items AS c` all call the item c. */
function aliasOf(cursor: TokenCursor): string {
  const [source, second, third] = cursor.afterFrom();
  if (source === undefined) return '';
  const isAlias = second?.kind === 'name' && !/^(AS|WHERE|ORDER|GROUP|OFFSET|JOIN|IN)$/i.test(second.text);
  if (isAlias) return second.text;
  return second?.text.toUpperCase() === 'AS' ? (third?.text ?? '') : source.text;
}

function parseFrom(cursor: TokenCursor): void {
  if (cursor.current.kind === 'end') throw notImplemented('queries without FROM');
  cursor.expectWord('FROM');
  cursor.expectIdentifier();
  if (cursor.isSymbol('.') || cursor.isSymbol('[')) throw notImplemented('FROM over a part of the item');
  if (cursor.acceptWord('AS') || cursor.isIdentifier()) cursor.expectIdentifier();
  if (cursor.isWord('IN')) throw notImplemented('FROM … IN');
  if (cursor.isWord('JOIN')) throw notImplemented('JOIN');
}

function parseSelection(cursor: TokenCursor, scope: Scope): Selection {
  if (cursor.acceptSymbol('*')) return { kind: 'all' };
  if (cursor.acceptWord('VALUE')) return { kind: 'value', selected: parseSelected(cursor, scope) };
  const members: { name: string; selected: Selected }[] = [];
  do {
    const selected = parseSelected(cursor, scope);
    members.push({ name: parseMemberName(cursor, scope, selected, members.length), selected });
  } while (cursor.acceptSymbol(','));
  assertDistinct(members.map(({ name }) => name));
  return { kind: 'list', members };
}

function assertDistinct(names: readonly string[]): void {
  const repeated = names.find((name, at) => names.indexOf(name) !== at);
  if (repeated !== undefined)
    throw queryError('SC2002', `Cannot add duplicate property '${repeated}' to the select list.`);
}

function parseSelected(cursor: TokenCursor, scope: Scope): Selected {
  const { kind, text } = cursor.current;
  const name = text.toUpperCase();
  if (kind !== 'name' || !AGGREGATES.has(name)) return parseExpression(cursor, scope);
  cursor.advance();
  cursor.expectSymbol('(');
  const argument = parseExpression(cursor, scope);
  cursor.expectSymbol(')');
  return { kind: 'aggregate', name: name as AggregateFunction, argument };
}

/** Without AS, a path lends its last name and anything else is numbered: $1, $2 … */
function parseMemberName(cursor: TokenCursor, scope: Scope, selected: Selected, position: number): string {
  if (cursor.acceptWord('AS') || cursor.isIdentifier()) return cursor.expectIdentifier();
  if (selected.kind === 'path') {
    const last = selected.path.at(-1) ?? scope.alias;
    if (typeof last === 'string') return last;
  }
  return `$${position + 1}`;
}

function parseOrderBy(cursor: TokenCursor, scope: Scope): OrderTerm[] {
  const terms: OrderTerm[] = [];
  if (!cursor.acceptWord('ORDER')) return terms;
  cursor.expectWord('BY');
  do {
    const expression = parseExpression(cursor, scope);
    if (expression.kind !== 'path' || expression.path.length === 0) {
      throw queryError(
        'SC2104',
        'Unsupported ORDER BY clause. ORDER BY item expression could not be mapped to a document path.',
      );
    }
    const descending = cursor.acceptWord('DESC');
    if (!descending) cursor.acceptWord('ASC');
    terms.push({ path: expression.path, descending });
  } while (cursor.acceptSymbol(','));
  return terms;
}

function parseOffsetLimit(cursor: TokenCursor, scope: Scope): { offset: number; limit: number | undefined } {
  if (!cursor.acceptWord('OFFSET')) return { offset: 0, limit: undefined };
  const offset = parseCount(cursor, scope);
  cursor.expectWord('LIMIT');
  return { offset, limit: parseCount(cursor, scope) };
}

/** The number of TOP, OFFSET or LIMIT: a literal or a parameter. */
function parseCount(cursor: TokenCursor, { parameters }: Scope): number {
  const { kind, text } = cursor.current;
  const value = kind === 'number' ? Number(text) : kind === 'parameter' ? parameters.get(text) : undefined;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0) throw cursor.unexpected();
  cursor.advance();
  return value;
}
