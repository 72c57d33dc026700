import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { Server } from 'node:http';
import type { Log } from './log.ts';

const channel = 'tracing:net.server.listen:asyncStart';

/**
 * Runs `start` and answers, beside its result, the HTTP server that it opened, if any. `@azure/functions` opens one for
 * HTTP streams and hands out its URL alone, so nobody could close it, and it would keep the process alive.
 */
export async function withServerOpenedBy<T>(
  start: () => Promise<T>,
): Promise<{ result: T; server: Server | undefined }> {
  let server: Server | undefined;
  const notice = (message: unknown) => {
    if (typeof message === 'object' && message !== null && 'server' in message && message.server instanceof Server)
      server = message.server;
  };
  subscribe(channel, notice);
  try {
    return { result: await start(), server };
  } finally {
    unsubscribe(channel, notice);
  }
}

/**
 * Connections of this host alone come here, and it closes them itself. A server that closes idle ones does so also,
 * when the process was busy, to one on which a request has just been sent: the client would get 500.
 */
export function keepIdleConnections(server: Server): void {
  server.keepAliveTimeout = 0;
}

/**
 * Reads to the end what a handler left of a body that it had begun to read, and says so. Node drops only bodies that
 * nobody touched, and the library takes no care of the others: without this the next request on the connection,
 * anybody's, waits five seconds and fails. A handler should read all of a body or none of it.
 */
export function finishBodiesLeftUnread(server: Server, log: Log): void {
  server.on('request', (req, res) => {
    res.once('finish', () => {
      const isLeftOver = req.readableDidRead && (!req.complete || req.readableLength > 0);
      if (!isLeftOver) return;
      // The handler's iterator still listens, and a stream with such a listener does not flow.
      req.removeAllListeners('readable').resume();
      const invocationId = String(req.headers['x-ms-invocation-id']);
      log({
        level: 'warning',
        category: 'Host.Http',
        invocationId,
        message:
          `${String(req.method)} ${String(req.url)} was answered with part of its body read. ` +
          '@azure/functions would leave its connection stuck: read a body to its end, or not at all.',
      });
    });
  });
}
