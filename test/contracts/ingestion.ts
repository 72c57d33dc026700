import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import type { HttpClient } from '@azure/core-rest-pipeline';
import { ledTo } from './led-to.ts';

/** The envelope that Application Insights gets for one span. */
export interface Envelope {
  readonly iKey: string;
  readonly sampleRate?: number;
  readonly tags: Readonly<Record<string, string>>;
  readonly data: {
    readonly baseType: 'RequestData' | 'RemoteDependencyData';
    readonly baseData: {
      readonly id: string;
      readonly name: string;
      readonly success: boolean;
      readonly responseCode?: string;
      readonly type?: string;
      readonly target?: string;
      readonly properties: Readonly<Record<string, string>>;
    };
  };
}

export interface Ingestion {
  readonly connectionString: string;
  readonly httpClient: HttpClient;
  readonly envelopes: readonly Envelope[];
  /** All that came, as text: to look for what must not be in it. */
  readonly bodies: readonly string[];
  readonly paths: readonly string[];
  stop(): Promise<void>;
}

const endpoint = 'https://contract.in.applicationinsights.azure.com';
export const instrumentationKey = '11111111-2222-3333-4444-555555555555';

/** The ingestion endpoint of Application Insights: takes everything. */
export async function startIngestion(): Promise<Ingestion> {
  const [envelopes, bodies, paths]: [Envelope[], string[], string[]] = [[], [], []];
  const server = createServer((request, response) => {
    void buffer(request).then((sent) => {
      const body = (request.headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent).toString();
      const received = JSON.parse(body) as Envelope[];
      paths.push(request.url ?? '');
      bodies.push(body);
      envelopes.push(...received);
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify({ itemsReceived: received.length, itemsAccepted: received.length, errors: [] }));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    connectionString: `InstrumentationKey=${instrumentationKey};IngestionEndpoint=${endpoint}/`,
    httpClient: ledTo(endpoint, url),
    envelopes,
    bodies,
    paths,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
