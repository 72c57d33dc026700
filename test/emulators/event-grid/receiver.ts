import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly at: number;
}

/** The receiver's answer: a status, or nothing when it has written the response itself. */
export type Reply = (received: Received, response: ServerResponse) => number | undefined | Promise<number | undefined>;

export interface Receiver extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly received: readonly Received[];
  /** The bodies received so far, parsed. */
  events(): Record<string, unknown>[];
  /** Resolves when `count` requests have come; rejects after `timeoutMs`. */
  whenReceived(count: number, timeoutMs?: number): Promise<readonly Received[]>;
}

/** An event receiver on a free port that remembers what it got. Answers 200 unless told otherwise. */
export async function startReceiver(reply: Reply = () => 200, port = 0): Promise<Receiver> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    void readText(request).then(async (body) => {
      const one = {
        method: request.method ?? '',
        path: request.url ?? '',
        headers: request.headers,
        body,
        at: Date.now(),
      };
      received.push(one);
      const status = await reply(one, response);
      if (status !== undefined) response.writeHead(status).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const address = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${address.port}`,
    port: address.port,
    received,
    events: () => received.map(({ body }) => JSON.parse(body) as Record<string, unknown>),
    whenReceived: async (count, timeoutMs = 10_000) => {
      await until(
        () => received.length >= count,
        timeoutMs,
        () => `${received.length} of ${count} requests`,
      );
      return received;
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/** Waits until `holds`, looking often; rejects with what was there instead. */
export async function until(
  holds: () => boolean,
  timeoutMs = 10_000,
  found: () => string = () => 'it never held',
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`Not within ${timeoutMs} ms: ${found()}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
