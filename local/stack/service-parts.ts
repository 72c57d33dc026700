import { fileURLToPath } from 'node:url';
import { startCosmosEmulator } from '../../emulators/cosmos/emulator.ts';
import { blobDeadLetterSink } from '../../emulators/event-grid/blob-dead-letter.ts';
import { startEventGrid } from '../../emulators/event-grid/start.ts';
import type { SubscriptionInput } from '../../emulators/event-grid/subscription.ts';
import { readSubscriptionFile } from '../../emulators/event-grid/subscription.ts';
import { azureBlobs } from '../../shared/adapters/azure/blobs.ts';
import { azureDocuments } from '../../shared/adapters/azure/documents.ts';
import type { ServiceEndpoints } from './app-settings.ts';
import { forgetLostBlobs } from './lost-blobs.ts';
import type { LocalRegion } from './regions.ts';
import type { ServicesOptions } from './services-options.ts';

export { readContainers as containers, provision } from './provision.ts';

// The parts that need the SDKs or the emulators. The services load them while Azurite, the slowest service, starts.

/** Starts the Cosmos DB emulator. The first region accepts the writes; the others follow `lagMs` behind. */
export async function startCosmos(
  { path, port, key }: { readonly path: string; readonly port: number; readonly key: string },
  [write, ...read]: readonly [LocalRegion, ...LocalRegion[]],
  lagMs: number,
) {
  try {
    return await startCosmosEmulator({
      path,
      port,
      key,
      region: write.cosmos,
      readRegions: read.map(({ cosmos: name }) => ({ name, lagMs })),
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE')
      throw new Error(`port ${port}, for Cosmos DB, is in use: choose another with LONGSHORE_COSMOS_PORT`, {
        cause: error,
      });
    throw new Error(
      `the state file ${path} cannot be used (${(error as Error).message}): delete it and start ` +
        'again, without its content',
      { cause: error },
    );
  }
}

export async function startTopic(
  { settings, state, keys, functionsUrl, log }: ServicesOptions,
  deadLetterConnection: string,
  region: number,
) {
  const own = await readSubscriptionFile(
    fileURLToPath(new URL('../../infra/event-subscriptions.json', import.meta.url)),
  );
  const extra = settings.subscribers.map((url, index): SubscriptionInput => ({
    name: `subscriber-${index + 1}`,
    destination: { type: 'WebHook', url },
  }));
  return startEventGrid({
    port: settings.eventGridPort === 0 ? 0 : settings.eventGridPort + region,
    statePath: state.file(region === 0 ? 'eventgrid.sqlite' : `eventgrid-${region + 1}.sqlite`),
    keys: keys.eventGridKeys,
    subscriptions: [...own, ...extra],
    functionsBaseUrl: () => functionsUrl(region),
    functionsKey: settings.eventGridCode || keys.functionsKey,
    deadLetter: blobDeadLetterSink(deadLetterConnection),
    log,
  });
}

/**
 * Checks blobs after a crash: those of the last seconds before it may be gone from Azurite, though they were
 * acknowledged, and must not be promised then.
 */
export async function recover(endpoints: ServiceEndpoints, progress: (line: string) => void): Promise<void> {
  progress('the last run did not end normally: checking the blobs of its last minute …');
  const documents = azureDocuments(endpoints.cosmos);
  const accounts = new Map(
    [endpoints, ...endpoints.others].map(({ name, blob }) => [
      name,
      azureBlobs({ connectionString: blob.connectionString, container: 'registry' }),
    ]),
  );
  const lost = await forgetLostBlobs({ documents, blobsIn: (region) => accounts.get(region) });
  documents.dispose();
  for (const digest of lost) progress(`Azurite has lost ${digest}, which is unknown now: push its image again`);
  if (lost.length === 0) progress('no blob was lost');
}
