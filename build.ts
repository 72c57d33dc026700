import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

// `npm run build`: the package that Azure Functions runs, in dist/. `func start` works there too.
const root = fileURLToPath(new URL('.', import.meta.url));
const out = `${root}dist`;

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
const result = await build({
  entryPoints: [`${root}functions/index.ts`],
  outdir: `${out}/functions`,
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
  metafile: true,
  // The worker provides it.
  external: ['@azure/functions-core'],
  // Packages written for CommonJS call `require`, which a module does not have.
  banner: { js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);" },
});
await copyFile(`${root}host.json`, `${out}/host.json`);
await writeFile(`${out}/package.json`, `${JSON.stringify({ name: 'longshore', private: true, type: 'module', main: 'functions/index.js' }, undefined, 2)}\n`);
const scripts = Object.entries(result.metafile.outputs).filter(([path]) => path.endsWith('.js'));
for (const [path, { bytes }] of scripts) process.stdout.write(`${path}: ${Math.round(bytes / 1024)} KiB\n`);
process.stdout.write(`together ${Math.round(scripts.reduce((sum, [, { bytes }]) => sum + bytes, 0) / 1024)} KiB\n`);
