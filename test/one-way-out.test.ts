import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const root = dirname(import.meta.dirname);

/** These modules open connections or ask name servers; types of these modules do nothing. */
const network = /^(node:)?(http|https|http2|tls|dgram|dns|dns\/promises|net)$|^undici$/;
/** These exports of `node:net` are for addresses alone. */
const ofAddresses = new Set(['isIP', 'isIPv4', 'isIPv6', 'BlockList', 'SocketAddress']);
const globals = ['fetch', 'WebSocket', 'EventSource'];

/** The files of `shared/` that have a way to the network of their own, and why. */
const exceptions: Readonly<Record<string, string>> = {
  'shared/core/outbound/outbound-client.ts': 'the one way out',
  'shared/core/outbound/resolve-name.ts': 'asks the name servers for it',
  'shared/adapters/buildah/gateway.ts': "a builder's proxy, which checks addresses by the same function",
  'shared/adapters/azure/reach.ts': 'probes endpoints that the operator has configured',
};

function parse(path: string, text: string): ts.SourceFile {
  return ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
}

/** The names by which a file reaches the network, each with where it comes from. */
function waysOut(source: ts.SourceFile): string[] {
  const found: string[] = [];
  const declared = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier))
      found.push(...importedBy(node, node.moduleSpecifier.text));
    if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined && ts.isStringLiteral(node.moduleSpecifier))
      if (network.test(node.moduleSpecifier.text)) found.push(`${node.moduleSpecifier.text}, exported`);
    const called = ts.isCallExpression(node) ? node.expression : undefined;
    const isLoading = called?.kind === ts.SyntaxKind.ImportKeyword || called?.getText() === 'require';
    if (ts.isCallExpression(node) && isLoading) {
      const [argument] = node.arguments;
      if (argument !== undefined && ts.isStringLiteral(argument) && network.test(argument.text))
        found.push(`${argument.text}, loaded`);
    }
    if (ts.isIdentifier(node) && globals.includes(node.text)) {
      if (declares(node)) declared.add(node.text);
      else if (isValue(node)) found.push(`global ${node.text}`);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found.filter((each) => !declared.has(each.replace('global ', '')));
}

function importedBy({ importClause }: ts.ImportDeclaration, module: string): string[] {
  if (!network.test(module) || importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword) return [];
  const bindings = importClause?.namedBindings;
  if (bindings === undefined || importClause?.name !== undefined || ts.isNamespaceImport(bindings))
    return [`${module}, whole`];
  return bindings.elements
    .filter(({ isTypeOnly }) => !isTypeOnly)
    .map(({ name, propertyName }) => (propertyName ?? name).text)
    .filter((name) => !(module.endsWith('net') && ofAddresses.has(name)))
    .map((name) => `${module}: ${name}`);
}

function declares({ parent }: ts.Identifier): boolean {
  return ts.isBindingElement(parent) || ts.isImportSpecifier(parent) || ts.isParameter(parent);
}

/** Says whether an identifier is the value of that name, and no property of something else. */
function isValue(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent) && parent.name === node)
    return parent.expression.getText() === 'globalThis';
  if (ts.isTypeQueryNode(parent) || ts.isTypeReferenceNode(parent)) return false;
  const isNamed = ts.isMethodDeclaration(parent) || ts.isMethodSignature(parent) || ts.isPropertySignature(parent);
  return !isNamed && !(ts.isPropertyAssignment(parent) && parent.name === node);
}

const files = globSync(join(root, 'shared/**/*.ts')).map((path) => {
  const name = relative(root, path);
  return { name, source: parse(name, readFileSync(path, 'utf8')) };
});

describe('the way out', () => {
  it('is one for all of shared/, but for the exceptions that are named here', () => {
    const found = files.flatMap(({ name, source }) => waysOut(source).map((way) => `${name}: ${way}`));
    expect(found.filter((each) => !Object.hasOwn(exceptions, each.split(': ')[0] ?? ''))).toEqual([]);
    // An exception that is none any more is taken off the list.
    expect(Object.keys(exceptions).filter((name) => !found.some((each) => each.startsWith(`${name}: `)))).toEqual([]);
  });

  it('is made by the composition alone, so that all callers have the same', () => {
    const makers = files.filter(({ source }) => source.text.includes('outboundClient('));
    expect(makers.map(({ name }) => name).toSorted()).toEqual([
      'shared/app/compose-for-test.ts',
      'shared/app/compose.ts',
      'shared/core/outbound/outbound-client.ts',
    ]);
  });

  it.each([
    "import { request } from 'node:https'; request('https://example.com')",
    "import http from 'node:http'",
    "import * as net from 'net'",
    "import { connect } from 'node:net'",
    "import { isIP as ask, Socket } from 'node:net'",
    "import { lookup } from 'node:dns/promises'",
    "import { Agent } from 'undici'",
    "export { request } from 'undici'",
    "const { request } = await import('node:http')",
    "const net = require('node:net')",
    "await fetch('https://example.com')",
    "await globalThis.fetch('https://example.com')",
    'const options = { fetch }',
    'const options = { send: fetch }',
    "new WebSocket('wss://example.com')",
  ])('is found to be left by %s', (text) => {
    expect(waysOut(parse('x.ts', text))).not.toEqual([]);
  });

  it.each([
    "import type { IncomingMessage } from 'node:http'",
    "import { type LookupFunction, isIP } from 'node:net'",
    'app.fetch(request)',
    'interface App { fetch(request: Request): Response }',
    "const { fetch } = await import('isomorphic-git'); await fetch({})",
  ])('is not left by %s', (text) => {
    expect(waysOut(parse('x.ts', text))).toEqual([]);
  });
});
