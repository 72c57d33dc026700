import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pipeline } from 'node:stream';
import { command } from './command.ts';

export interface TlsFront {
  /** `https://127.0.0.1:PORT`: what clients are given, and what LONGSHORE_PUBLIC_URL must say. */
  readonly url: string;
  /** The certificate, PEM: clients must trust it by name. */
  readonly certificate: string;
  /** Forwards all further requests to the plain http URL of a host. */
  forwardTo(url: string): void;
  stop(): Promise<void>;
}

/** Ends TLS before a plain host, as a load balancer does: what comes in goes on byte for byte, `Host` included. */
export async function startTlsFront(folder: string): Promise<TlsFront> {
  const [keyPath, certificatePath] = [join(folder, 'front.key'), join(folder, 'front.pem')];
  await command('openssl', [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-days',
    '1',
    '-subj',
    '/CN=127.0.0.1',
    '-addext',
    'subjectAltName=IP:127.0.0.1',
    '-keyout',
    keyPath,
    '-out',
    certificatePath,
  ]);
  const [key, certificate] = await Promise.all([readFile(keyPath, 'utf8'), readFile(certificatePath, 'utf8')]);
  let target: URL | undefined;
  const server = createServer({ key, cert: certificate }, (incoming, outgoing) => {
    if (target === undefined) return void outgoing.writeHead(502).end();
    const onward = request(
      {
        hostname: target.hostname,
        port: target.port,
        method: incoming.method,
        path: incoming.url,
        headers: incoming.rawHeaders,
      },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
        pipeline(answer, outgoing, () => undefined);
      },
    );
    // One end that breaks off breaks the other off: the client then sees what happened, not an answer of the front's.
    pipeline(incoming, onward, (error) => error && outgoing.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    certificate,
    forwardTo(url) {
      target = new URL(url);
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
