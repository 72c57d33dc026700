import { createHash } from 'node:crypto';
import { glob, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { Metafile } from 'esbuild';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const sources = join(root, 'portal/src');

/** A file of the portal with its compressed forms. */
interface Asset {
  readonly bytes: Uint8Array;
  readonly gz: Uint8Array;
  readonly br: Uint8Array;
}

export interface BuiltPortal {
  /** By their paths below `/ui/`. */
  readonly files: ReadonlyMap<string, Asset>;
  readonly metafile: Metafile;
}

/**
 * Bundles the portal in memory. Each page is a script of its own, which is loaded when the page is first opened; what
 * pages share is `kit.ts`, one more script for all of them.
 */
export async function bundlePortal(): Promise<BuiltPortal> {
  const { outputFiles, metafile } = await build({
    entryPoints: { main: join(sources, 'main.tsx'), style: join(sources, 'style/portal.css') },
    absWorkingDir: root,
    outdir: 'assets',
    bundle: true,
    splitting: true,
    format: 'esm',
    target: ['es2022', 'chrome111', 'firefox113', 'safari16.4'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    minify: true,
    charset: 'utf8',
    legalComments: 'none',
    metafile: true,
    write: false,
  });
  const bundled = outputFiles.map(({ path, contents }) => [`assets/${basename(path)}`, contents] as const);
  const page = await indexPage(metafile);
  const files = await Promise.all(
    [...bundled, ['index.html', Buffer.from(page)] as const].map(
      async ([path, bytes]) => [path, await compressed(bytes)] as const,
    ),
  );
  return { files: new Map(files), metafile };
}

/** Names the hashed files in the page. What the first script imports is asked for beside it, not after it. */
async function indexPage({ outputs }: Metafile): Promise<string> {
  const entry = (source: string) => {
    const found = Object.entries(outputs).find(([, { entryPoint }]) => entryPoint === `portal/src/${source}`);
    if (found === undefined) throw new Error(`the bundle has no output of ${source}`);
    return { path: found[0], imports: found[1].imports };
  };
  const main = entry('main.tsx');
  const preloads = main.imports
    .filter(({ kind }) => kind === 'import-statement')
    .map(({ path }) => `<link rel="modulepreload" href="/ui/${path}" />`);
  return (await readFile(join(sources, 'index.html'), 'utf8'))
    .replace('%STYLE%', `/ui/${entry('style/portal.css').path}`)
    .replace('%SCRIPT%', `/ui/${main.path}`)
    .replace('%PRELOADS%', preloads.join(''));
}

async function compressed(bytes: Uint8Array): Promise<Asset> {
  const [gz, br] = await Promise.all([
    promisify(gzip)(bytes, { level: 9 }),
    promisify(brotliCompress)(bytes, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } }),
  ]);
  return { bytes, gz, br };
}

const listName = 'files.json';

/**
 * Writes the portal into a folder; its list of files is written last. Several processes may do so at once: names have
 * the hash of their content, and each file appears whole.
 */
export async function writePortal({ files }: BuiltPortal, folder: string, hash: string): Promise<void> {
  await mkdir(join(folder, 'assets'), { recursive: true });
  const forms = [...files].flatMap(([path, { bytes, gz, br }]) => [
    [path, bytes] as const,
    [`${path}.gz`, gz] as const,
    [`${path}.br`, br] as const,
  ]);
  await Promise.all(forms.map(([path, bytes]) => writeWhole(join(folder, path), bytes)));
  await writeWhole(join(folder, listName), `${JSON.stringify({ sources: hash, files: [...files.keys()] })}\n`);
  const kept = new Set([listName, ...forms.map(([path]) => path)]);
  for await (const each of glob('**/*.{js,css,html,gz,br}', { cwd: folder }))
    if (!kept.has(each)) await rm(join(folder, each), { force: true });
}

async function writeWhole(path: string, content: Uint8Array | string): Promise<void> {
  const unfinished = `${path}.${process.pid}`;
  await writeFile(unfinished, content);
  await rename(unfinished, path);
}

/** Returns a hash of all that the bundle is made of: the sources, this file, and the versions of the packages. */
export async function sourcesHash(): Promise<string> {
  const paths = [fileURLToPath(import.meta.url), join(root, 'package-lock.json')];
  for await (const path of glob('**/*.{ts,tsx,css,html}', { cwd: sources })) paths.push(join(sources, path));
  const hash = createHash('sha256');
  for (const path of paths.toSorted()) hash.update(`${relative(root, path)}\0`).update(await readFile(path));
  return hash.digest('hex');
}

/** Builds the portal into `dist/portal` unless it is there, made of the sources as they are now. */
export async function buildPortalIfChanged(): Promise<void> {
  const folder = join(root, 'dist/portal');
  const hash = await sourcesHash();
  const list = await readFile(join(folder, listName), 'utf8').catch(() => '{}');
  if ((JSON.parse(list) as { sources?: string }).sources === hash) return;
  await writePortal(await bundlePortal(), folder, hash);
}
