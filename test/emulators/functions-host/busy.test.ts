import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { FunctionsHost } from '../../../emulators/functions-host/start.ts';
import { startFunctionsHost } from '../../../emulators/functions-host/start.ts';
import { recordedLog } from './recorded-log.ts';

let host: FunctionsHost;

beforeAll(async () => {
  host = await startFunctionsHost({
    load: async () => {
      await import('./apps/http-stream.ts');
    },
    hostJson: { version: '2.0', extensions: { http: { routePrefix: '' } } },
    log: recordedLog().log,
  });
});

afterAll(() => host.stop());

function block(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

interface WithRequests {
  addRequest: (this: WithRequests, ...args: unknown[]) => void;
}

describe('the local Functions host on a busy machine', () => {
  it('answers a request whose connection was about to be closed for having been idle', async () => {
    expect((await fetch(`${host.url}/items/7`)).status).toBe(200);
    await sleep(3_700);
    const agents = Agent.prototype as unknown as WithRequests;
    const original = agents.addRequest;
    vi.spyOn(agents, 'addRequest').mockImplementationOnce(function (this: WithRequests, ...args: unknown[]) {
      original.apply(this, args);
      // The request is on its way when the process has no time for it, longer than the other side keeps idle
      // connections.
      setImmediate(() => block(2_600));
    });
    expect((await fetch(`${host.url}/items/8`)).status).toBe(200);
  });
});
