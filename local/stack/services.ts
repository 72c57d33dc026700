import { devstoreAccount } from '../azurite/accounts.ts';
import { startAzurite } from '../azurite/start.ts';
import type { Azurite } from '../azurite/start.ts';
import type { ServiceEndpoints } from './app-settings.ts';
import { localEventGridKeys } from './event-grid-keys.ts';
import type { StackSettings } from './settings.ts';
import { lockState, markRunning, markStopped } from './state-folder.ts';
import type { StateFolder } from './state-folder.ts';

const secondRegionAccount = { name: 'devstoreaccount2', key: devstoreAccount.key };
const blobContainers = ['registry', 'dead-letters'];

export interface Services {
  readonly endpoints: ServiceEndpoints;
  stop(): Promise<void>;
}

export interface ServicesOptions {
  readonly settings: StackSettings;
  readonly state: StateFolder;
  /** Where functions are called; `undefined` until they listen: then their events wait. */
  readonly functionsUrl: () => string | undefined;
  /** One line of progress for a person. */
  readonly progress: (line: string) => void;
  readonly log: (line: string) => void;
}

/** Starts Azurite, the Cosmos DB emulator and the Event Grid topic on one state folder. Rejects with one sentence. */
export async function startServices(options: ServicesOptions): Promise<Services> {
  const { state, progress } = options;
  // The services of a run that was killed need a moment to end.
  const lock = await lockState(state, 'services', 15_000);
  const unclean = markRunning(state);
  const started: { stop(): Promise<void> }[] = [];
  const stopAll = async () => {
    for (const service of started.reverse()) await service.stop();
  };
  try {
    const endpoints = await startAll(options, started);
    const { recover } = await import('./service-parts.ts');
    if (unclean) await recover(endpoints, progress);
    const stop = async () => {
      await stopAll();
      markStopped(state);
      lock.release();
    };
    return { endpoints, stop };
  } catch (error) {
    await stopAll();
    // A crash before this start is still to be looked into by the next.
    if (!unclean) markStopped(state);
    lock.release();
    throw error;
  }
}

async function startAll(options: ServicesOptions, started: { stop(): Promise<void> }[]): Promise<ServiceEndpoints> {
  const { progress, settings, state, log } = options;
  progress('starting Azurite, the Cosmos DB emulator and the Event Grid topic …');
  const azuriteUp = startAzurite({ folder: state.file('azurite'), blobPort: settings.blobPort, queuePort: settings.queuePort, accounts: [devstoreAccount, secondRegionAccount], log });
  // The slowest of them comes up while this process reads the code of the others.
  const parts = import('./service-parts.ts');
  const cosmosUp = parts.then(({ startCosmos }) => startCosmos(state.file('cosmos.sqlite'), settings.cosmosPort));
  const results = await Promise.allSettled([azuriteUp, cosmosUp]);
  for (const result of results) if (result.status === 'fulfilled') started.push(result.value);
  const [azurite, cosmos] = [await azuriteUp, await cosmosUp];
  progress('making containers …');
  const { containers, provision, startTopic } = await parts;
  const connection = azurite.connectionString(devstoreAccount.name);
  await provision(cosmos, [connection, azurite.connectionString(secondRegionAccount.name)], blobContainers);
  const eventGrid = await startTopic(options, connection);
  started.push(eventGrid);
  return endpointsOf(azurite, { ...cosmos, database: containers().database }, eventGrid);
}

function endpointsOf(azurite: Azurite, { endpoint, key, database }: { endpoint: string; key: string; database: string }, eventGrid: { endpoint: string }): ServiceEndpoints {
  const connectionString = azurite.connectionString(devstoreAccount.name);
  return {
    cosmos: { endpoint, key, database },
    blob: { endpoint: azurite.blobEndpoint(devstoreAccount.name), connectionString },
    queue: { endpoint: azurite.queueEndpoint(devstoreAccount.name), connectionString },
    eventGrid: { endpoint: eventGrid.endpoint, key: localEventGridKeys[0] },
    secondRegion: { connectionString: azurite.connectionString(secondRegionAccount.name) },
  };
}
