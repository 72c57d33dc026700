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
      found.push({ at: `${path}:${source.getLineAndCharacterOfPosition(node.getStart()).line + 1} ${node.text}`, regex: new RegExp(node.text.slice(1, end), node.text.slice(end + 1)) });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

const patterns = globSync('{shared,functions,local,host}/**/*.ts', { cwd: root }).toSorted().flatMap(patternsIn);

const usual = ['a', 'A', '0', ' ', '-', '.', '_', '/', ':', '=', '"', '*', '\\', '\t', '\n', ','];

/** What the pattern itself is made of, and what text is made of. */
function pumpsFor({ regex: { source } }: Pattern): string[] {
  const own = source.match(/[^\w\s]/g) ?? [];
  const letters = [...new Set([...usual, ...own])];
  const words = source.match(/\w{2,}/g) ?? [];
  const few = [...new Set(['a', '0', ' ', ...own])].slice(0, 8);
  return [...letters, ...few.flatMap((one) => few.map((other) => one + other)), ...words.slice(0, 6)];
}

/** What it may have to see before anything is repeated. */
function beginningsFor({ regex: { source } }: Pattern): string[] {
  const literal = /^\^?([\w:/ -]*)/.exec(source)?.[1] ?? '';
  return [...new Set(['', literal, `${literal}a`, `${literal}0`])];
}

function milliseconds(regex: RegExp, text: string): number {
  const { global, sticky } = regex;
  const begun = performance.now();
  if (global && !sticky) text.replaceAll(regex, '');
  else {
    regex.lastIndex = 0;
    regex.exec(text);
  }
  return performance.now() - begun;
}

const short = 4 * 1024;

/**
 * How many times as long the long text takes, by the quickest of some runs of each, which take turns: what else the
 * machine does adds to single runs of either, and never makes all of one of them slow.
 */
function growthOf(regex: RegExp, shortText: string, longText: string): number {
  let quickShort = Infinity;
  let quickLong = Infinity;
  for (let turn = 0; turn < 3; turn++) {
    quickShort = Math.min(quickShort, milliseconds(regex, shortText));
    quickLong = Math.min(quickLong, milliseconds(regex, longText));
  }
  return quickLong / quickShort;
}

/** A text for which a pattern takes far more than four times as long for four times the letters; `undefined` where there is none. */
function slowText(pattern: Pattern): string | undefined {
  const texts = beginningsFor(pattern).flatMap((beginning) => pumpsFor(pattern).flatMap((pump) => ['\u0001', ''].map((end) => ({ beginning, pump, end }))));
  for (const { beginning, pump, end } of texts) {
    const of = (size: number) => `${beginning}${pump.repeat(Math.ceil(size / pump.length))}${end}`;
    // The square of it is 16 million steps; what is linear takes some hundredths of a millisecond, but for a moment's pause of the process.
    if (Array.from({ length: 3 }).some(() => milliseconds(pattern.regex, of(short)) < 3)) continue;
    // Four times is linear and sixteen times is its square. A busy machine may spoil one measurement, and not three of them.
    const growths = [1, 2, 3].map(() => growthOf(pattern.regex, of(short), of(4 * short)));
    const growth = Math.min(...growths);
    if (growth > 9) return `${pattern.at} on ${JSON.stringify(beginning)} and many ${JSON.stringify(pump)}: ${growth.toFixed(1)} times as long for four times the text`;
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

  it.each(['(\\w+)="([^"]*)"', '=+$', '\\s+x'])('would be found out if it were %s', (source) => {
    expect(slowText({ at: 'here', regex: new RegExp(source, 'g') })).toContain('times as long');
  }, 60_000);
});
