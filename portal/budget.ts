import type { Metafile } from 'esbuild';
import type { BuiltPortal } from './build.ts';

const kib = 1024;

/** The bytes that a browser may have to load, compressed by gzip. */
const budget = {
  firstScript: 45 * kib,
  firstStyle: 10 * kib,
  /** The page itself, its scripts and its style. */
  firstRequests: 6,
  eachPage: 15 * kib,
};

/** One line of the size table: what is loaded, and what that may weigh. */
export interface Size {
  readonly what: string;
  readonly value: number;
  readonly limit: number;
  readonly unit: 'bytes' | 'requests';
}

/** Measures the first load, and what each page adds to it. */
export function sizesOf({ files, metafile: { outputs } }: Pick<BuiltPortal, 'files' | 'metafile'>): Size[] {
  const weigh = (paths: Iterable<string>) =>
    [...paths].reduce((sum, path) => sum + (files.get(path)?.gz.length ?? 0), 0);
  const main = outputOf(outputs, 'portal/src/main.tsx');
  const style = outputOf(outputs, 'portal/src/style/portal.css');
  const first = withImports(outputs, main);
  const pages = Object.entries(outputs).filter(
    ([path, { entryPoint }]) => entryPoint?.startsWith('portal/src/pages/') === true && !first.has(path),
  );
  return [
    { what: 'first load: script', value: weigh(first), limit: budget.firstScript, unit: 'bytes' },
    { what: 'first load: style', value: weigh([style]), limit: budget.firstStyle, unit: 'bytes' },
    { what: 'first load: requests', value: first.size + 2, limit: budget.firstRequests, unit: 'requests' },
    ...pages.map(([path, { entryPoint = path }]): Size => {
      const more = [...withImports(outputs, path)].filter((each) => !first.has(each));
      const what = `page ${entryPoint.replace(/^.*\/|\.tsx$/g, '')}`;
      return { what, value: weigh(more), limit: budget.eachPage, unit: 'bytes' };
    }),
  ];
}

function outputOf(outputs: Metafile['outputs'], source: string): string {
  const [path] = Object.entries(outputs).find(([, { entryPoint }]) => entryPoint === source) ?? [];
  if (path === undefined) throw new Error(`the bundle has no output of ${source}`);
  return path;
}

/** Returns an output with all that it imports before it runs. */
function withImports(outputs: Metafile['outputs'], path: string, seen = new Set<string>()): Set<string> {
  if (seen.has(path)) return seen;
  seen.add(path);
  for (const each of outputs[path]?.imports ?? [])
    if (each.kind === 'import-statement') withImports(outputs, each.path, seen);
  return seen;
}

/** Writes sizes as a table for people. */
export function sizeTable(sizes: readonly Size[]): string {
  const shown = ({ value, unit }: { value: number; unit: Size['unit'] }) =>
    unit === 'requests' ? String(value) : `${(value / kib).toFixed(1)} KiB`;
  const rows = sizes.map((size) => [size.what, shown(size), `of ${shown({ value: size.limit, unit: size.unit })}`]);
  const widthOf = (column: number) => Math.max(...rows.map((row) => row[column]?.length ?? 0));
  const [first, second] = [widthOf(0), widthOf(1)];
  const lines = rows.map(
    ([what = '', value = '', limit = '']) => `${what.padEnd(first)}  ${value.padStart(second)}  ${limit}`,
  );
  return `${lines.join('\n')}\n`;
}

/** Returns a sentence for each size that is over its budget. */
export function overBudget(sizes: readonly Size[]): string[] {
  return sizes
    .filter(({ value, limit }) => value > limit)
    .map(({ what, value, limit, unit }) => `${what} has ${value} ${unit}, and ${limit} are allowed`);
}
