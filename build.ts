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
  outfile: `${out}/functions/index.js`,
  bundle: true,
  platform: 'node',
  target: 'node22',
  format: 'esm',
  sourcemap: true,
  minifySyntax: true,
  metafile: true,
  // The worker provides it.
  external: ['@azure/functions-core'],
  // Packages written for CommonJS call `require`, which a module does not have.
  banner: { js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);" },
});
await copyFile(`${root}host.json`, `${out}/host.json`);
await writeFile(`${out}/package.json`, `${JSON.stringify({ name: 'longshore', private: true, type: 'module', main: 'functions/index.js' }, undefined, 2)}\n`);
const bytes = result.metafile.outputs['dist/functions/index.js']?.bytes ?? 0;
process.stdout.write(`dist/functions/index.js: ${Math.round(bytes / 1024)} KiB\n`);
