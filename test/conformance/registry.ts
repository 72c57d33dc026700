import { randomUUID } from 'node:crypto';
import type { App } from '../../shared/app.ts';
import { startNodeHost } from '../../shared/http/node-host.ts';
import { composeForTest } from '../../shared/compose-for-test.ts';

/** A registry that is up, however it is reached. */
export interface RunningRegistry {
  readonly app: App;
  stop(): Promise<void>;
}

/** Brings one up for a workflow of the suite. Another host joins the suite with another of these. */
export type SetUpRegistry = () => Promise<RunningRegistry>;

/** The app by itself, without a socket. */
export const directly: SetUpRegistry = () => Promise.resolve({ app: composeForTest({ settings: { blobs: 'proxy' } }).app, stop: () => Promise.resolve() });

/** The app behind `node:http`. */
export const overNodeHost: SetUpRegistry = async () => {
  const host = await startNodeHost(composeForTest({ settings: { blobs: 'proxy' } }).app, { host: '127.0.0.1', port: 0 });
  return { app: remoteApp(host.url), stop: () => host.stop(1_000) };
};

/** An app that is somewhere else: what is asked of it goes over the network, and redirects are left to the test. */
export function remoteApp(url: string): App {
  return {
    async fetch(request) {
      const { pathname, search } = new URL(request.url);
      const body = request.body === null ? {} : { body: await request.arrayBuffer() };
      return fetch(`${url}${pathname}${search}`, { method: request.method, headers: request.headers, redirect: 'manual', ...body });
    },
  };
}

/** Workflows share a registry, and a registry may have been used before. */
export function freshRepository(): string {
  return `conformance/${randomUUID()}`;
}
