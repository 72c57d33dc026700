import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { guardLibrary } from '../../functions/guard.ts';
import { admitInvocationsAlone, Invocations } from '../../functions/invocations.ts';
import type { RunningStack } from '../local/stack/running-stack.ts';
import { startRunningStack, stateFolder } from '../local/stack/running-stack.ts';
import { listeningOf } from './listening.ts';

let stack: RunningStack;
let state: Awaited<ReturnType<typeof stateFolder>>;

beforeAll(async () => {
  state = await stateFolder();
  stack = await startRunningStack(state.path);
});

afterAll(async () => {
  await stack.stop();
  await state.remove();
});

/** Sends bytes as they are; gives the status line, and how long it took. */
async function raw(port: number, text: string): Promise<{ status: string; ms: number }> {
  const began = performance.now();
  return new Promise((resolve) => {
    let got = '';
    const done = () => resolve({ status: got.split('\r\n')[0] ?? '', ms: performance.now() - began });
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    socket.setTimeout(15_000, () => socket.destroy());
    socket.on('data', (chunk: Buffer) => {
      got += chunk.toString('latin1');
      if (got.includes('\r\n\r\n')) socket.destroy();
    });
    socket.on('error', () => undefined).on('close', done);
  });
}

const withId = (id: string) =>
  `GET /v2/ HTTP/1.1\r\nHost: 127.0.0.1\r\nx-forwarded-host: evil.test\r\nx-forwarded-proto: http\r\nx-ms-invocation-id: ${id}\r\n\r\n`;

/** The ports that nobody was told of: the stream server of the library is among them. */
function hiddenPorts(): number[] {
  const told = new Set([stack.url, stack.functionsUrl].map((url) => Number(new URL(url).port)));
  return listeningOf(stack.pid)
    .map(({ port }) => port)
    .filter((port) => !told.has(port));
}

async function pullsWork(): Promise<void> {
  for (const url of [stack.url, stack.functionsUrl]) expect((await fetch(`${url}/v2/`)).status).toBe(200);
}

describe('npm start', () => {
  it('listens on loopback alone, with every port of every process', () => {
    const all = listeningOf(stack.pid);
    expect(all.length).toBeGreaterThanOrEqual(6);
    expect(all.filter(({ address }) => address !== '127.0.0.1' && address !== '::1')).toEqual([]);
  });

  it.each([
    ['an event that ends the process', 'error'],
    ['a property of every object', '__proto__'],
    ['another one', 'constructor'],
    ['nothing', ''],
    ['two at once', `${randomUUID()}\r\nx-ms-invocation-id: ${randomUUID()}`],
    ['one that looks right', randomUUID()],
  ])('answers a request with a made-up invocation id within 6 s, and lives: %s', async (_, id) => {
    const answers = await Promise.all(hiddenPorts().map((port) => raw(port, withId(id))));
    expect(answers.filter(({ status, ms }) => status === '' || ms > 6_000)).toEqual([]);
    await pullsWork();
  });

  it('answers one without an id too', async () => {
    const answers = await Promise.all(
      hiddenPorts().map((port) => raw(port, 'GET /v2/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n')),
    );
    expect(answers.filter(({ status, ms }) => status === '' || ms > 6_000)).toEqual([]);
    await pullsWork();
  });

  it('is not slowed by hundreds of them, and forgets them', async () => {
    const flood = Promise.all(
      hiddenPorts().flatMap((port) => Array.from({ length: 200 }, () => raw(port, withId(randomUUID())))),
    );
    await pullsWork();
    const answers = await flood;
    expect(answers.filter(({ status }) => status === '')).toEqual([]);
    await pullsWork();
  });

  it(
    'is not led astray by an id that a client sends to the front: the Functions host forwards it, and it reaches ' +
      'no invocation',
    async () => {
      const answers = await Promise.all(
        ['error', 'abc', randomUUID()].map(async (id) => {
          const began = performance.now();
          expect((await fetch(`${stack.url}/v2/`, { headers: { 'x-ms-invocation-id': id } })).status).toBe(200);
          const { status } = await fetch(`${stack.functionsUrl}/v2/`, { headers: { 'x-ms-invocation-id': id } });
          return { isRefused: status === 400 || status === 500, ms: performance.now() - began };
        }),
      );
      expect(answers.filter(({ isRefused, ms }) => !isRefused || ms > 9_000)).toEqual([]);
      await pullsWork();
    },
  );
});

