import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { app } from '@azure/functions';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FunctionsHost } from '../../emulators/functions-host/start.ts';
import { startFunctionsHost } from '../../emulators/functions-host/start.ts';

const mebibyte = 1024 ** 2;
const size = 64 * mebibyte;

let host: FunctionsHost;
/** The bytes of the answer's body that have been made so far. */
let made = 0;
let isCancelled = false;

function largeBody(): ReadableStream<Uint8Array> {
  [made, isCancelled] = [0, false];
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      // As a store gives it: each piece comes later.
      await delay(0);
      made += mebibyte;
      controller.enqueue(new Uint8Array(mebibyte));
      if (made >= size) controller.close();
    },
    cancel: () => void (isCancelled = true),
  });
}

beforeAll(async () => {
  host = await startFunctionsHost({
    load: async () => {
      await import('../../functions/setup.ts');
      const { httpHandlerOf } = await import('../../functions/http-handler.ts');
      app.http('large', {
        route: 'large',
        methods: ['GET'],
        handler: httpHandlerOf(() => ({ fetch: () => new Response(largeBody()) })),
      });
      await import('../../functions/guarded.ts');
    },
    hostJson: { version: '2.0', extensions: { http: { routePrefix: '' } } },
    log: () => undefined,
  });
});
afterAll(() => host.stop());

/** Reads the head and a little of the body, and then nothing. */
async function stalled(): Promise<Socket> {
  const socket = connect(Number(new URL(host.url).port), '127.0.0.1');
  socket.on('error', () => undefined).write('GET /large HTTP/1.1\r\nHost: x\r\n\r\n');
  await once(socket, 'readable');
  socket.read(1);
  return socket;
}

describe('a large answer on the Functions host', () => {
  it('is made no faster than its reader takes it: at most 32 MiB are held for one that has stopped', async () => {
    const socket = await stalled();
    let before = -1;
    while (before !== made) {
      before = made;
      await delay(500);
    }
    process.stdout.write(`a reader that has stopped: ${made / mebibyte} MiB of ${size / mebibyte} were made\n`);
    expect(made).toBeLessThan(32 * mebibyte);
    socket.destroy();
    await expect.poll(() => isCancelled).toBe(true);
  });

  it('comes whole to who reads on', async () => {
    const answer = await fetch(`${host.url}/large`);
    let bytes = 0;
    for await (const chunk of answer.body ?? []) bytes += (chunk as Uint8Array).length;
    expect(bytes).toBe(size);
  });
});
