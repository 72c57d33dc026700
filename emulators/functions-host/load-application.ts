import type { Server } from 'node:http';
import { type Application, createApplication, runHooks } from './application.ts';
import { provideCoreModule } from './core-module.ts';
import type { ProgrammingModel } from './core-types.ts';
import { finishBodiesLeftUnread, keepIdleConnections, withServerOpenedBy } from './library-server.ts';
import { asError, type Log } from './log.ts';
import { type HostedFunction, parseFunction } from './trigger-binding.ts';

export interface LoadedApplication {
  application: Application;
  model: ProgrammingModel;
  functions: HostedFunction[];
  /** The library's own HTTP server; only with `app.setup({ enableHttpStream: true })`. */
  stream: { uri: string; server: Server | undefined } | undefined;
}

/**
 * Loads an app in the worker's order: entry files, appStart hooks, capabilities (after which `app.setup` throws).
 * Rejects with every function that this host cannot serve, and when nothing registered.
 */
export async function loadApplication(load: () => Promise<void>, log: Log): Promise<LoadedApplication> {
  const application = createApplication();
  provideCoreModule(application, log);
  await load();
  application.seal();
  const { model } = application;
  if (model === undefined || application.functions.size === 0) {
    throw new Error(
      'The app registered no function. Was @azure/functions used before the host started? It then stays in its ' +
        'test mode, and registers nothing.',
    );
  }
  const functions = parseAll(application);
  await runHooks(application, 'appStart', { hookData: {} });
  const { result: capabilities, server } = await withServerOpenedBy(() => model.getCapabilities({}));
  if (server !== undefined) {
    finishBodiesLeftUnread(server, log);
    keepIdleConnections(server);
  }
  const uri = capabilities['HttpUri'];
  return { application, model, functions, stream: uri === undefined ? undefined : { uri, server } };
}

function parseAll(application: Application): HostedFunction[] {
  const faults: string[] = [];
  const functions = [...application.functions.values()].flatMap((registered) => {
    try {
      return [parseFunction(registered)];
    } catch (error) {
      faults.push(asError(error).message);
      return [];
    }
  });
  if (faults.length > 0) throw new Error(faults.join('\n'));
  return functions;
}
