import { once } from 'node:events';
import type { IncomingHttpHeaders, Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Arrival {
  readonly receiver: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** Epoch milliseconds, with fractions. */
  readonly at: number;
}

export interface WebhookReceivers {
  readonly urls: readonly string[];
  readonly arrived: readonly Arrival[];
  /** Waits until so many have arrived in all. Rejects after `patienceMs`. */
  whenArrived(count: number, patienceMs?: number): Promise<void>;
  stop(): Promise<void>;
}

/** Hosts of their own, as far as a sender can tell. `hangs` takes requests and never answers. */
export async function startWebhookReceivers(count: number, hangs?: 'hangs'): Promise<WebhookReceivers> {
  const arrived: Arrival[] = [];
  const servers: Server[] = [];
  let wake = (): void => undefined;
  for (let receiver = 0; receiver < count; receiver += 1) {
    const server = createServer((request, response) => {
      const at = performance.timeOrigin + performance.now();
      void request.toArray().then(
        (chunks) => {
          arrived.push({ receiver, headers: request.headers, body: Buffer.concat(chunks as Buffer[]).toString(), at });
          if (hangs === undefined) response.end();
          wake();
        },
        () => undefined,
      );
    });
    servers.push(server.listen(0, '127.0.0.1'));
    await once(server, 'listening');
  }
  return {
    urls: servers.map((server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`),
    arrived,
    async whenArrived(wanted, patienceMs = 60_000) {
      const until = AbortSignal.timeout(patienceMs);
      while (arrived.length < wanted) {
        await new Promise<void>((resolve, reject) => {
          wake = resolve;
          until.onabort = () =>
            reject(new Error(`${arrived.length} of ${wanted} deliveries arrived in ${patienceMs} ms`));
        });
      }
    },
    async stop() {
      const closed = servers.map((server) => once(server, 'close'));
      for (const server of servers) server.close();
      for (const server of servers) server.closeAllConnections();
      await Promise.all(closed);
    },
  };
}

/** Waits until the log has what arrived: then nothing of it is under way any more, or next to nothing. */
export async function whenLogged(
  url: string,
  arrivals: readonly Arrival[],
  nameOf: (receiver: number) => string,
): Promise<void> {
  for (const { receiver, headers } of arrivals.slice(-5)) {
    const path = `${url}/api/v1/webhooks/${nameOf(receiver)}/deliveries/${String(headers['webhook-id'])}`;
    while (!(await fetch(path)).ok) await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** From when the event says that it happened to when it came, in milliseconds; of bodies in ACR's format. */
export function latency({ body, at }: Arrival): number {
  return at - Date.parse((JSON.parse(body) as { timestamp: string }).timestamp);
}

export function percentile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? 0;
}
