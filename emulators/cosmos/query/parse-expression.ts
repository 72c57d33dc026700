import type { Json } from '../json.ts';
import { notImplemented } from '../refusal.ts';
import type { ComparisonOperator, Expression, Parameters, ScalarFunction } from './ast.ts';
import { queryError } from './lexer.ts';
import type { TokenCursor } from './token-cursor.ts';

/** The names that an expression may use. */
export interface Scope {
  /** The name of the item. */
  readonly alias: string;
  readonly parameters: Parameters;
}

/** Each function with the least and the most arguments it takes. */
const FUNCTIONS: Readonly<Record<ScalarFunction, readonly [number, number]>> = {
  STARTSWITH: [2, 3],
  ENDSWITH: [2, 3],
  CONTAINS: [2, 3],
  ARRAY_CONTAINS: [2, 3],
  IS_DEFINED: [1, 1],
};

const COMPARISONS: Readonly<Record<string, ComparisonOperator>> = {
  '=': '=',
  '!=': '!=',
  '<>': '!=',
  '<': '<',
  '<=': '<=',
  '>': '>',
  '>=': '>=',
};

/** Operators of the service that would follow an operand here; each is refused by its name. */
const OTHER_OPERATORS = new Set(['+', '-', '*', '/', '%', '||', '??', '?', '&', '|', '^']);

const LITERALS: Readonly<Record<string, Json | undefined>> = {
  TRUE: true,
  FALSE: false,
  NULL: null,
  UNDEFINED: undefined,
};

const literal = (value: Json | undefined): Expression => ({ kind: 'literal', value });

/**
 * Recursive descent, one function per level of precedence: OR, AND, NOT, comparison, operand. Parameters become
 * literals on the way, so that what follows sees constants; a value never becomes a part of the text.
 */
export function parseExpression(cursor: TokenCursor, scope: Scope): Expression {
  let left = parseAnd(cursor, scope);
  while (cursor.acceptWord('OR')) left = { kind: 'or', left, right: parseAnd(cursor, scope) };
  return left;
}

function parseAnd(cursor: TokenCursor, scope: Scope): Expression {
  let left = parseNot(cursor, scope);
  while (cursor.acceptWord('AND')) left = { kind: 'and', left, right: parseNot(cursor, scope) };
  return left;
}

function parseNot(cursor: TokenCursor, scope: Scope): Expression {
  if (cursor.acceptWord('NOT')) return { kind: 'not', operand: parseNot(cursor, scope) };
  return parseComparison(cursor, scope);
}

function parseComparison(cursor: TokenCursor, scope: Scope): Expression {
  const left = parsePrimary(cursor, scope);
  const operator = cursor.current.kind === 'symbol' ? COMPARISONS[cursor.current.text] : undefined;
  if (operator !== undefined) {
    cursor.advance();
    return { kind: 'compare', operator, left, right: parsePrimary(cursor, scope) };
  }
  if (cursor.isWord('NOT')) {
    cursor.advance();
    return { kind: 'not', operand: parsePredicate(cursor, scope, left) ?? unexpected(cursor) };
  }
  return parsePredicate(cursor, scope, left) ?? left;
}

function unexpected(cursor: TokenCursor): never {
  throw cursor.unexpected();
}

/** The word operators that follow their left side. */
function parsePredicate(cursor: TokenCursor, scope: Scope, left: Expression): Expression | undefined {
  if (cursor.acceptWord('IN')) {
    cursor.expectSymbol('(');
    return { kind: 'in', needle: left, list: parseList(cursor, scope, ')') };
  }
  if (cursor.acceptWord('BETWEEN')) return parseBetween(cursor, scope, left);
  if (cursor.isWord('LIKE')) throw notImplemented('LIKE');
  return undefined;
}

function parseBetween(cursor: TokenCursor, scope: Scope, value: Expression): Expression {
  const low = parsePrimary(cursor, scope);
  cursor.expectWord('AND');
  const high = parsePrimary(cursor, scope);
  return {
    kind: 'and',
    left: { kind: 'compare', operator: '>=', left: value, right: low },
    right: { kind: 'compare', operator: '<=', left: value, right: high },
  };
}

/** A comma-separated list up to `close`; the opening bracket is already read. */
function parseList(cursor: TokenCursor, scope: Scope, close: string): Expression[] {
  const items: Expression[] = [];
  if (cursor.acceptSymbol(close)) return items;
  do items.push(parseExpression(cursor, scope));
  while (cursor.acceptSymbol(','));
  cursor.expectSymbol(close);
  return items;
}

