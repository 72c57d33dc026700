import type { RegionEndpoints } from './app-settings.ts';
import { appSettings, ownRegistry } from './app-settings.ts';
import { requireFreePorts } from './free-ports.ts';
import { startRegionApp } from './region-app.ts';
import type { ServicesProcess } from './services-process.ts';
import { startServicesProcess } from './services-process.ts';
import type { StackSettings } from './settings.ts';
import { stackKeys } from './stack-keys.ts';
import type { StateFolder } from './state-folder.ts';
import { closeToOthers, lockState, openStateFolder } from './state-folder.ts';

export interface Stack {
  /** The URL of plain Node, at which clients push and pull. */
  readonly url: string;
  /** The URL of the same app under the Functions host. */
  readonly functionsUrl: string;
  /** The further regions. */
  readonly others: readonly { readonly name: string; readonly url: string; readonly functionsUrl: string }[];
  onFailure(handle: (why: string) => void): void;
  stop(): Promise<void>;
}

/** Requests under way have so many milliseconds to end when the stack stops. */
const graceMs = 5_000;

/**
 * Starts everything on this machine, once per process: the app is configured by the environment. Rejects with one
 * sentence.
 */
export async function startStack(settings: StackSettings, progress: (line: string) => void): Promise<Stack> {
  const state = openStateFolder(settings.state);
  const lock = await lockState(state, 'stack', 0);
  const stops: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (const each of stops.reverse()) await each();
    lock.release();
  };
  try {
    await requireFreePorts(settings);
    closeToOthers(state);
    const keys = await keysOf(state, settings, progress);
    // The code that makes certificates is loaded only if one is needed.
    const tls = settings.tls ? await (await import('./tls.ts')).startTls(state, settings, progress) : undefined;
    if (tls !== undefined) stops.push(tls.stop);
    // The slowest of the services takes seconds to listen; loading the app takes one, beside it.
    const loading = import('./hosts.ts');
    const portal = buildPortal(progress);
    const services = await startServicesProcess(settings, progress);
    stops.push(() => services.stop());
    const [{ startFunctions, startNode }] = await Promise.all([loading, portal]);
    const own = {
      keys,
      auth: settings.auth,
      logLevel: settings.logLevel,
      hosts: settings.hosts,
      registries: settings.registries,
      ...(tls === undefined ? {} : { publicUrl: process.env.LONGSHORE_PUBLIC_URL || tls.url }),
    };
    progress('starting the functions …');
    const others = startOthers(settings, services, (region) =>
      appSettings(services.endpoints, { ...own, logFile: state.file(`longshore-${region.name}.log`) }, region),
    );
    // Their failure is reported below.
    others.catch(() => undefined);
    Object.assign(process.env, appSettings(services.endpoints, { ...own, logFile: state.file('longshore.log') }));
    const functions = await startFunctions(settings, { state, functionsKey: keys.functionsKey });
    stops.push(() => functions.stop());
    services.setFunctionsUrl(functions.url);
    const node = await startNode(tls === undefined ? settings : { ...settings, port: 0 });
    stops.push(() => node.stop(graceMs));
    tls?.forwardTo(Number(new URL(node.url).port));
    const regions = await others;
    stops.push(async () => {
      await Promise.all(regions.map((region) => region.stop()));
    });
    return {
      url: tls?.url ?? node.url,
      functionsUrl: functions.url,
      others: regions,
      onFailure: (handle) => [services, ...regions].forEach((part) => part.onFailure(handle)),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** A portal that cannot be built keeps nobody from pushing and pulling. */
async function buildPortal(progress: (line: string) => void): Promise<void> {
  try {
    const { buildPortalIfChanged } = await import('../../portal/build.ts');
    await buildPortalIfChanged();
  } catch (error) {
    progress(`the portal is not built: ${(error as Error).message}`);
  }
}

function keysOf(state: StateFolder, { auth, registries }: StackSettings, progress: (line: string) => void) {
  const names = [...new Set(registries.map(({ name }) => name))].filter((name) => name !== ownRegistry());
  const show = (password: string, registry?: string) =>
    progress(
      registry === undefined
        ? shownOnce(state, `the administrator is "admin" with the password ${password}`, 'adminPasswordHash')
        : shownOnce(
            state,
            `the administrator of the registry ${registry} is "admin" with the password ${password}`,
            `${registry} under adminPasswordHashes`,
          ),
    );
  return stackKeys(state, auth, show, names);
}

function shownOnce(state: StateFolder, what: string, where: string): string {
  return `${what}: it is not shown again (to get another one, delete ${where} from ${state.file('keys.json')})`;
}

/** Starts the apps of all regions but the first, side by side. */
function startOthers(
  settings: StackSettings,
  services: ServicesProcess,
  environmentOf: (region: RegionEndpoints) => Record<string, string>,
) {
  return Promise.all(
    services.endpoints.others.map(async (region, at) => {
      const app = await startRegionApp(region.name, at + 1, settings, environmentOf(region));
      services.setFunctionsUrl(app.functionsUrl, at + 1);
      return { ...app, name: region.name };
    }),
  );
}
