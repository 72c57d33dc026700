import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { Browser } from 'playwright-core';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The kit's table with the columns of tags, as the portal builds them, and rows as the API gives them. */
const source = `
  import { h, render } from 'preact';
  import { Table, showEverythingVisibly } from './portal/src/kit.ts';
  import { tagColumns } from './portal/src/pages/tags/columns.tsx';

  showEverythingVisibly();
  const columns = tagColumns('team/app');
  const digest = (at) => 'sha256:' + ((at * 2654435761) >>> 0).toString(16).padStart(8, '0').repeat(8);
  const rowOf = (at) => ({
    name: 'build-' + at,
    digest: digest(at),
    mediaType: 'application/vnd.oci.image.index.v1+json',
    artifactType: 'application/vnd.oci.image.config.v1+json',
    aliases: at % 3 === 0 ? ['latest'] : [],
    aliasCount: at % 3 === 0 ? 1 : 0,
    pushedAt: new Date(1.79e12 - at * 3.6e6).toISOString(),
    lastPull: new Date(1.79e12 - at * 1.8e6).toISOString(),
    pulls30d: at * 7,
    bytes: 12345678 + at * 1000,
    uniqueBytes: at * 999,
    platforms: [
      { os: 'linux', architecture: 'amd64', bytes: 1000 },
      { os: 'linux', architecture: 'arm64', variant: 'v8', bytes: 1000 },
    ],
    attestations: 2,
    badges: { signed: at % 2 === 0, sbom: true, attested: true, locked: false },
  });
  const rows = Array.from({ length: 1000 }, (_, at) => rowOf(at));
  const selection = { keys: new Set(), has: () => false, toggle() {}, set() {}, clear() {} };
  const sorting = { by: 'name', isDescending: false, onSort() {} };
  const place = document.querySelector('#portal');
  const given = { label: 'Tags', columns, rows, keyOf: ({ name }) => name, selection, sorting };

  globalThis.draw = async () => {
    render(h(Table, given), place);
    while (document.querySelectorAll('[data-row]').length < rows.length) await new Promise((done) => setTimeout(done, 5));
  };
  globalThis.wipe = () => render(null, place);
  globalThis.calibrate = () => {
    let sum = 0;
    for (let at = 0; at < 1e6; at++) sum = (sum * 31 + at) | 0;
    return sum;
  };
`;

/** The milliseconds of the processor that scripts took, each in the longest stretch without a pause. */
export interface Drawn {
  readonly longestMs: number;
  readonly totalMs: number;
  /** A loop that tells how fast the machine is just now. */
  readonly calibrationMs: number;
}

async function bundled(): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: source, resolveDir: root, loader: 'tsx' },
    absWorkingDir: root,
    bundle: true,
    format: 'iife',
    target: ['es2022'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    minify: true,
    write: false,
  });
  return outputFiles[0]?.text ?? '';
}

interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  readonly dur?: number;
  readonly tdur?: number;
}

const scripts = new Set(['EvaluateScript', 'FunctionCall', 'TimerFire', 'RunMicrotasks', 'FireAnimationFrame']);

/** Returns the milliseconds of the processor that each stretch of script took, in which nothing else can happen. */
function stretchesOf(trace: Buffer): number[] {
  const { traceEvents } = JSON.parse(trace.toString()) as { readonly traceEvents: readonly TraceEvent[] };
  const all = traceEvents.filter(({ name, ph }) => ph === 'X' && scripts.has(name)).toSorted((a, b) => a.ts - b.ts);
  let until = 0;
  return all.flatMap(({ ts, dur = 0, tdur = 0 }) => {
    // One is within another: a timer's function within the timer.
    if (ts < until) return [];
    until = ts + dur;
    return [tdur / 1000];
  });
}

/** Draws a table of 1,000 rows several times, with the processor throttled to a quarter. */
export async function drawTable(browser: Browser, times: number): Promise<Drawn[]> {
  const page = await browser.newPage();
  await page.setContent('<!doctype html><div id="portal"></div>');
  await page.addScriptTag({ content: await bundled() });
  const session = await page.context().newCDPSession(page);
  await session.send('Emulation.setCPUThrottlingRate', { rate: 4 });
  const traced = async (expression: string) => {
    await browser.startTracing(page, {
      categories: ['devtools.timeline', 'v8', 'disabled-by-default-devtools.timeline'],
    });
    await page.evaluate(expression);
    return stretchesOf(await browser.stopTracing());
  };
  const drawn: Drawn[] = [];
  for (let at = 0; at < times; at++) {
    const calibrationMs = Math.max(...(await traced('new Promise((done) => setTimeout(() => done(calibrate())))')));
    const tasks = await traced('draw()');
    await page.evaluate('wipe()');
    drawn.push({ longestMs: Math.max(...tasks), totalMs: tasks.reduce((sum, each) => sum + each, 0), calibrationMs });
  }
  await page.close();
  return drawn;
}
