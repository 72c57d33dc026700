import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingHttpHeaders } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';

export interface Asked {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Ci {
  readonly url: string;
  readonly asked: Asked[];
  /** The answers to the requests, one after the other; the last one stays. */
  answers: { readonly status: number; readonly headers?: Record<string, string>; readonly body?: string }[];
  stop(): void;
}

/** Starts a CI that runs builds or gates; it keeps the requests that it gets. */
export async function startCi(): Promise<Ci> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      ci.asked.push({ path: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks).toString() });
      const answer = ci.answers.length > 1 ? ci.answers.shift() : ci.answers[0];
      response.writeHead(answer?.status ?? 204, answer?.headers).end(answer?.body);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const ci: Ci = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: [],
    answers: [],
    stop() {
      server.close();
    },
  };
  return ci;
}

export interface Job {
  readonly build: string;
  readonly id: string;
  readonly repository: string;
  readonly context: object;
  readonly claim: string;
  readonly login?: { readonly user: string; readonly password: string };
  readonly callback: { readonly url: string; readonly token: string };
}

/**
 * Returns the headers by which a CI asks for a job whole: they are signed with the secret for claims, for this time and
 * this path.
 */
export function claimed(claimSecret: string, claim: string, at: Date): Record<string, string> {
  const { pathname, search } = new URL(claim);
  const [id, timestamp] = [pathname + search, String(Math.floor(at.getTime() / 1_000))];
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': `v1,${createHmac('sha256', claimSecret).update(`${id}.${timestamp}.`).digest('base64')}`,
  };
}

/** As receivers verify it. The registry's clock stands still, so the time is not looked at. */
export function verified(secret: string, { headers, body }: Asked): unknown {
  const stamped = new Webhook(secret).sign(
    String(headers['webhook-id']),
    new Date(Number(headers['webhook-timestamp']) * 1_000),
    body,
  );
  if (stamped !== headers['webhook-signature']) throw new Error('the signature is not right');
  return JSON.parse(body);
}
