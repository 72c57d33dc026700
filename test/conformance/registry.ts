import { randomUUID } from 'node:crypto';
import { startNodeHost } from '../../host/node-host.ts';
import type { App } from '../../shared/app/app.ts';
import { composeForTest } from '../../shared/app/compose-for-test.ts';
import { composeRequired, makeToken } from '../shared/features/identity/required.ts';
import { conformanceActions, loggedIn } from './login.ts';

/** A registry that is up, however it is reached. */
export interface RunningRegistry {
  readonly app: App;
  stop(): Promise<void>;
}

/**
 * One that asks who is there. `app` is asked by a token that may do everything in the suite's repositories and nothing
 * else.
 */
export interface GuardedRegistry extends RunningRegistry {
  /** The same without credentials. */
  readonly stranger: App;
}

/** Brings one up for a workflow of the suite. Another host joins the suite with another of these. */
export type SetUpRegistry = () => Promise<RunningRegistry>;

/** The app by itself, without a socket. */
export const directly: SetUpRegistry = () =>
  Promise.resolve({ app: composeForTest({ settings: { blobs: 'proxy' } }).app, stop: () => Promise.resolve() });

/** The app behind `node:http`. */
export const overNodeHost: SetUpRegistry = async () => {
  const host = await startNodeHost(composeForTest({ settings: { blobs: 'proxy' } }).app, {
    host: '127.0.0.1',
    port: 0,
  });
  return { app: remoteApp(host.url), stop: () => host.stop(1_000) };
};

/** The app behind `node:http`, where credentials are required. */
export const overGuardedNodeHost = async (): Promise<GuardedRegistry> => {
  const longshore = composeRequired({ settings: { blobs: 'proxy' } });
  const password = await makeToken(longshore, 'conformance', conformanceActions);
  const host = await startNodeHost(longshore.app, { host: '127.0.0.1', port: 0 });
  const stranger = remoteApp(host.url);
  return { app: loggedIn(stranger, 'conformance', password), stranger, stop: () => host.stop(1_000) };
};

/** An app that is somewhere else: what is asked of it goes over the network, and redirects are left to the test. */
export function remoteApp(url: string): App {
  return {
    async fetch(request) {
      const { pathname, search } = new URL(request.url);
      const body = request.body === null ? {} : { body: await request.arrayBuffer() };
      return fetch(`${url}${pathname}${search}`, {
        method: request.method,
        headers: request.headers,
        redirect: 'manual',
        ...body,
      });
    },
  };
}

/** Workflows share a registry, and a registry may have been used before. */
export function freshRepository(): string {
  return `conformance/${randomUUID()}`;
}
