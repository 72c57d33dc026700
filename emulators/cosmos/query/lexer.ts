import { badRequest } from '../refusal.ts';

export interface Token {
  readonly kind: 'name' | 'number' | 'string' | 'parameter' | 'symbol' | 'end';
  /** The text as written; for a string, its value. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** The answer of the service to a text that is not a query, with the place of the fault. */
export function syntaxError(query: string, { start, end }: Pick<Token, 'start' | 'end'>): Error {
  const near = query.slice(start, end);
  const message =
    near === '' ? 'Syntax error, unexpected end of the query.' : `Syntax error, incorrect syntax near '${near}'.`;
  return queryError('SC1001', message, { start, end });
}

/** The service wraps the errors of its query compiler in JSON inside the message; clients print it as it is. */
export function queryError(code: string, message: string, location?: { start: number; end: number }): Error {
  const place = location === undefined ? {} : { location: { start: location.start, end: location.end } };
  const error = { severity: 'Error', ...place, code, message };
  return badRequest(`Message: ${JSON.stringify({ errors: [error] })}`);
}

// Sticky patterns, tried in turn. Operators that are not supported are still tokens, so that they can be named.
const PATTERNS: readonly (readonly [Token['kind'] | 'space', RegExp])[] = [
  ['space', /(?:\s|--[^\n]*)+/y],
  ['name', /[A-Za-z_][A-Za-z0-9_]*/y],
  ['parameter', /@[A-Za-z_][A-Za-z0-9_]*/y],
  ['number', /(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y],
  ['string', /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/y],
  ['symbol', /!=|<>|<=|>=|\|\||\?\?|[-+*/%=<>()[\]{},.:?&|^~!]/y],
];

const ESCAPES: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

/** Strings take JSON's escapes in either kind of quotes. */
const unquote = (text: string): string =>
  text
    .slice(1, -1)
    .replace(/\\(?:u([0-9a-fA-F]{4})|(.))/g, (_, code: string | undefined, letter: string | undefined) =>
      code === undefined ? (ESCAPES[letter ?? ''] ?? letter ?? '') : String.fromCharCode(Number.parseInt(code, 16)),
    );

function matchAt(query: string, start: number): { kind: Token['kind'] | 'space'; text: string } {
  for (const [kind, pattern] of PATTERNS) {
    pattern.lastIndex = start;
    const match = pattern.exec(query);
    if (match !== null) return { kind, text: match[0] };
  }
  throw syntaxError(query, { start, end: start + 1 });
}

/** @returns the tokens without space and comments, and one of kind 'end' */
export function tokenize(query: string): Token[] {
  const tokens: Token[] = [];
  let start = 0;
  while (start < query.length) {
    const { kind, text } = matchAt(query, start);
    const end = start + text.length;
    if (kind !== 'space') tokens.push({ kind, text: kind === 'string' ? unquote(text) : text, start, end });
    start = end;
  }
  return [...tokens, { kind: 'end', text: '', start, end: start }];
}
