import type { StackSettings } from './settings.ts';
import { stackKeys } from './stack-keys.ts';
import { openStateFolder } from './state-folder.ts';

/** A message from the stack to the child that holds a region's app. */
export type ToRegion = { readonly start: StackSettings; readonly number: number } | { readonly stop: true };

/** A message from that child to the stack. */
export type FromRegion =
  { readonly ready: { readonly url: string; readonly functionsUrl: string } } | { readonly failed: string };

/** Requests under way have so many milliseconds to end when the stack stops. */
const graceMs = 5_000;

const stops: (() => Promise<void>)[] = [];

function tell(message: FromRegion): void {
  process.send?.(message);
}

async function start(settings: StackSettings, number: number): Promise<void> {
  const { startFunctions, startNode } = await import('./hosts.ts');
  const behind = (port: number) => (port === 0 ? 0 : port + number);
  const ports = { ...settings, port: behind(settings.port), functionsPort: behind(settings.functionsPort) };
  const state = openStateFolder(settings.state);
  const { functionsKey } = await stackKeys(state, 'open', () => undefined);
  const functions = await startFunctions(ports, { state, functionsKey, folder: `functions-${number + 1}` });
  stops.push(() => functions.stop());
  const node = await startNode(ports);
  stops.push(() => node.stop(graceMs));
  tell({ ready: { url: node.url, functionsUrl: functions.url } });
}

async function stop(): Promise<never> {
  for (const each of stops.reverse()) await each().catch(() => undefined);
  process.exit(0);
}

process.on('message', (message: ToRegion) => {
  if ('stop' in message) void stop();
  else {
    start(message.start, message.number).catch((error: unknown) => {
      tell({ failed: error instanceof Error ? error.message : String(error) });
      process.exit(1);
    });
  }
});
// The stack was killed.
process.on('disconnect', () => void stop());
// The terminal sends these to the whole group; the stack says when to stop.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);
