import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CosmosClient } from '@azure/cosmos';
import { afterEach, describe, expect, it } from 'vitest';
import { runToEnd, startRunningStack, stateFolder } from './running-stack.ts';

let clean: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const each of clean.reverse()) await each();
  clean = [];
});

async function folder(): Promise<string> {
  const state = await stateFolder();
  clean.push(() => state.remove());
  return state.path;
}

/** One sentence: the last line, and nothing that looks like a stack trace. */
function lastLine(stderr: string): string {
  expect(stderr).not.toMatch(/^\s+at /m);
  return stderr.trim().split('\n').at(-1) ?? '';
}

// Each of them starts a whole stack or two.
describe('npm start', { timeout: 120_000 }, () => {
  it('says in one sentence that its port is in use', async () => {
    const squatter = createServer().listen(0, '127.0.0.1');
    await once(squatter, 'listening');
    clean.push(() => Promise.resolve(squatter.close()));
    const { port } = squatter.address() as AddressInfo;
    const { code, stderr } = await runToEnd([
      '--port',
      String(port),
      '--functions-port',
      '0',
      '--state',
      await folder(),
    ]);
    expect(code).toBe(1);
    expect(lastLine(stderr)).toBe(
      `port ${port} on 127.0.0.1 is in use: stop the program that listens there, or choose another port with --port (LONGSHORE_PORT)`,
    );
  });

  it('refuses a folder that another one uses, and is not stopped by a lock that a killed one left', async () => {
    const state = await folder();
    const first = await startRunningStack(state);
    const second = await runToEnd(['--port', '0', '--functions-port', '0', '--state', state]);
    expect(second.code).toBe(1);
    expect(lastLine(second.stderr)).toContain('another Longshore uses the folder');
    await first.killAll();
    const third = await startRunningStack(state);
    expect(await third.stop()).toBe(0);
  });

  it('says what is wrong with a folder that it cannot use', async () => {
    const file = join(await folder(), 'file');
    await writeFile(file, '');
    const { code, stderr } = await runToEnd(['--port', '0', '--state', file]);
    expect(code).toBe(1);
    expect(lastLine(stderr)).toContain('cannot be written');
  });

  it.each(['cosmos.sqlite', 'eventgrid.sqlite', 'keys.json', 'stack.lock', 'services.lock'])(
    'says which file is damaged when %s is',
    async (name) => {
      const state = await folder();
      await writeFile(join(state, name), 'this is no such file, and long enough to look like one. '.repeat(100));
      const { code, stderr } = await runToEnd(['--port', '0', '--functions-port', '0', '--state', state]);
      expect(code).toBe(1);
      expect(lastLine(stderr)).toContain(name);
    },
  );

  it('refuses a setting that it does not know how to keep', async () => {
    const { code, stderr } = await runToEnd(['--auth', 'perhaps', '--port', '70000', '--state', await folder()]);
    expect(code).toBe(1);
    expect(lastLine(stderr)).toBe(
      '--port (LONGSHORE_PORT) must be a whole number from 0 to 65535, not "70000"; --auth (LONGSHORE_AUTH) must ' +
        'be "open" or "required", not "perhaps"',
    );
  });

  it('starts again on what it stopped with, and exits with 0 each time', async () => {
    const state = await folder();
    for (const round of [1, 2]) {
      const stack = await startRunningStack(state);
      expect([round, await stack.stop()]).toEqual([round, 0]);
      expect(stack.told()).not.toContain('did not end by itself');
    }
  });
});

describe('npm run services', { timeout: 120_000 }, () => {
  it('prints one line of JSON, with which an SDK opens them', async () => {
    const anyPort = Object.fromEntries(
      ['COSMOS', 'BLOB', 'QUEUE', 'EVENTGRID'].map((name) => [`LONGSHORE_${name}_PORT`, '0']),
    );
    const program = fileURLToPath(new URL('../../../local/services.ts', import.meta.url));
    const child = spawn(process.execPath, [program, '--state', await folder()], {
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...process.env, ...anyPort },
    });
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const { cosmos, eventGrid } = JSON.parse(line.toString()) as {
      cosmos: { endpoint: string; key: string; database: string };
      eventGrid: { endpoint: string };
    };
    const client = new CosmosClient(cosmos);
    const { resources } = await client.database(cosmos.database).containers.readAll().fetchAll();
    client.dispose();
    expect(resources.map(({ id }) => id)).toContain('repositories');
    expect((await fetch(eventGrid.endpoint, { method: 'POST', body: '[]' })).status).toBe(401);
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
  });
});
