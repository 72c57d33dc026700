import { fileURLToPath } from 'node:url';
import { azureBlobs } from '../../shared/adapters/azure/blobs.ts';
import { azureDocuments } from '../../shared/adapters/azure/documents.ts';
import { devstoreAccount } from '../azurite/accounts.ts';
import { startAzurite } from '../azurite/start.ts';
import type { Azurite } from '../azurite/start.ts';
import { startCosmosEmulator } from '../cosmos/emulator.ts';
import { blobDeadLetterSink } from '../eventgrid/blob-dead-letter.ts';
import { startEventGrid } from '../eventgrid/start.ts';
import { readSubscriptionFile } from '../eventgrid/subscription.ts';
import type { SubscriptionInput } from '../eventgrid/subscription.ts';
import type { ServiceEndpoints } from './app-settings.ts';
import { forgetLostBlobs } from './lost-blobs.ts';
import { provision, readContainers } from './provision.ts';
import type { StackSettings } from './settings.ts';
import { lockState, markRunning, markStopped } from './state-folder.ts';
import type { StateFolder } from './state-folder.ts';

/** Of the local stack alone, and as public as Azurite's: it guards nothing but against mistakes. */
export const localEventGridKeys: [string, string] = [Buffer.from('longshore-local-event-grid-key-1').toString('base64'), Buffer.from('longshore-local-event-grid-key-2').toString('base64')];

const secondRegionAccount = { name: 'devstoreaccount2', key: devstoreAccount.key };
const blobContainers = ['registry', 'dead-letters'];

export interface Services {
  readonly endpoints: ServiceEndpoints;
  /** What a crash before this start has lost, by digest. */
  readonly lost: readonly string[];
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
  const stop = async () => {
    for (const service of started.reverse()) await service.stop();
    markStopped(state);
    lock.release();
  };
  try {
    const endpoints = await startAll(options, started);
    const lost = unclean ? await recover(endpoints, progress) : [];
    return { endpoints, lost, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startAll(options: ServicesOptions, started: { stop(): Promise<void> }[]): Promise<ServiceEndpoints> {
  const { progress, settings, state, log } = options;
  progress('starting Azurite, the Cosmos DB emulator and the Event Grid topic …');
  const azuriteUp = startAzurite({ folder: state.file('azurite'), blobPort: settings.blobPort, queuePort: settings.queuePort, accounts: [devstoreAccount, secondRegionAccount], log });
  const cosmosUp = startCosmos(state.file('cosmos.sqlite'), settings.cosmosPort);
  const results = await Promise.allSettled([azuriteUp, cosmosUp]);
  for (const result of results) if (result.status === 'fulfilled') started.push(result.value);
  const [azurite, cosmos] = [await azuriteUp, await cosmosUp];
  progress('making containers …');
  const connection = azurite.connectionString(devstoreAccount.name);
  await provision(cosmos, [connection, azurite.connectionString(secondRegionAccount.name)], blobContainers);
  const eventGrid = await startTopic(options, connection);
  started.push(eventGrid);
  return endpointsOf(azurite, cosmos, eventGrid);
}

async function startCosmos(path: string, port: number) {
  try {
    return await startCosmosEmulator({ path, port });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') throw new Error(`port ${port}, for Cosmos DB, is in use: choose another with LONGSHORE_COSMOS_PORT`, { cause: error });
    throw new Error(`the state file ${path} cannot be used (${(error as Error).message}): remove it and start again, without what it held`, { cause: error });
  }
}

async function startTopic({ settings, state, functionsUrl, log }: ServicesOptions, deadLetterConnection: string) {
  const own = await readSubscriptionFile(fileURLToPath(new URL('../../infra/event-subscriptions.json', import.meta.url)));
  const extra = settings.subscribers.map((url, index): SubscriptionInput => ({ name: `subscriber-${index + 1}`, destination: { type: 'WebHook', url } }));
  return startEventGrid({
    port: settings.eventGridPort,
    statePath: state.file('eventgrid.sqlite'),
    keys: localEventGridKeys,
    subscriptions: [...own, ...extra],
    functionsBaseUrl: functionsUrl,
    deadLetter: blobDeadLetterSink(deadLetterConnection),
    log,
  });
}

function endpointsOf(azurite: Azurite, cosmos: { endpoint: string; key: string }, eventGrid: { endpoint: string }): ServiceEndpoints {
  const connectionString = azurite.connectionString(devstoreAccount.name);
  return {
    cosmos: { endpoint: cosmos.endpoint, key: cosmos.key, database: readContainers().database },
    blob: { endpoint: azurite.blobEndpoint(devstoreAccount.name), connectionString },
    queue: { endpoint: azurite.queueEndpoint(devstoreAccount.name), connectionString },
    eventGrid: { endpoint: eventGrid.endpoint, key: localEventGridKeys[0] },
    secondRegion: { connectionString: azurite.connectionString(secondRegionAccount.name) },
  };
}

/** What was acknowledged in the last seconds before a crash may be gone from Azurite: then it must not be promised. */
async function recover(endpoints: ServiceEndpoints, progress: (line: string) => void): Promise<string[]> {
  progress('the last run did not end by itself: checking the blobs of its last minute …');
  const documents = azureDocuments(endpoints.cosmos);
  const blobs = azureBlobs({ connectionString: endpoints.blob.connectionString, container: 'registry' });
  const lost = await forgetLostBlobs({ documents, blobs });
  documents.dispose();
  for (const digest of lost) progress(`Azurite has lost ${digest}: it is unknown now; push its image again`);
  if (lost.length === 0) progress('nothing was lost');
  return lost;
}
