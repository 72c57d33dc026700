import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { startFunctionsHost } from '../../../emulators/functions-host/start.ts';

const program = fileURLToPath(new URL('programs/start-and-stop.ts', import.meta.url));

/** Runs the app in a process of its own, as @azure/functions serves one host per process. */
async function run(app: string, settings: Record<string, string> = {}): Promise<{ code: number; stderr: string }> {
  const entry = new URL(`apps/${app}.ts`, import.meta.url).href;
  try {
    const { stderr } = await promisify(execFile)(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', program, entry, JSON.stringify(settings)],
      { timeout: 20_000 },
    );
    return { code: 0, stderr };
  } catch (error) {
    const { code, stderr } = error as { code: number; stderr: string };
    return { code, stderr };
  }
}

describe('a host under plain Node', () => {
  it('loads TypeScript sources, serves them and lets the process end when it is stopped', async () => {
    expect(await run('http-stream')).toEqual({ code: 0, stderr: '' });
  });
});

describe('a start that cannot succeed', () => {
  it('names every function with a binding that is not served, and the binding', async () => {
    const { code, stderr } = await run('faulty');
    expect(code).toBe(1);
    expect(stderr).toContain('Function "on-blob" uses the binding "blobTrigger"');
    expect(stderr).toContain('Function "with-output" uses the binding "queue"');
    expect(stderr).toContain('Function "by-type" uses the binding "fancyTrigger"');
    expect(stderr).not.toContain('"fine"');
  });

  it.each([
    ['no-connection', 'Function "orphan" cannot be started. The queue connection "Missing" is not set'],
    ['bad-schedule', 'Function "odd" cannot be started. "every day" has 2 fields'],
    ['bad-route', 'Function "reserved" cannot be started. The route "a/{*rest}/b" has a catch-all that is not last.'],
    ['empty', 'The app registered no function'],
    ['queue', 'Function "plain" needs the setting "PLAIN_QUEUE"'],
  ])('of the app %s says: %s', async (app, sentence) => {
    const { code, stderr } = await run(app);
    expect(stderr).toContain(sentence);
    expect(code).toBe(1);
  });

  it('lists every fault of host.json', async () => {
    const hostJson = { version: '1.0', extensions: { queues: { batchSize: 33, maxPollingInterval: '2s' } } };
    const start = startFunctionsHost({ load: () => Promise.resolve(), hostJson, log: () => undefined });
    await expect(start).rejects.toThrow(/version[^]*batchSize|batchSize[^]*version/);
  });
});