describe('the server of the library', () => {
  it("lets the host's requests in while more of nobody wait than it keeps, whichever is told of first", async () => {
    const server = createServer((_, response) => response.end('in'));
    const invocations = new Invocations();
    admitInvocationsAlone(server, invocations);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const strangers = Array.from({ length: 1_050 }, () => connect(port, '127.0.0.1').on('error', () => undefined));
    await Promise.all(strangers.map((socket) => once(socket, 'connect')));
    for (const socket of strangers) socket.write(withId(randomUUID()));
    await delay(500);
    const [before, after] = [randomUUID(), randomUUID()];
    invocations.announce(before);
    const answers = Promise.all([before, after].map((id) => raw(port, withId(id))));
    await delay(300);
    invocations.announce(after);
    expect((await answers).map(({ status }) => status)).toEqual(['HTTP/1.1 200 OK', 'HTTP/1.1 200 OK']);
    for (const socket of strangers) socket.destroy();
    server.closeAllConnections();
    server.close();
  });
});

describe('a function of a queue, a timer or an event', () => {
  it('that never ends is given up after a while, and one of HTTP is not', async () => {
    const model = {
      getInvocationModel: () => ({
        getArguments: () => Promise.resolve(),
        invokeFunction: () => new Promise<unknown>(() => undefined),
        getResponse: () => Promise.resolve(),
      }),
      getCapabilities: (defaults: Record<string, string>) => Promise.resolve(defaults),
    };
    guardLibrary(model, { longest: 50 });
    const invoked = (type: string) =>
      (model as unknown as { getInvocationModel(context: object): { invokeFunction(): Promise<unknown> } })
        .getInvocationModel({ invocationId: randomUUID(), metadata: { bindings: { trigger: { type } } } })
        .invokeFunction();
    await expect(invoked('queueTrigger')).rejects.toThrow('did not end within 0.05 s');
    expect(await Promise.race([invoked('httpTrigger'), delay(300, 'still running')])).toBe('still running');
  });
});

describe('an invocation whose request the host cannot forward', () => {
  const metadata = { bindings: { request: { type: 'httpTrigger' } } };

  function guarded(getArguments: () => Promise<unknown>, patience = 50) {
    const model = {
      getInvocationModel: () => ({
        getArguments,
        invokeFunction: () => new Promise<unknown>(() => undefined),
        getResponse: () => Promise.resolve(),
      }),
      getCapabilities: async (defaults: Record<string, string>) => Promise.resolve(defaults),
    };
    return { model, guard: () => guardLibrary(model, { invocations: new Invocations({ patience }) }) };
  }

  it('fails after some seconds, and does not hold its place until the process is killed', async () => {
    const { model, guard } = guarded(() => new Promise(() => undefined));
    const server = createServer();
    model.getCapabilities = async (defaults) => {
      await new Promise<void>((resolve) => server.listen(() => resolve()));
      return { ...defaults, HttpUri: 'http://localhost:1/' };
    };
    guard();
    expect(await model.getCapabilities({})).toEqual({ HttpUri: 'http://127.0.0.1:1/' });
    expect(server.address()).toMatchObject({ address: '127.0.0.1' });
    await expect(
      (model as unknown as { getInvocationModel(context: object): { getArguments(): Promise<unknown> } })
        .getInvocationModel({ invocationId: randomUUID(), metadata })
        .getArguments(),
    ).rejects.toThrow('did not arrive');
    server.close();
  });
});
