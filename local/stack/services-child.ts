import type { RotatingLog } from '../../shared/adapters/rotating-log.ts';
import { rotatingLog } from '../../shared/adapters/rotating-log.ts';
import type { ServiceEndpoints } from './app-settings.ts';
import type { Services } from './services.ts';
import { startServices } from './services.ts';
import type { StackSettings } from './settings.ts';
import { stackKeys } from './stack-keys.ts';
import { openStateFolder } from './state-folder.ts';

/** A message from the stack to the child that holds the services. */
export type ToChild =
  | { readonly start: StackSettings }
  | { readonly functionsUrl: string; readonly region: number }
  | { readonly stop: true };

/** A message from that child to the stack. */
export type FromChild =
  { readonly progress: string } | { readonly ready: ServiceEndpoints } | { readonly failed: string };

// The services have a process of their own: the emulator's SQLite must not hold up the registry's event loop, nor the
// other way round.
let services: Promise<Services> | undefined;
let file: RotatingLog | undefined;
const functionsUrls = new Map<number, string>();

function tell(message: FromChild): void {
  process.send?.(message);
}

async function start(settings: StackSettings): Promise<Services> {
  const state = openStateFolder(settings.state);
  const keys = await stackKeys(state, 'open', () => undefined);
  const into = (file = rotatingLog(state.file('services.log'), { mib: 8, older: 3 }));
  const log = (line: string) => into.write(`${new Date().toISOString()} ${line}\n`);
  return startServices({
    settings,
    state,
    keys,
    functionsUrl: (region) => functionsUrls.get(region),
    progress: (line) => tell({ progress: line }),
    log,
  });
}

async function stop(): Promise<never> {
  await services?.then((running) => running.stop()).catch(() => undefined);
  await file?.flush();
  process.exit(0);
}

process.on('message', (message: ToChild) => {
  if ('functionsUrl' in message) functionsUrls.set(message.region, message.functionsUrl);
  else if ('stop' in message) void stop();
  else {
    services = start(message.start);
    services
      .then(({ endpoints }) => tell({ ready: endpoints }))
      .catch((error: unknown) => {
        tell({ failed: error instanceof Error ? error.message : String(error) });
        process.exit(1);
      });
  }
});
// The stack was killed: end in order, so that Azurite keeps what it has.
process.on('disconnect', () => void stop());
// The terminal sends these to the whole group; the stack says when to stop.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);
