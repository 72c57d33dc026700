import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const root = dirname(import.meta.dirname);

interface SourceFile {
  readonly path: string;
  readonly lines: number;
  readonly imports: readonly string[];
  readonly source: ts.SourceFile;
}

/** Paths from the root: relative imports resolved, packages as they are named. */
function importsOf(path: string, source: ts.SourceFile): string[] {
  const named: string[] = [];
  const visit = (node: ts.Node): void => {
    const isModule = ts.isImportDeclaration(node) || ts.isExportDeclaration(node);
    if (isModule && node.moduleSpecifier !== undefined && ts.isStringLiteral(node.moduleSpecifier))
      named.push(node.moduleSpecifier.text);
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [argument] = node.arguments;
      if (argument !== undefined && ts.isStringLiteral(argument)) named.push(argument.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return named.map((name) => (name.startsWith('.') ? normalize(join(dirname(path), name)) : name));
}

function sourceFile(path: string): SourceFile {
  const text = readFileSync(join(root, path), 'utf8');
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  return { path, lines: text.split('\n').length - 1, imports: importsOf(path, source), source };
}

const rooms = [
  'functions',
  'shared',
  'bounds',
  'host',
  'local',
  'emulators',
  'bench',
  'test',
  'portal',
  'infra',
  'cli',
];
const files = globSync(rooms.map((room) => join(root, room, '**/*.{ts,tsx}'))).map((path) =>
  sourceFile(relative(root, path)),
);
const shared = files.filter(({ path }) => path.startsWith('shared/'));

/** Each folder of `shared/features/` is one. */
function featureOf(path: string): string | undefined {
  return /^shared\/features\/([^/]+)\//.exec(path)?.[1];
}

/** The rooms of `shared/core/`, each of which may import from those before it (docs/architecture.md, "Rooms"). */
const coreRooms = [
  'oci',
  'ports',
  'rules',
  'secrets',
  'outbound',
  'regions',
  'telemetry',
  'dockerfile',
  'documents',
  'events',
  'http',
  'verdicts',
  'admission',
  'transfer',
  'feature',
];

function coreRoomOf(path: string): string | undefined {
  return /^shared\/core\/([^/]+)\//.exec(path)?.[1];
}

/** Every folder that holds what is Longshore's. */
const ofProgram = /^(functions|shared|bounds|host|local|emulators|infra|bench|test|portal|cli)\//;

/** `file -> import` for every import that breaks a rule. */
function violations(among: readonly SourceFile[], breaks: (file: SourceFile, imported: string) => boolean): string[] {
  return among.flatMap((file) =>
    file.imports.filter((imported) => breaks(file, imported)).map((imported) => `${file.path} -> ${imported}`),
  );
}

/** Files that import each other in a circle, types among it: each is a path that ends where it began. */
function circlesAmong(among: readonly SourceFile[]): string[] {
  const imports = new Map(among.map((file) => [file.path, file.imports]));
  const done = new Set<string>();
  const circles: string[] = [];
  const walk = (path: string, way: readonly string[]): void => {
    const at = way.indexOf(path);
    if (at !== -1) circles.push([...way.slice(at), path].join(' -> '));
    if (at !== -1 || done.has(path)) return;
    for (const imported of imports.get(path) ?? []) walk(imported, [...way, path]);
    done.add(path);
  };
  for (const path of imports.keys()) walk(path, []);
  return circles;
}

describe('the architecture', () => {
  it('is looked at whole', () => {
    expect(shared.length).toBeGreaterThan(40);
    expect(new Set(shared.map(({ path }) => featureOf(path)).filter(Boolean)).size).toBeGreaterThan(1);
  });

  it('keeps features apart: they meet in the event catalogue or in a port', () => {
    const crossing = violations(
      shared,
      ({ path }, imported) =>
        featureOf(path) !== undefined && featureOf(imported) !== undefined && featureOf(path) !== featureOf(imported),
    );
    expect(crossing).toEqual([]);
  });

  it('keeps features and the common rooms free of adapters', () => {
    const inward = shared.filter(({ path }) => /^shared\/(core|features)\//.test(path));
    expect(violations(inward, (_, imported) => imported.startsWith('shared/adapters/'))).toEqual([]);
  });

  it('keeps the core and the adapters free of features, and all three free of the composition', () => {
    const rooms = shared.filter(({ path }) => /^shared\/(core|adapters)\//.test(path));
    expect(violations(rooms, (_, imported) => featureOf(imported) !== undefined)).toEqual([]);
    const inward = shared.filter(({ path }) => !path.startsWith('shared/app/'));
    expect(violations(inward, (_, imported) => imported.startsWith('shared/app/'))).toEqual([]);
  });

  it('has no circle of imports, not even of types', () => {
    expect(circlesAmong(files)).toEqual([]);
  });

  it('sees a circle where there is one', () => {
    const file = (path: string, ...imports: string[]) => ({ ...(shared[0] as SourceFile), path, imports });
    expect(circlesAmong([file('a', 'b', 'd'), file('b', 'c'), file('c', 'a'), file('d', 'c')])).toEqual([
      'a -> b -> c -> a',
    ]);
  });

  it("has the core's rooms import downward alone", () => {
    const rooms = new Set(shared.flatMap(({ path }) => coreRoomOf(path) ?? []));
    expect([...rooms].toSorted()).toEqual(coreRooms.toSorted());
    const upward = violations(shared, ({ path }, imported) => {
      const [from, to] = [coreRoomOf(path), coreRoomOf(imported)];
      return from !== undefined && to !== undefined && coreRooms.indexOf(to) > coreRooms.indexOf(from);
    });
    expect(upward).toEqual([]);
  });

  it("has the core, features and adapters import nothing of the program's but the core and their own shelf", () => {
    const beside = violations(shared, ({ path }, imported) => {
      const [, shelf = ''] = path.split('/');
      const allowed = ['shared/core/', `shared/${shelf}/`, 'infra/cosmos-containers.json'];
      if (shelf === 'core') allowed.push('bounds/');
      return shelf !== 'app' && ofProgram.test(imported) && !allowed.some((place) => imported.startsWith(place));
    });
    expect(beside).toEqual([]);
  });

  it('has emulators that know nothing of Longshore', () => {
    const emulators = files.filter(({ path }) => path.startsWith('emulators/'));
    expect(emulators.length).toBeGreaterThan(50);
    const beside = violations(
      emulators,
      (_, imported) => ofProgram.test(imported) && !/^(emulators|bounds)\//.test(imported),
    );
    expect(beside).toEqual([]);
    // Azurite stands for Azure too.
    const azurite = files.filter(({ path }) => path.startsWith('local/azurite/'));
    expect(violations(azurite, (_, imported) => /^(shared|functions|host)\//.test(imported))).toEqual([]);
  });

  it('has bounds against hostile senders that stand on Node alone', () => {
    const bounds = files.filter(({ path }) => path.startsWith('bounds/'));
    expect(bounds.length).toBeGreaterThan(2);
    expect(violations(bounds, (_, imported) => !/^(bounds\/|node:)/.test(imported))).toEqual([]);
  });

  it("has a command that knows nothing of the registry but its API's document", () => {
    const command = files.filter(({ path }) => path.startsWith('cli/'));
    expect(command.length).toBeGreaterThan(20);
    const beside = violations(command, (_, imported) => ofProgram.test(imported) && !imported.startsWith('cli/'));
    expect(beside).toEqual([]);
    const into = violations(files, ({ path }, imported) => imported.startsWith('cli/') && !/^(cli|test)\//.test(path));
    expect(into).toEqual([]);
  });

  it('has four shelves in shared/, and nothing beside them', () => {
    const shelves = new Set(shared.map(({ path }) => path.split('/')[1]));
    expect([...shelves].toSorted()).toEqual(['adapters', 'app', 'core', 'features']);
  });

  it("keeps Azure's packages to the triggers, the Azure adapters, the composition root and the local stack", () => {
    const allowed = [
      'functions/',
      'shared/adapters/azure/',
      'shared/app/compose.ts',
      'local/',
      'emulators/',
      'test/',
      'bench/',
    ];
    const elsewhere = files.filter(({ path }) => !allowed.some((place) => path.startsWith(place)));
    expect(violations(elsewhere, (_, imported) => imported.startsWith('@azure/'))).toEqual([]);
  });

  it('keeps the portal to itself: it runs in a browser, and knows the types of the API alone', () => {
    const ofBrowser = (path: string) => path.startsWith('portal/src/');
    const sources = files.filter(({ path }) => ofBrowser(path));
    expect(sources.length).toBeGreaterThan(20);
    expect(violations(sources, (_, imported) => ofProgram.test(imported) && !ofBrowser(imported))).toEqual([]);
    const others = files.filter(({ path }) => !ofBrowser(path) && !path.startsWith('test/portal/'));
    expect(violations(others, (_, imported) => ofBrowser(imported))).toEqual([]);
    const pages = sources.filter(({ path }) => path.startsWith('portal/src/pages/'));
    expect(violations(pages, (_, imported) => /^(portal\/src\/kit\/|preact|@preact|wouter)/.test(imported))).toEqual(
      [],
    );
  });

  it('keeps tests and the local stack out of what is deployed', () => {
    const deployed = files.filter(({ path }) => /^(functions|shared|bounds|host)\//.test(path));
    expect(violations(deployed, (_, imported) => /^(local|emulators|test|bench)\//.test(imported))).toEqual([]);
  });

  it('resolves every relative import, so that the rules above see the truth', () => {
    const broken = violations(files, (_, imported) => ofProgram.test(imported) && !existsSync(join(root, imported)));
    expect(broken).toEqual([]);
  });
});

describe('a trigger file', () => {
  const triggers = files.filter(({ path }) => /^functions\/.+\.(http|event|queue|timer)\.ts$/.test(path));

  it.each(triggers.map((trigger) => [trigger.path, trigger] as const))(
    '%s registers and does nothing else',
    (_, trigger) => {
      const statements = trigger.source.statements.filter((statement) => !ts.isImportDeclaration(statement));
      const registrations = statements.filter(
        (statement) =>
          ts.isExpressionStatement(statement) &&
          /^app\.(http|eventGrid|storageQueue|timer)\(/.test(statement.getText()),
      );
      expect(statements).toHaveLength(1);
      expect(registrations).toHaveLength(1);
      expect(trigger.lines).toBeLessThanOrEqual(25);
    },
  );

  it.each(triggers.map((trigger) => [trigger.path] as const))('%s is loaded by functions/triggers.ts', (path) => {
    expect(files.find((file) => file.path === 'functions/triggers.ts')?.imports).toContain(path);
  });
});

describe('the size of things', () => {
  it('has no file over 400 lines', () => {
    expect(files.filter(({ lines }) => lines > 400).map(({ path, lines }) => `${path}: ${lines}`)).toEqual([]);
  });

  it('has a median file of at most 90 lines', () => {
    const product = files
      .filter(({ path }) => !path.startsWith('test/'))
      .map(({ lines }) => lines)
      .sort((a, b) => a - b);
    expect(product[Math.floor(product.length / 2)]).toBeLessThanOrEqual(90);
  });

  it('exports no name with a word for which the glossary has another', () => {
    const exported = /^export (?:async )?(?:function\*?|class|interface|type|const) ([A-Za-z]+)/gm;
    const replaced = /^(lane|told|untold|settle|bring|look)s?$/i;
    const wordsOf = (name: string) => name.split(/(?<=[a-z])(?=[A-Z])/);
    expect(wordsOf('lookAtTag').some((word) => replaced.test(word))).toBe(true);
    const names = shared.flatMap(({ path, source }) =>
      [...source.text.matchAll(exported)].map(([, name = '']) => ({ path, name })),
    );
    expect(names.length).toBeGreaterThan(2_000);
    expect(names.filter(({ name }) => wordsOf(name).some((word) => replaced.test(word)))).toEqual([]);
  });

  it('names no room or file utils, helpers, manager or service', () => {
    expect(
      files
        .map(({ path }) => path)
        .filter((path) => /(^|[/-])(utils?|helpers?|managers?|service)(\/|\.tsx?$)/.test(path)),
    ).toEqual([]);
  });
});
