import { connectionString } from '../azurite/accounts.ts';
import { startGate } from '../azurite/gate.ts';
import type { Azurite } from '../azurite/start.ts';
import { startAzurite } from '../azurite/start.ts';
import type { RegionEndpoints, ServiceEndpoints } from './app-settings.ts';
import type { LocalRegion } from './regions.ts';
import { downFile, localRegions } from './regions.ts';
import type { ServicesOptions } from './services-options.ts';
import { lockState, markRunning, markStopped } from './state-folder.ts';

const blobContainers = ['registry', 'dead-letters'];

export interface Services {
  readonly endpoints: ServiceEndpoints;
  stop(): Promise<void>;
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
    // A crash before this start is still to be checked by the next one.
    if (!unclean) markStopped(state);
    lock.release();
    throw error;
  }
}

async function startAll(options: ServicesOptions, started: { stop(): Promise<void> }[]): Promise<ServiceEndpoints> {
  const { progress, settings, state, keys, log } = options;
  progress('starting Azurite, the Cosmos DB emulator and the Event Grid topic …');
  const regions = localRegions(settings.regions, keys.storageKey);
  const azuriteUp = startAzurite({
    folder: state.file('azurite'),
    blobPort: settings.blobPort,
    queuePort: settings.queuePort,
    accounts: regions.map(({ account }) => account),
    log,
  });
  // The slowest of them starts while this process reads the code of the others.
  const parts = import('./service-parts.ts');
  const cosmosUp = parts.then(({ startCosmos }) =>
    startCosmos(
      { path: state.file('cosmos.sqlite'), port: settings.cosmosPort, key: keys.cosmosKey },
      regions,
      settings.regionLag,
    ),
  );
  const results = await Promise.allSettled([azuriteUp, cosmosUp]);
  for (const result of results) if (result.status === 'fulfilled') started.push(result.value);
  const [azurite, cosmos] = [await azuriteUp, await cosmosUp];
  progress('creating containers …');
  const { containers, provision } = await parts;
  const [first, ...rest] = regions.map(({ account }) => azurite.connectionString(account.name));
  await provision(cosmos, [first ?? '', ...rest], blobContainers, progress);
  const [own, ...others] = await Promise.all(regions.map((region) => startRegion(options, azurite, region, started)));
  if (own === undefined) throw new TypeError('there is a first region');
  return { ...own, cosmos: { endpoint: cosmos.endpoint, key: cosmos.key, database: containers().database }, others };
}

/** Starts a region's topic, and, if there are several regions, the gate before its storage. */
async function startRegion(
  options: ServicesOptions,
  azurite: Azurite,
  region: LocalRegion,
  started: { stop(): Promise<void> }[],
): Promise<RegionEndpoints> {
  const { settings, state, keys } = options;
  const { account, name, cosmos: cosmosRegion } = region;
  const { startTopic } = await import('./service-parts.ts');
  const eventGrid = await startTopic(options, azurite.connectionString(account.name), region.number);
  started.push(eventGrid);
  const queueEndpoint = azurite.queueEndpoint(account.name);
  let blobEndpoint = azurite.blobEndpoint(account.name);
  if (settings.regions > 1) {
    const gate = await startGate({ blobPort: azurite.blobPort, downFile: state.file(downFile(region)) });
    started.push(gate);
    blobEndpoint = `http://127.0.0.1:${gate.port}/${account.name}`;
  }
  const connection = connectionString(account, blobEndpoint, queueEndpoint);
  return {
    name,
    cosmosRegion,
    blob: { endpoint: blobEndpoint, connectionString: connection },
    queue: { endpoint: queueEndpoint, connectionString: connection },
    eventGrid: { endpoint: eventGrid.endpoint, key: keys.eventGridKeys[0] },
  };
}
