import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));

/** Of queues that are asked for and never answer. */
const nowhere = 'DefaultEndpointsProtocol=http;AccountName=nobody;AccountKey=bm9ib2R5;QueueEndpoint=http://127.0.0.1:1/nobody;';

/** Loads a package's entry in the local Functions host, in a process of its own, and tells what it registered. */
async function registered(entry: string): Promise<string[]> {
  const script = `
    const { startFunctionsHost } = await import(${JSON.stringify(`${root}local/functions-host/start.ts`)});
    const host = await startFunctionsHost({ load: () => import(${JSON.stringify(entry)}), hostJson: { version: '2.0', extensions: { http: { routePrefix: '' } } }, env: { AzureWebJobsStorage: ${JSON.stringify(nowhere)} }, log: () => undefined });
    console.log(JSON.stringify(host.functions.map(({ name }) => name)));
    process.exit(0);`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script]);
  return JSON.parse(stdout) as string[];
}

describe('npm run build', () => {
  beforeAll(() => run(process.execPath, [`${root}build.ts`]));

  it('makes a package whose functions are those of the sources', async () => {
    const [built, sources] = await Promise.all([registered(`${root}dist/functions/index.js`), registered(`${root}functions/index.ts`)]);
    expect(built).toEqual(sources);
    expect(built).toContain('usage-record');
    expect(built).toContain('webhooks-deliver');
  });

  it('makes less than 5 MB of code, and of that at most a part of telemetry that is loaded when it is wanted', () => {
    const folder = `${root}dist/functions`;
    const scripts = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.js'));
    expect(scripts.reduce((sum, path) => sum + statSync(`${folder}/${path}`).size, 0)).toBeLessThan(5_000_000);
    const withExporter = scripts.filter((path) => readFileSync(`${folder}/${path}`, 'utf8').includes('ApplicationInsightsSampler{'));
    expect(withExporter).toEqual([expect.stringMatching(/^parts.opentelemetry-/)]);
  });

  it('puts host.json beside it', () => {
    expect(existsSync(`${root}dist/host.json`)).toBe(true);
  });
});
