import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { folderPrefix, removeLeftFolders } from '../../shared/adapters/buildah/left-folders.ts';

const module_ = fileURLToPath(new URL('../../shared/adapters/buildah/left-folders.ts', import.meta.url));

describe('what a build leaves', () => {
  let parent: string;
  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), 'longshore-left-'));
  });
  afterEach(() => rmSync(parent, { recursive: true, force: true }));

  const buildIn = (prefix: string): string => {
    const folder = mkdtempSync(join(parent, prefix));
    for (const name of ['login', 'secrets', 'job']) {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, 'file'), name);
    }
    return folder;
  };

  /** Returns the folder prefix of another process of this program, which has ended by then. */
  const prefixOfKilled = async (): Promise<string> => {
    const source =
      `const { folderPrefix } = await import(${JSON.stringify(module_)}); ` +
      `process.stdout.write(folderPrefix('build')); setInterval(() => undefined, 1_000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', source], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [prefix] = (await once(child.stdout, 'data')) as [Buffer];
    const alive = buildIn(prefix.toString());
    expect(removeLeftFolders(parent, () => undefined)).toEqual([]);
    expect(readdirSync(alive)).toContain('secrets');
    child.kill('SIGKILL');
    await once(child, 'exit');
    return prefix.toString();
  };

  it('with a process that was killed, is removed by the next: its login and secrets at once', async () => {
    const prefix = await prefixOfKilled();
    buildIn(prefix);
    const rest: string[] = [];
    expect(removeLeftFolders(parent, (folder) => rest.push(folder))).toHaveLength(2);
    expect(rest.map((folder) => readdirSync(folder))).toEqual([['job'], ['job']]);
  });

  it('by a process that runs, stays, be it this one or another', () => {
    const folder = buildIn(folderPrefix('build'));
    expect(removeLeftFolders(parent, () => undefined)).toEqual([]);
    expect(existsSync(join(folder, 'login', 'file'))).toBe(true);
  });

  it('by a process whose id was given again, is removed', () => {
    const [, namespace = ''] = /^longshore-build-([0-9a-z]+)-/.exec(folderPrefix('build')) ?? [];
    const folder = buildIn(`longshore-build-${namespace}-${process.pid.toString(36)}-1-`);
    expect(removeLeftFolders(parent, () => undefined)).toEqual([folder]);
  });

  it('is not what a link of somebody leads to', () => {
    const [, namespace = ''] = /^longshore-build-([0-9a-z]+)-/.exec(folderPrefix('build')) ?? [];
    const own = buildIn('other-');
    symlinkSync(own, join(parent, `longshore-build-${namespace}-${process.pid.toString(36)}-1-abcdef`));
    expect(removeLeftFolders(parent, () => undefined)).toEqual([]);
    expect(existsSync(join(own, 'login', 'file'))).toBe(true);
  });

  it("by processes of another container, and by other programs, is nobody's to judge", () => {
    for (const prefix of ['longshore-build-1-1-1-', 'longshore-build-', 'longshore-test-', 'other-']) buildIn(prefix);
    expect(removeLeftFolders(parent, (folder) => expect.unreachable(basename(folder)))).toEqual([]);
  });
});
