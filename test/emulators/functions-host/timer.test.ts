import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type FunctionsHost, startFunctionsHost } from '../../../emulators/functions-host/start.ts';
import type * as TimerApp from './apps/timer.ts';
import { recordedLog } from './recorded-log.ts';

const recorded = recordedLog();
const soon = { timeout: 10_000, interval: 20 };
let folder: string;
let host: FunctionsHost;
let app: typeof TimerApp;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'timers-'));
  // The host before this one wrote this at its last run, and was then down when the next one was due.
  await mkdir(join(folder, 'timers'));
  await writeFile(
    join(folder, 'timers', 'nightly.json'),
    JSON.stringify({
      last: '2020-01-01T02:00:00.000Z',
      next: '2020-01-02T02:00:00.000Z',
      lastUpdated: '2020-01-01T02:00:00.000Z',
    }),
  );
  host = await startFunctionsHost({
    load: async () => {
      app = await import('./apps/timer.ts');
    },
    hostJson: { version: '2.0' },
    env: { NIGHTLY: '0 0 2 * * *' },
    log: recorded.log,
    stateFolder: folder,
  });
});
afterAll(async () => {
  await host.stop();
  await rm(folder, { recursive: true });
});

const runsOf = (name: string) => app.seen.filter((one) => one.name === name);
const firstOf = async (name: string) => vi.waitUntil(() => runsOf(name)[0], soon);

describe('a timer function', () => {
  it('runs again and again by its schedule', async () => {
    await vi.waitFor(() => expect(runsOf('every-second').length).toBeGreaterThanOrEqual(2), soon);
    expect(runsOf('every-second')[0]?.timer).toMatchObject({ isPastDue: false, schedule: { adjustForDST: true } });
  });

  it('runs at once, past due, when its last occurrence was missed', async () => {
    const { timer } = await firstOf('nightly');
    expect(timer).toMatchObject({
      isPastDue: true,
      scheduleStatus: { last: '2020-01-01T02:00:00.000Z', next: '2020-01-02T02:00:00.000Z' },
    });
  });

  it('writes down when it ran and when it will', async () => {
    await firstOf('nightly');
    await vi.waitFor(async () => {
      const written = JSON.parse(await readFile(join(folder, 'timers', 'nightly.json'), 'utf8')) as Record<
        string,
        string
      >;
      expect(Date.parse(written['last'] ?? '')).toBeGreaterThan(Date.now() - 60_000);
      expect(written['next']).toMatch(/T02:00:00\.000Z$/);
    }, soon);
  });

  it('runs when the host starts where runOnStartup says so, and is not past due', async () => {
    const { timer } = await firstOf('at-start');
    expect(timer.isPastDue).toBe(false);
    expect(timer.scheduleStatus.last).toBe('0001-01-01T00:00:00.000Z');
    expect(timer.scheduleStatus.next).toMatch(/T03:00:00\.000Z$/);
  });

  it('has no schedule status without a monitor, nor with runs less than a minute apart', async () => {
    expect((await firstOf('unwatched')).timer.scheduleStatus).toBeNull();
    expect((await firstOf('every-second')).timer.scheduleStatus).toBeNull();
  });

  it('is retried by its policy, with the count and the last error at hand', async () => {
    await vi.waitFor(() => expect(runsOf('retried')).toHaveLength(3), soon);
    const retries = runsOf('retried').map((one) => one.retry);
    expect(retries.map((one) => one?.retryCount)).toEqual([0, 1, 2]);
    expect(retries.map((one) => one?.exception?.message)).toEqual([undefined, 'run 0', 'run 1']);
    expect(recorded.messages()).toContain('run 2');
  });
});
