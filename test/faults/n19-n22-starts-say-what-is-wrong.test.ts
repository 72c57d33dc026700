import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { parseConfig } from '../../shared/app/config/config.ts';
import { stateFolder } from '../local/stack/running-stack.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

let clean: (() => unknown)[] = [];
afterEach(async () => {
  for (const each of clean.reverse()) await each();
  clean = [];
});

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs what `npm start -- ARGS` runs, with the given variables of npm, and waits until it ends by itself. */
async function start(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const child = spawn(process.execPath, ['local/start.ts', ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
  });
  clean.push(() => child.kill('SIGKILL'));
  const [out, err, [code]] = await Promise.all([
    child.stdout.setEncoding('utf8').toArray(),
    child.stderr.setEncoding('utf8').toArray(),
    once(child, 'exit') as Promise<[number | null]>,
  ]);
  return { code, out: out.join(''), err: err.join('') };
}

async function folder(): Promise<string> {
  const state = await stateFolder();
  clean.push(() => state.remove());
  return state.path;
}

async function taken(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  clean.push(() => server.close());
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** One sentence, and no stack trace. */
function expectOneLine({ code, err }: Ended): void {
  expect(code).toBe(1);
  expect(err.trim().split('\n')).toHaveLength(1);
  expect(err).not.toMatch(/^\s+at /m);
}

describe('npm start', { timeout: 120_000 }, () => {
  it.each(['/proc/foo', '/proc/foo/deeper', '/dev/null/foo', '/sys/foo'])(
    'ends where no state folder can be made, and does not hang (N19): %s',
    async (state) => {
      const ended = await start(['--port', '0', '--functions-port', '0', '--state', state]);
      expectOneLine(ended);
      expect(ended.err).toContain(`the state folder ${state} cannot be written: `);
    },
  );

  it('says before it starts anything which ports are taken, by flag and variable (N20)', async () => {
    const [port, functionsPort] = [await taken(), await taken()];
    const state = await folder();
    const flags = ['--port', String(port), '--functions-port', String(functionsPort), '--state', state];
    const ended = await start(flags);
    expectOneLine(ended);
    expect(ended.err).toContain(`port ${port} `);
    expect(ended.err).toContain('--port (LONGSHORE_PORT)');
    expect(ended.err).toContain(`port ${functionsPort} `);
    expect(ended.err).toContain('--functions-port (LONGSHORE_FUNCTIONS_PORT)');
    const [only] = [await start(['--port', '0', '--functions-port', String(functionsPort), '--state', state])];
    expectOneLine(only);
    expect(only.err).toContain('--functions-port (LONGSHORE_FUNCTIONS_PORT)');
  });

  it('tells who forgot the two dashes where they belong (N21)', async () => {
    const positional = await start(['5761']);
    expectOneLine(positional);
    expect(positional.err).toContain('npm start -- --port 5761');
    const swallowed = await start([], { npm_config_port: '5761' });
    expectOneLine(swallowed);
    expect(swallowed.err).toContain('npm start -- --port');
  });

  it('lists its flags for whoever asks for help (N21)', async () => {
    const { code, out, err } = await start(['--help']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    for (const flag of ['port', 'functions-port', 'state', 'auth', 'regions']) expect(out).toContain(`--${flag} `);
  });

  it.each([
    [['--port', '80x'], '--port (LONGSHORE_PORT) must be a whole number from 0 to 65535, not "80x"'],
    [['--regions', '9'], '--regions (LONGSHORE_LOCAL_REGIONS) must be a whole number from 1 to 5, not "9"'],
  ])('names the flag or variable and the value that is wrong (N22): %j', async (args, message) => {
    const state = await folder();
    const ended = await start(['--state', state, '--functions-port', '0', '--port', '0', ...args]);
    expectOneLine(ended);
    expect(ended.err).toContain(message);
  });

  it("names a setting of the app's and its value, too (N22)", async () => {
    const flags = ['--port', '0', '--functions-port', '0', '--state', await folder()];
    const { code, err } = await start(flags, { LONGSHORE_CLOCK_AHEAD_DAYS: 'abc' });
    expect(code).toBe(1);
    expect(err).not.toMatch(/^\s+at /m);
    expect(err).toContain('LONGSHORE_CLOCK_AHEAD_DAYS must be a number from 0 to 3650, not "abc"');
  });
});

describe('a setting that is a number', () => {
  it.each([
    ['LONGSHORE_GRACE_HOURS', 'soon', 'a number from 1 to 720'],
    ['LONGSHORE_GRACE_HOURS', '0.5', 'a number from 1 to 720'],
    ['LONGSHORE_TRUSTED_HOPS', '1.5', 'a whole number from 0 to 10'],
    ['LONGSHORE_TRUSTED_HOPS', '11', 'a whole number from 0 to 10'],
    ['LONGSHORE_STORAGE_QUOTA_GIB', '-1', 'a number above 0'],
    ['LONGSHORE_STORAGE_QUOTA_GIB', 'much', 'a number above 0'],
  ])('is refused with what is allowed and what was given (N22): %s=%s', (name, value, allowed) => {
    expect(() => parseConfig({ [name]: value })).toThrow(`${name} must be ${allowed}, not "${value}"`);
  });

  it('shows no value of a setting that may be secret', () => {
    expect(() => parseConfig({ LONGSHORE_ADMIN_PASSWORD_HASH: 'hunter2', COSMOS_ENDPOINT: 'hunter3' })).not.toThrow(
      /hunter/,
    );
  });
});
