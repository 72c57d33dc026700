import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const run = promisify(execFile);
const local = fileURLToPath(new URL('../../local/', import.meta.url));

let checkout: string;

/**
 * A checkout with packages that lie in files, so that npm asks no registry: a "node" that is this one, and one with
 * enough files for two installations to meet.
 */
beforeAll(async () => {
  checkout = await mkdtemp(join(tmpdir(), 'longshore-test-bootstrap-'));
  await mkdir(join(checkout, 'local'));
  for (const file of ['bootstrap.mjs', 'install.mjs']) await copyFile(join(local, file), join(checkout, 'local', file));
  await writeFile(join(checkout, 'program.mjs'), "import { many } from 'many';\nconsole.log(`ran with ${many}`);\n");
  await pack('node', { 'bin/node': `#!/bin/sh\nexec "${process.execPath}" "$@"\n` });
  const files = Object.fromEntries(
    Array.from({ length: 1_500 }, (_, index) => [
      `lib/${String(index % 50)}/${String(index)}.js`,
      `export default ${String(index)};\n`,
    ]),
  );
  await pack('many', { 'index.js': 'export const many = 1500;\n', ...files });
  await writeFile(
    join(checkout, 'package.json'),
    JSON.stringify({
      name: 'checkout',
      version: '1.0.0',
      type: 'module',
      dependencies: { node: 'file:node-1.0.0.tgz', many: 'file:many-1.0.0.tgz' },
    }),
  );
  await npm('install', '--package-lock-only');
});

afterAll(() => rm(checkout, { recursive: true, force: true }));

async function pack(name: string, files: Readonly<Record<string, string>>): Promise<void> {
  const folder = join(checkout, 'sources', name);
  await mkdir(folder, { recursive: true });
  await writeFile(
    join(folder, 'package.json'),
    JSON.stringify({ name, version: '1.0.0', type: 'module', exports: './index.js' }),
  );
  for (const [path, text] of Object.entries(files)) {
    await mkdir(join(folder, path, '..'), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  if (name === 'node') await chmod(join(folder, 'bin/node'), 0o755);
  await npm('pack', folder);
}

async function npm(...args: string[]): Promise<void> {
  await run('npm', [...args, '--no-audit', '--no-fund', '--silent'], { cwd: checkout });
}

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

async function start(): Promise<Ended> {
  const child = spawn(process.execPath, ['local/bootstrap.mjs', 'program.mjs'], {
    cwd: checkout,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [out, err, [code]] = await Promise.all([
    textOf(child.stdout),
    textOf(child.stderr),
    once(child, 'exit') as Promise<[number | null]>,
  ]);
  return { code, out, err };
}

async function textOf(stream: Readable): Promise<string> {
  return (await stream.setEncoding('utf8').toArray()).join('');
}

const installs = /Installing packages/;

describe('a start from a checkout', () => {
  it('installs once when three begin at the same time in a new checkout, and all three run', async () => {
    await rm(join(checkout, 'node_modules'), { recursive: true, force: true });
    const ended = await Promise.all([start(), start(), start()]);
    expect(ended.map(({ code, out }) => ({ code, out }))).toEqual(
      Array.from({ length: 3 }, () => ({ code: 0, out: 'ran with 1500\n' })),
    );
    expect(ended.filter(({ err }) => installs.test(err))).toHaveLength(1);
  });

  it('believes an installation that npm was asked for by hand', async () => {
    await npm('ci');
    expect(await start()).toEqual({ code: 0, out: 'ran with 1500\n', err: '' });
  });

  it('installs again when the lock file names another version than the one that is there', async () => {
    await npm('ci');
    const record = join(checkout, 'node_modules/.package-lock.json');
    await writeFile(record, (await readFile(record, 'utf8')).replaceAll('"version": "1.0.0"', '"version": "0.9.0"'));
    const ended = await start();
    expect(ended.code).toBe(0);
    expect(ended.err).toMatch(installs);
  });

  it('installs again when an installation was broken off', async () => {
    await npm('ci');
    await rm(join(checkout, 'node_modules/.package-lock.json'));
    expect((await start()).err).toMatch(installs);
  });

  it('takes over the lock of a start that was killed', async () => {
    await rm(join(checkout, 'node_modules'), { recursive: true, force: true });
    const lock = join(checkout, '.longshore-installing');
    await writeFile(lock, 'a start that is no more');
    const long = new Date(Date.now() - 60_000);
    await utimes(lock, long, long);
    const ended = await Promise.all([start(), start()]);
    expect(ended.map(({ code }) => code)).toEqual([0, 0]);
    expect(ended.filter(({ err }) => installs.test(err))).toHaveLength(1);
  });

  it('ends with one sentence when npm fails, and leaves no lock behind', async () => {
    await rm(join(checkout, 'node_modules'), { recursive: true, force: true });
    const manifest = join(checkout, 'package.json');
    const before = await readFile(manifest, 'utf8');
    // npm refuses a lock file that is not of this package.json.
    await writeFile(manifest, JSON.stringify({ ...(JSON.parse(before) as object), dependencies: { absent: '1.0.0' } }));
    const failed = await start();
    await writeFile(manifest, before);
    expect(failed.code).toBe(1);
    expect(failed.err).toContain('npm ci failed: see above');
    expect((await start()).code).toBe(0);
  });
});
