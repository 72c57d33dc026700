import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { ServiceEndpoints } from './app-settings.ts';
import type { FromChild, ToChild } from './services-child.ts';
import type { StackSettings } from './settings.ts';

export interface ServicesProcess {
  readonly endpoints: ServiceEndpoints;
  /** Delivers events for a region's functions, the first's without a number, to this URL from now on. */
  setFunctionsUrl(url: string, region?: number): void;
  /** Calls `handle` when the services end without being asked to. */
  onFailure(handle: (why: string) => void): void;
  stop(): Promise<void>;
}

/** Starts the services in a process of their own. Rejects with the one sentence that they failed with. */
export async function startServicesProcess(
  settings: StackSettings,
  progress: (line: string) => void,
): Promise<ServicesProcess> {
  const child = fork(fileURLToPath(new URL('services-child.ts', import.meta.url)), {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const send = (message: ToChild) => void child.send(message);
  const exited = once(child, 'exit');
  send({ start: settings });
  const endpoints = await new Promise<ServiceEndpoints>((resolve, reject) => {
    child.on('message', (message: FromChild) => {
      if ('progress' in message) progress(message.progress);
      else if ('ready' in message) resolve(message.ready);
      else reject(new Error(message.failed));
    });
    child.once('exit', (code) =>
      reject(new Error(`the local services ended while they started (exit code ${String(code)})`)),
    );
  });
  let stopping = false;
  return {
    endpoints,
    setFunctionsUrl: (functionsUrl, region = 0) => send({ functionsUrl, region }),
    onFailure: (handle) =>
      void exited.then(([code]) =>
        stopping
          ? undefined
          : handle(`the local services ended (exit code ${String(code)}): see services.log in the state folder`),
      ),
    async stop() {
      stopping = true;
      if (child.exitCode !== null || child.signalCode !== null) return;
      send({ stop: true });
      await exited;
    },
  };
}
