import { globSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import ts from 'typescript';

/** One setting of the app, from its schema and the comment above it. */
export interface Setting {
  readonly name: string;
  /** The text of the comment above the setting; empty where there is none. */
  readonly says: string;
  readonly isRequired: boolean;
  /** The default as one would write it in the environment; `undefined` where there is none. */
  readonly default: string | undefined;
  /** The values that are allowed, where these are all. */
  readonly values: readonly string[];
  readonly file: string;
  /** The text of the comment above the object that the setting stands in; empty where there is none. */
  readonly chapter: string;
}

/** The files that may hold settings: the configuration itself, and a feature's or an adapter's own. */
const usualPlaces = [
  'shared/app/config/*.ts',
  'shared/core/feature/setting-formats.ts',
  'shared/features/*/settings.ts',
  'shared/adapters/*/settings.ts',
];
const settingName = /^[A-Z][A-Z0-9]*_[A-Z0-9_]+$/;

/** Reads all settings from the sources, in the order in which they stand there. Throws where a schema cannot be read. */
export function readSettings(root: string, places: readonly string[] = usualPlaces): Setting[] {
  const sources = places
    .flatMap((place) => globSync(join(root, place)))
    .toSorted()
    .map((path) => ts.createSourceFile(relative(root, path), readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true));
  const constants = new Map<string, ts.Expression>();
  for (const source of sources)
    visitAll(source, (node) => {
      if (ts.isVariableDeclaration(node) && ts.isIdentifier(node.name) && node.initializer !== undefined)
        constants.set(node.name.text, node.initializer);
    });
  return sources.flatMap((source) => settingsIn(source, constants));
}

function settingsIn(source: ts.SourceFile, constants: ReadonlyMap<string, ts.Expression>): Setting[] {
  const found: Setting[] = [];
  visitAll(source, (node) => {
    if (!ts.isPropertyAssignment(node) || !settingName.test(node.name.getText()) || !isSchema(node.initializer)) return;
    const shape = shapeOf(node.initializer, constants);
    found.push({
      name: node.name.getText(),
      says: commentOf(node),
      file: source.fileName,
      chapter: chapterOf(node),
      ...shape,
    });
  });
  return found;
}

function visitAll(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node);
  ts.forEachChild(node, (child) => visitAll(child, visit));
}

/**
 * Says whether a setting's value is a schema: a chain of calls on `z` or on a schema's constant, or such a constant; a
 * text is none.
 */
function isSchema(node: ts.Expression): boolean {
  return ts.isCallExpression(node) || ts.isIdentifier(node);
}

function shapeOf(
  schema: ts.Expression,
  constants: ReadonlyMap<string, ts.Expression>,
): Pick<Setting, 'isRequired' | 'default' | 'values'> {
  const calls = [...chainOf(schema, constants)];
  const given = calls.find(({ name }) => name === 'default' || name === 'prefault')?.argument;
  const values = calls.find(({ name }) => name === 'enum')?.argument;
  return {
    isRequired: given === undefined && !calls.some(({ name }) => name === 'optional'),
    default: given === undefined ? undefined : textOf(given),
    values: values !== undefined && ts.isArrayLiteralExpression(values) ? values.elements.map(textOf) : [],
  };
}

/** Yields the calls of `z.a().b(x)` from the last to the first, with what is behind a constant. */
function* chainOf(
  node: ts.Expression,
  constants: ReadonlyMap<string, ts.Expression>,
): Generator<{ readonly name: string; readonly argument: ts.Expression | undefined }> {
  if (ts.isIdentifier(node)) {
    const behind = constants.get(node.text);
    if (behind !== undefined) yield* chainOf(behind, constants);
  } else if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
    yield { name: node.expression.name.text, argument: node.arguments[0] };
    yield* chainOf(node.expression.expression, constants);
  }
}

/** Returns `'x'`, `1_000`, `'x' as Name` and `new URL('x')` as one would write them in the environment. */
function textOf(node: ts.Expression): string {
  if (ts.isAsExpression(node)) return textOf(node.expression);
  if (ts.isNewExpression(node) && node.arguments?.[0] !== undefined) return textOf(node.arguments[0]);
  if (ts.isStringLiteral(node)) return node.text;
  if (ts.isNumericLiteral(node)) return node.text;
  throw new Error(`${node.getText()} cannot be shown as a default: write a text or a number`);
}

function chapterOf(setting: ts.Node): string {
  const statement = ts.findAncestor(setting, ts.isVariableStatement);
  return statement === undefined ? '' : commentOf(statement);
}

function commentOf(node: ts.Node): string {
  const [comment] = ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc);
  return (ts.getTextOfJSDocComment(comment?.comment) ?? '').replace(/\s+/g, ' ').trim();
}
