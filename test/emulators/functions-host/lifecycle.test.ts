import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type FunctionsHost, startFunctionsHost } from '../../../emulators/functions-host/start.ts';
import type * as LifecycleApp from './apps/lifecycle.ts';
import { recordedLog } from './recorded-log.ts';

const recorded = recordedLog();
let host: FunctionsHost;
let app: typeof LifecycleApp;
beforeAll(async () => {
  host = await startFunctionsHost({
    load: async () => {
      app = await import('./apps/lifecycle.ts');
    },
    hostJson: { version: '2.0', functionTimeout: '00:00:01' },
    env: {},
    log: recorded.log,
  });
});
afterAll(() => host.stop());
const get = (path: string) => fetch(`${host.url}/api/${path}`);

describe('hooks', () => {
  it('run at the start of the app, before any function', () => {
    expect(app.events[0]).toBe('appStart');
  });

  it('may change what a function gets and what it leaves behind', async () => {
    expect(await (await get('rewritten')).json()).toBe('changed');
    expect((await get('forgiven')).status).toBe(202);
    expect(app.events).toContain('after forgiven');
  });

  it('may change what is logged', async () => {
    await get('logs');
    expect(recorded.messages()).toContain('[logs] plain { a: 1 }');
  });
});

describe('the log', () => {
  it('tells what each function wrote under which invocation', async () => {
    const invocationId = await (await get('logs')).text();
    const lines = recorded.records.filter((record) => record.invocationId === invocationId);
    expect(lines.map(({ level, category }) => [level, category])).toEqual([
      ['information', 'Function.logs'],
      ['information', 'Function.logs.User'],
      ['warning', 'Function.logs.User'],
      ['information', 'Function.logs'],
    ]);
    expect(lines[0]?.message).toContain(`Executing 'Functions.logs'`);
    expect(lines[3]?.message).toContain('Succeeded');
  });
});

describe('a retry policy where none has an effect', () => {
  it('is warned of', () => {
    expect(recorded.messages()).toContain('The retry policy of "retried" has no effect on a httpTrigger.');
  });
});

describe('a function that exceeds functionTimeout', () => {
  it('is given up on', async () => {
    expect((await get('too-slow')).status).toBe(500);
    expect(recorded.messages()).toContain('Timeout value of 1000 ms exceeded by function "too-slow"');
  });
});

describe('a second host in one process', () => {
  it('is refused, with the reason', async () => {
    await expect(
      startFunctionsHost({ load: () => Promise.resolve(), hostJson: { version: '2.0' }, log: recorded.log }),
    ).rejects.toThrow('This process has already started a Functions host.');
  });
});

describe('draining', () => {
  it('waits for what runs, refuses what is new, and then ends the app', async () => {
    const slow = get('slow');
    await vi.waitFor(() => expect(recorded.messages()).toContain(`Executing 'Functions.slow'`));
    const drained = host.drain(5_000);
    expect((await get('logs')).status).toBe(503);
    expect(app.events).not.toContain('appTerminate');
    app.gate.resolve(undefined);
    expect(await (await slow).text()).toBe('done');
    await drained;
    expect(app.events.slice(-3)).toEqual(['slow is done', 'after slow', 'appTerminate']);
  });

  it('twice ends the app once, and stopping closes its port', async () => {
    await host.drain(1);
    await host.stop();
    expect(app.events.filter((event) => event === 'appTerminate')).toHaveLength(1);
    await expect(get('logs')).rejects.toThrow('fetch failed');
  });
});
