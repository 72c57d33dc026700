import type { Server } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { type Application, runHooks } from './application.ts';
import type { HttpFront } from './http/server.ts';
import type { Worker } from './http/stream-exchange.ts';
import type { Invoker } from './invocation.ts';
import type { Listener } from './listener.ts';
import type { Log } from './log.ts';

/** The milliseconds that stop() waits for running functions when nobody drained before. */
const stopGrace = 5_000;

interface Running {
  application: Application;
  front: HttpFront;
  worker: Worker;
  invoker: Invoker;
  listeners: Listener[];
  stopping: AbortController;
  libraryServer: Server | undefined;
  log: Log;
}

export function createShutdown(running: Running): { drain(timeoutMs: number): Promise<void>; stop(): Promise<void> } {
  let drained: Promise<void> | undefined;
  const drain = (timeoutMs: number) => (drained ??= drainOnce(running, timeoutMs));
  return {
    drain,
    async stop() {
      await drain(stopGrace);
      running.worker.close();
      await Promise.all([running.front.server, running.libraryServer].map(closeServer));
    },
  };
}

async function drainOnce(
  { application, front, invoker, listeners, stopping, log }: Running,
  timeoutMs: number,
): Promise<void> {
  front.refuse();
  stopping.abort();
  const finished = new AbortController();
  const quiet = Promise.all([...listeners.map((listener) => listener.stop()), invoker.idle()]).then(() =>
    invoker.idle(),
  );
  const late = delay(timeoutMs, 'late' as const, { signal: finished.signal }).catch(() => undefined);
  if ((await Promise.race([quiet, late])) === 'late') {
    log({
      level: 'warning',
      category: 'Host.Shutdown',
      message: `Still running after ${timeoutMs} ms: ${invoker.running().join(', ')}.`,
    });
  }
  finished.abort();
  await runHooks(application, 'appTerminate', { hookData: {} });
}

async function closeServer(server: Server | undefined): Promise<void> {
  if (server === undefined) return;
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
