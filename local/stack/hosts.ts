import { readFileSync } from 'node:fs';
import type { RefuseByHead } from '../../emulators/functions-host/http/server.ts';
import type { LogRecord } from '../../emulators/functions-host/log.ts';
import { startFunctionsHost } from '../../emulators/functions-host/start.ts';
import { composed } from '../../functions/composed.ts';
import type { NodeHost } from '../../host/node-host.ts';
import { startNodeHost } from '../../host/node-host.ts';
import { allHostNamesOf, parseConfig } from '../../shared/app/config/config.ts';
import { requireOwnHost } from '../../shared/core/http/host-names.ts';
import { wireAnswer } from '../../shared/core/http/respond.ts';
import { RegistryError } from '../../shared/core/oci/faults.ts';
import type { StackSettings } from './settings.ts';
import type { StateFolder } from './state-folder.ts';

// All of the app and its SDKs hangs on this file. The stack loads it while the services start.

/** Starts the app on plain Node. Call it once the environment configures the app. */
export async function startNode(settings: StackSettings): Promise<NodeHost> {
  const longshore = composed();
  const host = await startNodeHost(longshore.app, { host: '127.0.0.1', port: settings.port });
  return {
    url: host.url,
    async stop(graceMs) {
      await host.stop(graceMs);
      await longshore.flush();
      await longshore.dispose();
    },
  };
}

/**
 * The bytes that the templates allow an instance of 2 GiB that takes uploads itself, a sixth:
 * local.settings.sample.json has the same.
 */
const largestBody = '357913941';

/** Starts the app, and all triggers, on the Functions host. */
export function startFunctions(
  settings: StackSettings,
  {
    state,
    functionsKey,
    folder = 'functions',
  }: { readonly state: StateFolder; readonly functionsKey: string; readonly folder?: string },
) {
  return startFunctionsHost({
    load: async () => {
      await import('../../functions/index.ts');
    },
    hostJson: JSON.parse(readFileSync(new URL('../../host.json', import.meta.url), 'utf8')),
    env: { ...process.env, FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: largestBody },
    port: settings.functionsPort,
    refuseByHead: refuseStrangers(),
    stateFolder: state.file(folder),
    eventGridKey: settings.eventGridCode || functionsKey,
    log: logHostRecord,
  });
}

/**
 * Refuses requests of strangers' pages: the host's own endpoints, that of Event Grid among them, are no more for such a
 * page than the app is.
 */
function refuseStrangers(): RefuseByHead {
  const names = allHostNamesOf(parseConfig(process.env));
  return ({ method = 'GET', url: path = '/', headers }) => {
    try {
      requireOwnHost(names, { method, path, host: headers.host ?? 'localhost', origin: headers.origin });
      return undefined;
    } catch (error) {
      if (!(error instanceof RegistryError)) throw error;
      const { status, json } = wireAnswer(error.fault);
      return { status, json };
    }
  };
}

/** Writes the host's lines to the app's log. The end of a function is logged at debug level: there is one a request. */
function logHostRecord({ level, message, ...fields }: LogRecord): void {
  const { log } = composed();
  if (level === 'error' || level === 'critical') log.error(fields, message);
  else if (level === 'warning') log.warn(fields, message);
  else log.debug(fields, message);
}
