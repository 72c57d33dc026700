import { chmod, copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { BuildOptions } from 'esbuild';
import { build } from 'esbuild';
import type { Command } from './local/command-line.ts';
import { runCommand } from './local/command-line.ts';
import { overBudget, sizesOf, sizeTable } from './portal/budget.ts';
import { bundlePortal, sourcesHash, writePortal } from './portal/build.ts';

const command: Command = {
  call: 'npm run build',
  does:
    'Makes the package that Azure Functions runs (func start works there too), in its folder host what a container ' +
    'runs, and in cli the command longshore.',
  takes: '[FOLDER]',
  flags: {},
  notes: ['The folder is dist unless another is named; what is in it is removed.'],
  example: 'npm run build',
};
const root = fileURLToPath(new URL('.', import.meta.url));
const shared: BuildOptions = {
  chunkNames: 'parts/[name]-[hash]',
  // What is imported when it is needed is a file of its own: telemetry costs those nothing who have none.
  splitting: true,
  bundle: true,
  platform: 'node',
  target: 'node22',
  format: 'esm',
  sourcemap: true,
  minify: true,
  // Errors are told apart by their names, and logged by them.
  keepNames: true,
  // The worker provides it.
  external: ['@azure/functions-core'],
  // Packages written for CommonJS call `require`, which a module does not have.
  banner: {
    js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);",
  },
};

async function run(out: string): Promise<void> {
  await rm(out, { recursive: true, force: true });
  await mkdir(out, { recursive: true });
  const [portal, hash, functions, host, cli] = await Promise.all([
    bundlePortal(),
    sourcesHash(),
    build({ ...shared, entryPoints: [`${root}functions/index.ts`], outdir: `${out}/functions`, metafile: true }),
    // What the container image runs (Dockerfile); its files are modules without a package.json.
    build({
      ...shared,
      entryPoints: { host: `${root}host/main.ts` },
      outdir: `${out}/host`,
      outExtension: { '.js': '.mjs' },
      metafile: true,
    }),
    bundleCommand(`${out}/cli`),
  ]);
  const sizes = sizesOf(portal);
  const [tooLarge] = overBudget(sizes);
  if (tooLarge !== undefined) throw new Error(`the portal is too large: ${tooLarge}`);
  // One beside the functions, and one in the folder that the container image is made of.
  for (const place of [`${out}/portal`, `${out}/host/portal`]) await writePortal(portal, place, hash);
  await copyFile(`${root}host.json`, `${out}/host.json`);
  // For whoever publishes from here with `func`: what runs in a container, and the settings of this machine, stay here.
  await writeFile(`${out}/.funcignore`, 'host\ncli\nlocal.settings.json\n');
  const packageJson = {
    name: 'longshore',
    private: true,
    type: 'module',
    engines: { node: '>=22.15' },
    main: 'functions/index.js',
  };
  await writeFile(`${out}/package.json`, `${JSON.stringify(packageJson, undefined, 2)}\n`);
  process.stdout.write(sizeTable(sizes));
  for (const { metafile } of [functions, host, cli]) {
    const scripts = Object.entries(metafile.outputs).filter(([path]) => /\.m?js$/.test(path));
    for (const [path, { bytes }] of scripts) process.stdout.write(`${path}: ${Math.round(bytes / 1024)} KiB\n`);
    process.stdout.write(`together ${Math.round(scripts.reduce((sum, [, { bytes }]) => sum + bytes, 0) / 1024)} KiB\n`);
  }
}

/**
 * Makes the command and docker's credential helper, in a folder that npm installs: `npm install --global ./dist/cli`. The
 * parts that a verb alone needs are loaded with that verb.
 */
async function bundleCommand(folder: string) {
  const programs = { longshore: 'main', 'docker-credential-longshore': 'docker-credential-longshore' };
  const built = await build({
    ...shared,
    entryPoints: Object.fromEntries(Object.entries(programs).map(([name, file]) => [name, `${root}cli/${file}.ts`])),
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    sourcemap: false,
    banner: { js: '#!/usr/bin/env node' },
    metafile: true,
  });
  const { version, license } = JSON.parse(await readFile(`${root}package.json`, 'utf8')) as Record<string, string>;
  const bin = Object.fromEntries(Object.keys(programs).map((name) => [name, `${name}.mjs`]));
  const packageJson = {
    name: 'longshore-cli',
    version,
    license,
    private: true,
    type: 'module',
    engines: { node: '>=22' },
    bin,
  };
  await writeFile(`${folder}/package.json`, `${JSON.stringify(packageJson, undefined, 2)}\n`);
  await Promise.all(Object.values(bin).map((file) => chmod(`${folder}/${file}`, 0o755)));
  return built;
}

await runCommand(command, ({ positionals: [folder = `${root}dist`] }) => folder, run);
