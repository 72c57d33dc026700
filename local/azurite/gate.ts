import { once } from 'node:events';
import { existsSync } from 'node:fs';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { Agent, createServer, request as ask } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream';

/**
 * A gate before one account, so that a region's storage alone can be down: Azurite answers for all its accounts or for
 * none.
 */
export interface Gate {
  readonly port: number;
  stop(): Promise<void>;
}

export interface GateOptions {
  /** The port of Azurite. */
  readonly blobPort: number;
  /** While this file exists, no request passes, and another account's copy reads nothing from behind the gate. */
  readonly downFile: string;
  /** These are called for each request that passes, and for its answer. */
  readonly came?: (request: IncomingMessage) => void;
  readonly answered?: (request: IncomingMessage, answer: IncomingMessage) => void;
}

/** The gates of this process, by their port. */
const downFiles = new Map<number, string>();

export async function startGate({ blobPort, downFile, came, answered }: GateOptions): Promise<Gate> {
  const agent = new Agent({ keepAlive: true });
  const server = createServer((request, response) => {
    if (existsSync(downFile)) request.socket.destroy();
    else {
      came?.(request);
      pass(request, response, { agent, blobPort, answered });
    }
  });
  server.requestTimeout = 0;
  server.keepAliveTimeout = 65_000;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  downFiles.set(port, downFile);
  return { port, stop: () => stop(server, agent, port) };
}

function pass(
  incoming: IncomingMessage,
  response: ServerResponse,
  {
    agent,
    blobPort,
    answered,
  }: Pick<GateOptions, 'blobPort'> & { readonly agent: Agent; readonly answered: GateOptions['answered'] },
): void {
  const source = copySource(incoming);
  if (source !== undefined && existsSync(downFiles.get(Number(source.port)) ?? '')) {
    response.writeHead(503, { 'x-ms-error-code': 'ServerBusy' }).end();
    return;
  }
  // Azurite copies from the address in its own Host header, which signatures do not cover.
  const headers = { ...incoming.headers, ...(source === undefined ? {} : { host: source.host }) };
  const outgoing = ask(
    { agent, host: '127.0.0.1', port: blobPort, method: incoming.method, path: incoming.url, headers },
    (answer) => {
      answered?.(incoming, answer);
      // The client may be gone by now.
      if (response.destroyed) {
        answer.resume();
        return;
      }
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      pipeline(answer, response, () => undefined);
    },
  );
  outgoing.on('error', () => response.destroy());
  pipeline(incoming, outgoing, () => undefined);
}

function copySource({ headers }: IncomingMessage): URL | undefined {
  const source = headers['x-ms-copy-source'];
  return typeof source === 'string' && URL.canParse(source) ? new URL(source) : undefined;
}

async function stop(server: Server, agent: Agent, port: number): Promise<void> {
  downFiles.delete(port);
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  agent.destroy();
  await closed;
}
