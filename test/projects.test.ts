import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import config, { long } from '../vitest.config.ts';

interface Project {
  readonly test: { readonly name: string; readonly include: string[]; readonly exclude?: string[] };
}

const filesOf = ({ test: { include, exclude = [] } }: Project) => globSync(include, { exclude });
const [unit, stack, alone] = config.test?.projects as unknown as [Project, Project, Project];
const texts = new Map<string, string>();

function textOf(path: string): string {
  const text = texts.get(path) ?? readFileSync(path, 'utf8');
  texts.set(path, text);
  return text;
}

/** A test file and the helpers that it loads; what is only a type is not. */
function withHelpers(path: string, seen = new Set<string>()): Set<string> {
  if (seen.has(path)) return seen;
  seen.add(path);
  for (const [, from = ''] of textOf(path).matchAll(/^import (?!type)[^;]*?from '(\.[^']+\.ts)'/gms)) {
    const imported = normalize(join(dirname(path), from));
    if (/^(test|local)\//.test(imported) && existsSync(imported)) withHelpers(imported, seen);
  }
  return seen;
}

describe('the projects of the tests', () => {
  it('have every file between them, and none twice', () => {
    const divided = [...filesOf(unit), ...filesOf(stack), ...filesOf(alone), ...globSync(long)];
    expect(new Set(divided).size).toBe(divided.length);
    const all = globSync('test/**/*.test.ts', { exclude: ['test/clients/**'] });
    const measured = all.filter((path) => !divided.includes(path));
    expect(measured.sort()).toEqual([
      'test/security/latency.test.ts',
      'test/security/s09-every-parser-is-linear.test.ts',
    ]);
  });

  it('have what disturbs its neighbours run in a process of its own', () => {
    // Threads without isolation share modules, and one process: its memory, its signals, its children.
    const startsProcesses = /'node:child_process'/;
    // Processes that run one file after the other share modules, and what is measured is also of those before.
    const disturbs = /\bvi\.mock\(|process\.(memoryUsage|cpuUsage|chdir)\b/;
    const found = (project: Project, ...patterns: RegExp[]) =>
      filesOf(project)
        .filter((path) => path !== 'test/projects.test.ts')
        .filter((path) =>
          [...withHelpers(path)].some((each) => patterns.some((pattern) => pattern.test(textOf(each)))),
        );
    expect(found(unit, startsProcesses, disturbs)).toEqual([]);
    expect(found(stack, disturbs)).toEqual([]);
  });
});
