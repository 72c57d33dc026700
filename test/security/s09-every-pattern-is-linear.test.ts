import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');

interface Pattern {
  readonly at: string;
  readonly regex: RegExp;
}

/** Every regular expression that is written down in what runs. */
function patternsIn(path: string): Pattern[] {
  const source = ts.createSourceFile(path, readFileSync(join(root, path), 'utf8'), ts.ScriptTarget.Latest, true);
  const found: Pattern[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isRegularExpressionLiteral(node)) {
      const end = node.text.lastIndexOf('/');
      found.push({
        at: `${path}:${source.getLineAndCharacterOfPosition(node.getStart()).line + 1} ${node.text}`,
        regex: new RegExp(node.text.slice(1, end), node.text.slice(end + 1)),
      });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

const patterns = globSync('{shared,functions,local,host}/**/*.ts', { cwd: root }).toSorted().flatMap(patternsIn);

const usual = ['a', 'A', '0', ' ', '-', '.', '_', '/', ':', '=', '"', '*', '\\', '\t', '\n', ','];

/** Returns the texts to repeat: parts of the pattern itself, and what text is made of. */
function pumpsFor({ regex: { source } }: Pattern): string[] {
  const own = source.match(/[^\w\s]/g) ?? [];
  const letters = [...new Set([...usual, ...own])];
  const words = source.match(/\w{2,}/g) ?? [];
  const few = [...new Set(['a', '0', ' ', ...own])].slice(0, 8);
  return [...letters, ...few.flatMap((one) => few.map((other) => one + other)), ...words.slice(0, 6)];
}

/** Returns the beginnings that the pattern may need before anything is repeated. */
function beginningsFor({ regex: { source } }: Pattern): string[] {
  const literal = /^\^?([\w:/ -]*)/.exec(source)?.[1] ?? '';
  return [...new Set(['', literal, `${literal}a`, `${literal}0`])];
}

/** The milliseconds of processor time that a search takes: what else the machine does is no part of them. */
function milliseconds(regex: RegExp, text: string): number {
  const { global, sticky } = regex;
  const begun = process.cpuUsage();
  if (global && !sticky) text.replaceAll(regex, '');
  else {
    regex.lastIndex = 0;
    regex.exec(text);
  }
  const { user, system } = process.cpuUsage(begun);
  return (user + system) / 1000;
}

const [short, long] = [4 * 1024, 32 * 1024];

/** The quickest of three: a pause for the collector of garbage spoils one of them. */
const quickest = (regex: RegExp, text: string) => Math.min(...[1, 2, 3].map(() => milliseconds(regex, text)));

/**
 * A text for which a pattern takes the square of its length; `undefined` where there is none. 32 KiB have a square of a
 * thousand million, some hundred milliseconds at least; a pattern that is linear takes a tenth of one.
 */
function slowText(pattern: Pattern): string | undefined {
  const texts = beginningsFor(pattern).flatMap((beginning) =>
    pumpsFor(pattern).flatMap((pump) => ['\u0001', ''].map((end) => ({ beginning, pump, end }))),
  );
  for (const { beginning, pump, end } of texts) {
    const of = (size: number) => `${beginning}${pump.repeat(Math.ceil(size / pump.length))}${end}`;
    if (milliseconds(pattern.regex, of(short)) < 2 || quickest(pattern.regex, of(short)) < 2) continue;
    const taken = quickest(pattern.regex, of(long));
    if (taken > 60)
      return `${pattern.at} on ${JSON.stringify(beginning)} and many ${JSON.stringify(pump)}: ${taken.toFixed()} ms for 32 KiB`;
  }
  return undefined;
}

describe('every regular expression of what runs', () => {
  it('is found', () => {
    expect(patterns.length).toBeGreaterThan(200);
  });

  it('takes time in proportion to the text, whatever the text repeats', () => {
    expect(patterns.flatMap((pattern) => slowText(pattern) ?? [])).toEqual([]);
  }, 240_000);

  it.each(['(\\w+)="([^"]*)"', '=+$', '\\s+x'])(
    'would be found out if it were %s',
    (source) => {
      expect(slowText({ at: 'here', regex: new RegExp(source, 'g') })).toContain('ms for 32 KiB');
    },
    60_000,
  );
});
