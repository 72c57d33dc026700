import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ServiceEndpoints } from '../local/stack/app-settings.ts';
import { appSettings } from '../local/stack/app-settings.ts';
import { startServicesProcess } from '../local/stack/services-process.ts';
import { parseSettings } from '../local/stack/settings.ts';
import { stackKeys } from '../local/stack/stack-keys.ts';
import { openStateFolder } from '../local/stack/state-folder.ts';

export interface Emulators {
  readonly endpoints: ServiceEndpoints;
  /** The app's environment with the emulators' addresses. */
  readonly settings: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/**
 * Starts Azurite, the Cosmos DB emulator and the topic in processes of their own, as `npm start` does, on a folder that
 * is deleted with them.
 */
export async function startEmulators(): Promise<Emulators> {
  const path = await mkdtemp(join(tmpdir(), 'longshore-bench-'));
  const state = openStateFolder(path);
  const services = await startServicesProcess(
    { ...parseSettings('start', ['--state', path], {}), eventGridPort: 0 },
    () => undefined,
  );
  const keys = await stackKeys(state, 'open', () => undefined);
  return {
    endpoints: services.endpoints,
    settings: appSettings(services.endpoints, {
      keys,
      auth: 'open',
      logLevel: 'info',
      logFile: state.file('longshore.log'),
    }),
    async stop() {
      await services.stop();
      await rm(path, { recursive: true });
    },
  };
}
