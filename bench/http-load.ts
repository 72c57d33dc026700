import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connect } from 'node:net';

export const connections = 16;
/** Distribution treats a client that does not name OCI's type as one that knows only Docker's. */
const manifest = 'application/vnd.oci.image.manifest.v1+json';

export interface Asked {
  /** The path of all connections, or one for each. */
  readonly path: string | ((connection: number) => string);
  /** The status of every answer. */
  readonly status: number;
  readonly authorization?: string | undefined;
}

/**
 * Measures the answers a second to one GET, over connections that stay open, with one request at a time on each. It
 * searches only for the end of each answer, so that the load costs little beside the server. An answer with another
 * status ends the process.
 */
export async function requestsPerSecond(
  port: number,
  { path, status, authorization }: Asked,
  ms: number,
): Promise<number> {
  const credentials = authorization === undefined ? '' : `Authorization: ${authorization}\r\n`;
  const request = (connection: number) =>
    Buffer.from(
      `GET ${typeof path === 'string' ? path : path(connection)} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAccept: ` +
        `${manifest}, */*\r\n${credentials}\r\n`,
    );
  const sockets = await Promise.all(Array.from({ length: connections }, () => opened(port)));
  const end = performance.now() + ms;
  const counts = await Promise.all(sockets.map((socket, at) => repeat(socket, request(at), status, end)));
  for (const socket of sockets) socket.destroy();
  return (counts.reduce((sum, count) => sum + count, 0) / ms) * 1000;
}

async function opened(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  return socket;
}

function repeat(socket: Socket, request: Buffer, status: number, end: number): Promise<number> {
  return new Promise((resolve, reject) => {
    let answers = 0;
    let missing = 0;
    socket.on('error', reject);
    socket.on('data', (chunk) => {
      missing = missing === 0 ? bytesMissing(chunk, status) : missing - chunk.length;
      if (missing > 0) return;
      answers += 1;
      if (performance.now() < end) socket.write(request);
      else resolve(answers);
    });
    socket.write(request);
  });
}

/** Returns the missing bytes of an answer's body after its first chunk, which has the whole head. */
function bytesMissing(chunk: Buffer, status: number): number {
  const headEnd = chunk.indexOf('\r\n\r\n');
  const head = chunk.toString('latin1', 0, headEnd);
  const length = /content-length: (\d+)/i.exec(head)?.[1];
  // An error in a socket's event ends the bench: a rate of wrong answers is no result.
  if (!head.startsWith(`HTTP/1.1 ${status}`) || length === undefined) throw new Error(`unexpected answer: ${head}`);
  return headEnd + 4 + Number(length) - chunk.length;
}
