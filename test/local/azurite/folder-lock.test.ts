import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

let folder: string;
const holders: ChildProcess[] = [];
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'folder-lock-'))));
afterEach(async () => {
  for (const holder of holders.splice(0)) holder.kill('SIGKILL');
  await rm(folder, { recursive: true });
});

interface Taking {
  readonly holder: ChildProcess;
  /** "taken", or the message of what was thrown. */
  readonly outcome: string;
}

/** Takes the lock in a process of its own, which then keeps it until it ends on SIGTERM or is killed. */
async function take(waitMs: number): Promise<Taking> {
  const lock = new URL('../../../local/azurite/folder-lock.ts', import.meta.url).href;
  const program = `const { lockFolder } = await import(${JSON.stringify(lock)});
    process.on('SIGTERM', () => process.exit());
    try { lockFolder(${JSON.stringify(folder)}, ${waitMs}); console.log('taken'); setInterval(() => {}, 1000); }
    catch (error) { console.log(error.message); }`;
  const holder = spawn(process.execPath, [
    '--disable-warning=ExperimentalWarning',
    '--input-type=module',
    '-e',
    program,
  ]);
  holders.push(holder);
  const [outcome] = (await once(holder.stdout, 'data')) as [Buffer];
  return { holder, outcome: outcome.toString().trim() };
}

describe('the lock on a folder', () => {
  it('is refused while another process holds it, naming that process', async () => {
    const { holder } = await take(0);
    const second = await take(100);
    expect(second.outcome).toBe(
      `Azurite's folder ${folder} is still in use by another Azurite (process ${holder.pid ?? 0}) after 0.1 s: stop it, then start again.`,
    );
  });

  it('is waited for while its holder is stopping', async () => {
    const { holder } = await take(0);
    setTimeout(() => holder.kill('SIGTERM'), 300);
    expect((await take(10_000)).outcome).toBe('taken');
  });

  it('ends with kill -9, and the process id that stays behind blocks nobody', async () => {
    const { holder } = await take(0);
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    expect(existsSync(join(folder, 'azurite.pid'))).toBe(true);
    expect((await take(0)).outcome).toBe('taken');
  });

  it('is not held by a stranger whose process id is in the file', async () => {
    await writeFile(join(folder, 'azurite.pid'), `${process.pid}\n`);
    const { holder, outcome } = await take(0);
    expect(outcome).toBe('taken');
    expect(Number(await readFile(join(folder, 'azurite.pid'), 'utf8'))).toBe(holder.pid);
  });

  it('takes its process id away when it ends in order', async () => {
    const { holder } = await take(0);
    holder.kill('SIGTERM');
    await once(holder, 'exit');
    expect(existsSync(join(folder, 'azurite.pid'))).toBe(false);
  });
});
