import { readFileSync } from 'node:fs';
import { composed } from '../../functions/composed.ts';
import { startNodeHost } from '../../shared/http/node-host.ts';
import { startFunctionsHost } from '../functions-host/start.ts';
import type { LogRecord } from '../functions-host/log.ts';
import { appSettings } from './app-settings.ts';
import { startServicesProcess } from './services-process.ts';
import type { StackSettings } from './settings.ts';
import { stackKeys } from './stack-keys.ts';
import { lockState, openStateFolder } from './state-folder.ts';
import type { StateFolder } from './state-folder.ts';

export interface Stack {
  /** Where clients push and pull: plain Node. */
  readonly url: string;
  /** The same under the Functions host. */
  readonly functionsUrl: string;
  onFailure(handle: (why: string) => void): void;
  stop(): Promise<void>;
}

/** Requests under way have this long to end when the stack stops. In milliseconds. */
const graceMs = 5_000;

/** Brings everything up on this machine. One per process: the app is configured by the environment. Rejects with one sentence. */
export async function startStack(settings: StackSettings, progress: (line: string) => void): Promise<Stack> {
  const state = openStateFolder(settings.state);
  const lock = await lockState(state, 'stack', 0);
  const stops: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (const each of stops.reverse()) await each();
    lock.release();
  };
  try {
    const keys = await stackKeys(state, settings.auth, (password) => progress(`the administrator is "admin" with the password ${password}: it is shown this once (to get another, remove adminPasswordHash from ${state.file('keys.json')})`));
    const services = await startServicesProcess(settings, progress);
    stops.push(() => services.stop());
    Object.assign(process.env, appSettings(services.endpoints, { keys, auth: settings.auth, logLevel: settings.logLevel, logFile: state.file('longshore.log') }));
    progress('starting the functions …');
    const functions = await startFunctions(settings, state);
    stops.push(() => functions.stop());
    services.tellFunctionsUrl(functions.url);
    const node = await startNodeHost(composed().app, { host: '127.0.0.1', port: settings.port });
    stops.push(async () => {
      await node.stop(graceMs);
      composed().dispose();
    });
    return { url: node.url, functionsUrl: functions.url, onFailure: (handle) => services.onFailure(handle), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function startFunctions(settings: StackSettings, state: StateFolder) {
  return startFunctionsHost({
    load: async () => {
      await import('../../functions/index.ts');
    },
    hostJson: JSON.parse(readFileSync(new URL('../../host.json', import.meta.url), 'utf8')),
    env: { ...process.env, FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: '1099511627776' },
    port: settings.functionsPort,
    stateFolder: state.file('functions'),
    log: logHostRecord,
  });
}

/** The host's lines go where the app's go. What a function ends with is told at debug level: there is one a request. */
function logHostRecord({ level, message, ...fields }: LogRecord): void {
  const { log } = composed();
  if (level === 'error' || level === 'critical') log.error(fields, message);
  else if (level === 'warning') log.warn(fields, message);
  else log.debug(fields, message);
}
