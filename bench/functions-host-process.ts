import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { app } from '@azure/functions';
import { createRouteTable } from '../emulators/functions-host/http/route-table.ts';
import { createHttpFront } from '../emulators/functions-host/http/server.ts';
import { createStreamWorker } from '../emulators/functions-host/http/stream-exchange.ts';
import { startFunctionsHost } from '../emulators/functions-host/start.ts';
import { composeForTest } from '../shared/app/compose-for-test.ts';
import { config, descriptor, digest, manifest, mediaType } from './pulled-image.ts';

/**
 * The servers that `bench/functions-host.ts` measures. `hop`: the local host alone forwards to a bare server, and its
 * invocations do nothing. `library`: the registry, over memory, with requests and answers as the library makes them.
 * `registry`: the registry answers forwarded requests by itself, as it is deployed.
 */
export type HostKind = 'hop' | 'library' | 'registry';

const repository = 'bench/app';
const headers = {
  'content-type': mediaType,
  'content-length': String(manifest.length),
  'docker-content-digest': digest,
  etag: `"${digest}"`,
};
const path = `/v2/${repository}/manifests/${digest}`;

async function hop(): Promise<string> {
  const behind = createServer((_, response) => response.writeHead(200, headers).end(manifest));
  await new Promise<void>((resolve) => behind.listen(0, '127.0.0.1', resolve));
  const worker = createStreamWorker(
    `http://127.0.0.1:${(behind.address() as AddressInfo).port}/`,
    () => Promise.resolve({ result: {}, returnValue: undefined }),
    { bodyLimit: 1_000, log: () => undefined },
  );
  const fn = {
    name: 'f',
    bindingName: 'b',
    retry: undefined,
    metadata: { name: 'f', bindings: {} },
    callback: () => undefined,
    trigger: { type: 'httpTrigger' as const, route: 'v2/{*path}', methods: [] },
  };
  const { server } = createHttpFront({
    routes: createRouteTable([fn], ''),
    worker,
    endpoints: {},
    bodyLimit: 1_000,
    refuseByHead: () => undefined,
    log: () => undefined,
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function hosted(answersItself: boolean, register: () => void): Promise<string> {
  const host = await startFunctionsHost({
    load: async () => {
      await import('../functions/setup.ts');
      register();
      const { guardLibrary, libraryModel } = await import('../functions/guard.ts');
      const model = libraryModel();
      if (model !== undefined) guardLibrary(model, { answersItself });
    },
    hostJson: { version: '2.0', functionTimeout: '-1', extensions: { http: { routePrefix: '' } } },
    log: () => undefined,
  });
  return host.url;
}

async function registry(answersItself: boolean): Promise<string> {
  const longshore = composeForTest();
  const { allMethods, httpHandlerOf } = await import('../functions/http-handler.ts');
  const url = await hosted(answersItself, () =>
    app.http('v2', {
      route: 'v2/{*path}',
      methods: allMethods,
      authLevel: 'anonymous',
      handler: httpHandlerOf(() => longshore.app),
    }),
  );
  const put = async (target: string, method: string, body: Buffer<ArrayBuffer>, type: string) => {
    const answer = await fetch(`${url}${target}`, { method, body, headers: { 'content-type': type } });
    if (answer.status !== 201) throw new Error(`${target}: ${answer.status} ${await answer.text()}`);
  };
  await put(`/v2/${repository}/blobs/uploads/?digest=${descriptor.digest}`, 'POST', config, 'application/octet-stream');
  await put(`/v2/${repository}/manifests/v1`, 'PUT', manifest, mediaType);
  return url;
}

const kinds: Readonly<Record<HostKind, () => Promise<string>>> = {
  hop,
  library: () => registry(false),
  registry: () => registry(true),
};

const url = await kinds[process.argv[2] as HostKind]();
process.send?.({ port: Number(new URL(url).port), byTag: path, byDigest: path, blob: path, authorization: undefined });
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send?.(user + system);
});
