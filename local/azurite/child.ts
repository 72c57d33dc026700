// This is the program of Azurite's child process: Azurite's own command line, tied to the life of the process that
// started it.
//
// Azurite keeps its metadata in memory and writes it every few seconds, so a killed Azurite forgets what it
// acknowledged last. It must therefore outlive a `kill -9` of its parent for as long as an orderly stop takes, and no
// longer: the IPC channel closes when the parent ends, whatever the cause, and that is the one signal to stop.
import Module, { createRequire } from 'node:module';
import type { ChildFailure } from './child-failure.ts';
import { lockFolder } from './folder-lock.ts';

const PREVIOUS_OWNER_WAIT_MS = 15_000;
const CLOSE_DEADLINE_MS = 4_000;

let closing = false;

function close(): void {
  if (closing) return;
  closing = true;
  // Until Azurite has installed its own handlers it serves nothing, and would go on starting: leave at once.
  if (process.listenerCount('SIGTERM') === 1) process.exit(0);
  if (process.connected) process.disconnect();
  // Azurite's data is on disk soon after the signal; a client that keeps its connection busy must not keep it alive.
  setTimeout(() => process.exit(0), CLOSE_DEADLINE_MS).unref();
}

function fail(message: string): void {
  const failure: ChildFailure = { failure: message };
  process.send?.(failure, () => process.exit(1));
}

// Azurite reports its closing on a pipe that a dead parent no longer reads: unhandled, the EPIPE would end this process
// before the data is on disk.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, close);
process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'));

function run(): void {
  const folder = process.argv[process.argv.indexOf('--location') + 1] ?? process.cwd();
  try {
    lockFolder(folder, PREVIOUS_OWNER_WAIT_MS);
  } catch (error) {
    fail(error instanceof Error ? error.message : String(error));
    return;
  }
  const program = createRequire(import.meta.url).resolve('azurite/dist/src/azurite.js');
  const requireOfAzurite = createRequire(program);
  leaveOutTelemetry(requireOfAzurite);
  requireOfAzurite(program);
}

/**
 * Azurite loads what would tell Microsoft of its use before it reads that it must not, and that is half of what it
 * loads. It is started with `--disableTelemetry`, so an empty module does.
 */
function leaveOutTelemetry(requireOfAzurite: NodeJS.Require): void {
  const path = requireOfAzurite.resolve('applicationinsights');
  requireOfAzurite.cache[path] = Object.assign(new Module(path), { exports: {}, loaded: true });
}

run();
