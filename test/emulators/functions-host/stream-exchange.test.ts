import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createStreamWorker } from '../../../emulators/functions-host/http/stream-exchange.ts';
import type { Invoke } from '../../../emulators/functions-host/invocation.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

async function listen(server: Server): Promise<string> {
  servers.push(server.listen(0, '127.0.0.1'));
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

async function openConnections(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.getConnections((error, count) => {
      if (error === null) resolve(count);
      else reject(error);
    });
  });
}

/** A host whose one function is served by `library`, in place of the server that @azure/functions would open. */
async function front(library: Server, invoke: Invoke): Promise<string> {
  const worker = createStreamWorker(await listen(library), invoke, { bodyLimit: 1_000, log: () => undefined });
  const fn = {
    name: 'f',
    bindingName: 'b',
    retry: undefined,
    metadata: { name: 'f', bindings: {} },
    callback: () => undefined,
    trigger: { type: 'httpTrigger' as const, methods: [] },
  };
  const server = createServer((req, res) => {
    void worker.answer({
      req,
      res,
      fn,
      values: {},
      head: { is: 'taken', path: '/', target: '/', query: new URLSearchParams(), isForwarded: true },
      bodyLimit: 1_000,
    });
  });
  return listen(server);
}

describe('an invocation that fails', () => {
  it('is answered with 500 though the library never answers, and lets go of its connection', async () => {
    const library = createServer(() => undefined);
    const url = await front(library, () => Promise.reject(new Error('out of luck')));
    expect((await fetch(url)).status).toBe(500);
    await vi.waitFor(() => expect(openConnections(library)).resolves.toBe(0));
  });
});

describe('a library server that is gone', () => {
  it('answers 500', async () => {
    const library = createServer();
    const url = await front(library, () => new Promise(() => undefined));
    library.close();
    expect((await fetch(url)).status).toBe(500);
  });
});
