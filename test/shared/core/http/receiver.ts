import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

export interface Receiver {
  readonly port: number;
  /** Sockets that came in. */
  readonly connections: () => number;
  stop(): Promise<void>;
}

/** Listens on every address of this machine, so that it sees whatever comes to any spelling of it. */
export async function startReceiver(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  tls?: { readonly key: string; readonly cert: string },
): Promise<Receiver> {
  let connections = 0;
  const server = tls === undefined ? createServer(answer) : createTlsServer(tls, answer);
  server.on('connection', () => (connections += 1));
  server.listen(0);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => connections,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
