import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import type { Held } from './complaints.ts';
import { complaints } from './complaints.ts';

const folder = dirname(import.meta.dirname);

/** The name of a call as it is written: `it`, or `it.each` where it is called twice. A test that is skipped is none. */
function nameOf({ expression }: ts.CallExpression): string {
  const called = ts.isCallExpression(expression) ? expression.expression : expression;
  return called.getText();
}

const blocks = new Set(['describe', 'describe.each']);
const tests = new Set(['it', 'it.each', 'test', 'test.each']);

const isSkipped = /^(?:describe|it|test)\.(?:skip|todo|fails)/;

/** A title that is too long for a line is written in parts. */
function textOf(node: ts.Node | undefined): string | undefined {
  if (node === undefined) return undefined;
  if (ts.isStringLiteralLike(node)) return node.text;
  if (!ts.isBinaryExpression(node) || node.operatorToken.kind !== ts.SyntaxKind.PlusToken) return undefined;
  const [left, right] = [textOf(node.left), textOf(node.right)];
  return left === undefined || right === undefined ? undefined : left + right;
}

function titleOf({ arguments: [title] }: ts.CallExpression): string | undefined {
  return textOf(title);
}

/** Returns the whole names of the tests in a source, with the titles of the blocks around them. */
function namesIn(source: string): Set<string> {
  const names = new Set<string>();
  const walk = (node: ts.Node, around: readonly string[]): void => {
    const title = ts.isCallExpression(node) ? titleOf(node) : undefined;
    const name = ts.isCallExpression(node) ? nameOf(node) : '';
    if (isSkipped.test(name)) return;
    if (title !== undefined && tests.has(name)) names.add([...around, title].join(' '));
    const inside = title !== undefined && blocks.has(name) ? [...around, title] : around;
    ts.forEachChild(node, (child) => {
      walk(child, inside);
    });
  };
  walk(ts.createSourceFile('a.test.ts', source, ts.ScriptTarget.Latest, true), []);
  return names;
}

describe('the names of the tests in a source', () => {
  it('are read with the blocks around them, and without what is skipped', () => {
    const source = `
      describe('a', () => {
        it('b', () => {});
        it.skip('c', () => {});
        describe.each(all)('the %s', (d) => { it.each([1])('e ' + '%s', () => {}); });
      });
      describe.skip('f', () => { it('g', () => {}); });
      // it('h', () => {});
      it('i', () => {});`;
    expect([...namesIn(source)]).toEqual(['a b', 'a the %s e %s', 'i']);
  });
});

describe('what users of other portals complain about', () => {
  it('is in 25 rows, each of which says it in a sentence, with its threads', () => {
    expect(complaints).toHaveLength(25);
    expect(new Set(complaints.map(({ complaint }) => complaint)).size).toBe(25);
    for (const { complaint, threads } of complaints) {
      expect(complaint).toMatch(/^[A-Z].+\.$/);
      for (const thread of threads) expect(thread).toMatch(/^[\w-]+\/[\w.-]+#\d+$/);
    }
  });

  it.each(complaints)('has its tests, by their files and names: $complaint', ({ heldBy }) => {
    expect(heldBy.length).toBeGreaterThan(0);
    const isThere = ({ file, of, test }: Held) =>
      namesIn(readFileSync(join(folder, file), 'utf8')).has(of === undefined ? test : `${of} ${test}`);
    const missing = heldBy.filter((held) => !isThere(held));
    expect(missing).toEqual([]);
  });
});