/** An operand, with a look at what follows: a good query that is not supported must not end as a syntax error. */
function parsePrimary(cursor: TokenCursor, scope: Scope): Expression {
  const expression = parseOperand(cursor, scope);
  const { kind, text } = cursor.current;
  if (kind === 'symbol' && OTHER_OPERATORS.has(text)) throw notImplemented(`the operator ${text}`);
  return expression;
}

function parseOperand(cursor: TokenCursor, scope: Scope): Expression {
  const { kind, text } = cursor.current;
  switch (kind) {
    case 'number':
      cursor.advance();
      return literal(Number(text));
    case 'string':
      cursor.advance();
      return literal(text);
    case 'parameter':
      cursor.advance();
      return literal(parameter(scope, text));
    case 'symbol':
      return parseBracketed(cursor, scope);
    case 'name':
      return parseName(cursor, scope);
    case 'end':
      throw cursor.unexpected();
  }
}

/** A name without a value is an error: to read it as undefined would make a filter that selects nothing. */
function parameter({ parameters }: Scope, name: string): Json {
  const value = parameters.get(name);
  if (value === undefined) throw queryError('SC2001', `The parameter '${name}' has no value.`);
  return value;
}

function parseBracketed(cursor: TokenCursor, scope: Scope): Expression {
  if (cursor.acceptSymbol('(')) {
    if (cursor.isWord('SELECT')) throw notImplemented('subqueries');
    const inner = parseExpression(cursor, scope);
    cursor.expectSymbol(')');
    return inner;
  }
  if (cursor.acceptSymbol('[')) return { kind: 'array', items: parseList(cursor, scope, ']') };
  if (cursor.acceptSymbol('{')) return parseObject(cursor, scope);
  if (cursor.acceptSymbol('-')) {
    if (cursor.current.kind !== 'number') throw notImplemented('the operator -');
    return literal(-Number(cursor.advance().text));
  }
  throw cursor.unexpected();
}

/** `{name: c.a, "other": 1}`: names may be words here, reserved or not. */
function parseObject(cursor: TokenCursor, scope: Scope): Expression {
  const members: [string, Expression][] = [];
  if (cursor.acceptSymbol('}')) return { kind: 'object', members };
  do {
    const { kind } = cursor.current;
    if (kind !== 'string' && kind !== 'name') throw cursor.unexpected();
    const name = cursor.advance().text;
    cursor.expectSymbol(':');
    members.push([name, parseExpression(cursor, scope)]);
  } while (cursor.acceptSymbol(','));
  cursor.expectSymbol('}');
  return { kind: 'object', members };
}

/** A literal, a function or the item. Any other name is an error, as there is nothing else in scope without JOIN. */
function parseName(cursor: TokenCursor, scope: Scope): Expression {
  const word = cursor.current.text.toUpperCase();
  if (word in LITERALS) {
    cursor.advance();
    return literal(LITERALS[word]);
  }
  if (word === 'EXISTS' || word === 'ARRAY') throw notImplemented('subqueries');
  if (word === 'UDF') throw notImplemented('user-defined functions');
  const location = cursor.current;
  const name = cursor.expectIdentifier();
  if (cursor.acceptSymbol('(')) return parseCall(cursor, scope, word);
  if (name === scope.alias) return { kind: 'path', path: parsePath(cursor) };
  throw queryError('SC2001', `Identifier '${name}' could not be resolved.`, location);
}

function parseCall(cursor: TokenCursor, scope: Scope, name: string): Expression {
  const arity = FUNCTIONS[name as ScalarFunction] as readonly [number, number] | undefined;
  if (arity === undefined) throw notImplemented(`the function ${name} here`);
  const given = parseList(cursor, scope, ')');
  if (given.length >= arity[0] && given.length <= arity[1])
    return { kind: 'call', name: name as ScalarFunction, arguments: given };
  throw queryError('SC2050', `The function '${name}' requires ${arity[0]} to ${arity[1]} argument(s).`);
}

/** Parses the path that follows the item's name: `.a`, `["a"]`, `[0]`. */
function parsePath(cursor: TokenCursor): (string | number)[] {
  const path: (string | number)[] = [];
  for (;;) {
    if (cursor.acceptSymbol('.')) path.push(cursor.expectIdentifier());
    else if (cursor.acceptSymbol('[')) path.push(parseSubscript(cursor));
    else return path;
  }
}

/** The language takes constants only: `c[@name]` is no path to it. */
function parseSubscript(cursor: TokenCursor): string | number {
  const { kind, text } = cursor.current;
  if (kind !== 'string' && !(kind === 'number' && /^\d+$/.test(text))) throw cursor.unexpected();
  cursor.advance();
  cursor.expectSymbol(']');
  return kind === 'string' ? text : Number(text);
}
