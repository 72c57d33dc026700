import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { FromRegion, ToRegion } from './region-child.ts';
import type { StackSettings } from './settings.ts';

/** The app of a further region, in a process of its own: each is configured by its environment. */
export interface RegionApp {
  readonly url: string;
  readonly functionsUrl: string;
  onFailure(handle: (why: string) => void): void;
  stop(): Promise<void>;
}

/** Starts the app of a region, configured by `environment`. Rejects with the one sentence that it failed with. */
export async function startRegionApp(
  name: string,
  number: number,
  settings: StackSettings,
  environment: Readonly<Record<string, string>>,
): Promise<RegionApp> {
  const child = fork(fileURLToPath(new URL('region-child.ts', import.meta.url)), {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, ...environment },
  });
  const send = (message: ToRegion) => void child.send(message);
  const exited = once(child, 'exit');
  send({ start: settings, number });
  const { url, functionsUrl } = await new Promise<{ url: string; functionsUrl: string }>((resolve, reject) => {
    child.on('message', (message: FromRegion) =>
      'failed' in message ? reject(new Error(message.failed)) : resolve(message.ready),
    );
    child.once('exit', (code) =>
      reject(new Error(`the region ${name} ended while it started (exit code ${String(code)})`)),
    );
  });
  let stopping = false;
  return {
    url,
    functionsUrl,
    onFailure: (handle) =>
      void exited.then(([code]) =>
        stopping ? undefined : handle(`the region ${name} ended (exit code ${String(code)})`),
      ),
    async stop() {
      stopping = true;
      if (child.exitCode !== null || child.signalCode !== null) return;
      send({ stop: true });
      await exited;
    },
  };
}
