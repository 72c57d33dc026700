import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { connect } from 'node:net';
import { pipeline } from 'node:stream';
import { createServer } from 'node:tls';
import type { OwnCertificate } from './certificate.ts';

export interface TlsListener {
  readonly port: number;
  /** Forwards bytes to a port of this machine from now on. Connections that come before are closed. */
  readonly forwardTo: (port: number) => void;
  /** Accepts no new connection. Open ones end with the connections that they lead to. */
  readonly stop: () => Promise<void>;
}

/** The connections allowed, as many as the app allows itself. */
const maxConnections = 2_048;
const handshakeTimeoutMs = 10_000;

/**
 * Removes TLS and forwards the bytes as they are: clients that are silent, stop in the middle or send too much are the
 * app's own matter. Rejects with one sentence when the port is not available.
 */
export async function listenWithTls(
  { certificate, key }: Pick<OwnCertificate, 'certificate' | 'key'>,
  port: number,
): Promise<TlsListener> {
  let target: number | undefined;
  const server = createServer(
    { cert: certificate, key, handshakeTimeout: handshakeTimeoutMs, ALPNProtocols: ['http/1.1'] },
    (secure) => {
      if (target === undefined) return void secure.destroy();
      join(secure, connect(target, '127.0.0.1'));
    },
  );
  // A client that does not trust the authority says so, and the stack has nothing to add.
  server.on('tlsClientError', (_, socket) => socket.destroy());
  server.maxConnections = maxConnections;
  server.listen(port, '127.0.0.1');
  await once(server, 'listening').catch((error: unknown) => {
    throw listenFailure(error, port);
  });
  return {
    port: (server.address() as AddressInfo).port,
    forwardTo: (to) => (target = to),
    stop: () => {
      server.close();
      return Promise.resolve();
    },
  };
}

/** Joins two sockets. An end that breaks off breaks the other off: the client then sees what happened. */
function join(secure: Socket, plain: Socket): void {
  pipeline(secure, plain, (error) => error && secure.destroy());
  pipeline(plain, secure, (error) => error && plain.destroy());
}

function listenFailure(error: unknown, port: number): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE')
    return new Error(
      `port ${port} on 127.0.0.1 is in use: stop the program that listens there, or choose another port with --port`,
    );
  if (code !== 'EACCES') return error;
  return new Error(
    `this user may not listen on port ${port}: allow it by "sudo sysctl ` +
      `net.ipv4.ip_unprivileged_port_start=${port}", or choose another port with --port, which az ` +
      'does not support',
  );
}
