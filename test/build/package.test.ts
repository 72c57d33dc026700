import { execFile } from 'node:child_process';
import { existsSync, globSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { beforeAll, describe, expect, it } from 'vitest';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));

/** The connection string leads to queues that never answer. */
const nowhere =
  'DefaultEndpointsProtocol=http;AccountName=nobody;AccountKey=bm9ib2R5;QueueEndpoint=http://127.0.0.1:1/nobody;';

/** Loads a package's entry in the local Functions host, in a process of its own, and tells what it registered. */
async function registered(entry: string): Promise<string[]> {
  const script = `
    const { startFunctionsHost } = await import(${JSON.stringify(`${root}emulators/functions-host/start.ts`)});
    const host = await startFunctionsHost({
      load: () => import(${JSON.stringify(entry)}),
      hostJson: { version: '2.0', extensions: { http: { routePrefix: '' } } },
      env: { AzureWebJobsStorage: ${JSON.stringify(nowhere)} },
      log: () => undefined,
    });
    console.log(JSON.stringify(host.functions.map(({ name }) => name)));
    process.exit(0);`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script]);
  return JSON.parse(stdout) as string[];
}

/** Takes from Node what came with 22.15, so that a newer one looks like an older to whatever is loaded behind. */
const withoutZstd = `
  import zlib from 'node:zlib';
  import { syncBuiltinESMExports } from 'node:module';
  for (const name of Object.keys(zlib)) if (/zstd/i.test(name)) delete zlib[name];
  syncBuiltinESMExports();`;
const older = `data:text/javascript,${encodeURIComponent(withoutZstd)}`;

/** Imports a file of the package on such a Node, and returns the exit code and what the process wrote to stderr. */
async function loadedOnOlderNode(entry: string): Promise<{ code: number; stderr: string }> {
  const script = `await import(${JSON.stringify(entry)}).catch(({ message }) => { console.error(message); process.exit(3); });`;
  return run(process.execPath, ['--import', older, '--input-type=module', '-e', script]).then(
    () => ({ code: 0, stderr: '' }),
    (error: unknown) => error as { code: number; stderr: string },
  );
}

/** Returns the files that a start of the functions evaluates: those that are imported without being waited for. */
async function evaluatedAtStart(): Promise<string[]> {
  const { metafile } = await build({
    entryPoints: [`${root}functions/triggers.ts`],
    absWorkingDir: root,
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: ['@azure/functions-core'],
    write: false,
    metafile: true,
    outdir: `${root}dist`,
  });
  const found = new Set<string>();
  const follow = (path: string) => {
    if (found.has(path)) return;
    found.add(path);
    for (const { path: next, kind, external } of metafile.inputs[path]?.imports ?? [])
      if (kind !== 'dynamic-import' && external !== true) follow(next);
  };
  follow('functions/triggers.ts');
  return [...found];
}

describe('the start of the functions', () => {
  it('makes no schema of the management API, which most instances are never asked for', async () => {
    const files = await evaluatedAtStart();
    expect(files).toContain('shared/app/features.ts');
    expect(files.filter((path) => /zod-openapi|management\/http\.ts$|usage\/http\.ts$/.test(path))).toEqual([]);
  });
});

describe('npm run build', () => {
  beforeAll(() => run(process.execPath, [`${root}build.ts`]));

  it('makes a package whose functions are those of the sources', async () => {
    const [built, sources] = await Promise.all([
      registered(`${root}dist/functions/index.js`),
      registered(`${root}functions/index.ts`),
    ]);
    expect(built).toEqual(sources);
    expect(built).toContain('usage-record');
    expect(built).toContain('webhooks-deliver');
  });

  it('makes less than 6 MB of code, of which telemetry and the verification of signatures load when they are wanted', () => {
    const folder = `${root}dist/functions`;
    const scripts = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.js'));
    expect(scripts.reduce((sum, path) => sum + statSync(`${folder}/${path}`).size, 0)).toBeLessThan(6_000_000);
    const withExporter = scripts.filter((path) =>
      readFileSync(`${folder}/${path}`, 'utf8').includes('ApplicationInsightsSampler{'),
    );
    expect(withExporter).toEqual([expect.stringMatching(/^parts.opentelemetry-/)]);
    const withSignatures = scripts.filter((path) =>
      readFileSync(`${folder}/${path}`, 'utf8').includes('io.cncf.notary.signingScheme'),
    );
    expect(withSignatures).toEqual([expect.stringMatching(/^parts.judge-/)]);
  });

  it(
    "lays it out as Functions' own host looks for it: host.json, the entry that package.json names, and the " +
      "bundle of the triggers' extensions",
    () => {
      const read = (path: string) => JSON.parse(readFileSync(`${root}dist/${path}`, 'utf8')) as Record<string, unknown>;
      expect(read('host.json')).toMatchObject({
        version: '2.0',
        extensions: { http: { routePrefix: '' } },
        extensionBundle: { id: 'Microsoft.Azure.Functions.ExtensionBundle', version: '[4.*, 5.0.0)' },
      });
      const { main, type } = read('package.json');
      expect([type, existsSync(`${root}dist/${String(main)}`)]).toEqual(['module', true]);
      // A dependency that is not in the bundle would be looked for in a folder that is not deployed.
      expect(readdirSync(`${root}dist`)).not.toContain('node_modules');
    },
  );

  it.each([
    ['functions/index.js', 3],
    ['host/host.mjs', 1],
  ])('says of %s in one line that Node is too old, before it loads anything else', async (entry, code) => {
    const { code: ended, stderr } = await loadedOnOlderNode(`${root}dist/${entry}`);
    expect([ended, stderr.trim().split('\n')]).toEqual([
      code,
      [expect.stringMatching(/^Longshore needs Node 22\.15 or newer .*and this is Node \d+\.\d+\.\d+/)],
    ]);
    expect(JSON.parse(readFileSync(`${root}dist/package.json`, 'utf8'))).toMatchObject({
      engines: { node: '>=22.15' },
    });
  });

  it('asks for no setting of its host that the sample for func start has not', () => {
    const { Values: sample } = JSON.parse(readFileSync(`${root}local.settings.sample.json`, 'utf8')) as {
      Values: Record<string, string>;
    };
    const triggers = globSync('functions/**/*.ts', { cwd: root }).map((path) => readFileSync(`${root}${path}`, 'utf8'));
    const connections = triggers.flatMap((text) =>
      [...text.matchAll(/connection: '([^']+)'/g)].map(([, name = '']) => name),
    );
    expect(new Set(connections)).toEqual(new Set(['AzureWebJobsStorage']));
    expect(sample).toMatchObject({
      FUNCTIONS_WORKER_RUNTIME: 'node',
      AzureWebJobsStorage: expect.stringContaining('QueueEndpoint=http://127.0.0.1:10001/') as string,
    });
  });
});
