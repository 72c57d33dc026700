import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createEventGridEndpoint, eventGridPath } from './event-grid/endpoint.ts';
import { parseHostJson } from './host-json.ts';
import { createBufferedWorker } from './http/buffered-exchange.ts';
import { hostStatus, hostStatusPath } from './http/host-status.ts';
import { bodySizeLimit } from './http/request-body.ts';
import { createRouteTable } from './http/route-table.ts';
import { createHttpFront, type RefuseByHead } from './http/server.ts';
import { createStreamWorker } from './http/stream-exchange.ts';
import { createInvoker } from './invocation.ts';
import { prepareListeners } from './listeners.ts';
import { loadApplication } from './load-application.ts';
import type { Log } from './log.ts';
import { createShutdown } from './shutdown.ts';
import { hasTrigger, type HostedFunction } from './trigger-binding.ts';

export interface FunctionsHostOptions {
  /** Imports the app's entry files, which register its functions. */
  load: () => Promise<void>;
  /** The parsed host.json. */
  hostJson: unknown;
  /** App settings: connections, %NAME% references, FUNCTIONS_REQUEST_BODY_SIZE_LIMIT. */
  env?: Record<string, string | undefined>;
  /** 0, the default, takes a free port. */
  port?: number;
  host?: string;
  /** Answers requests before anything else, the host's own endpoints among it; absent, none. */
  refuseByHead?: RefuseByHead;
  log: Log;
  now?: () => Date;
  /** Factor on the waits between queue polls. */
  pollScale?: number;
  /**
   * The key that a delivery of events must show as `?code=`, as in Azure; absent, none is needed, as with Core Tools.
   */
  eventGridKey?: string;
  /** The folder in which timers keep their status, to notice runs that were missed while no host ran. */
  stateFolder?: string;
}

interface FunctionInfo {
  name: string;
  type: HostedFunction['trigger']['type'];
  route?: string;
  methods?: string[];
}

export interface FunctionsHost {
  url: string;
  functions: FunctionInfo[];
  /** Takes no new work and waits for what runs, at most `timeoutMs`; then runs the appTerminate hooks, once. */
  drain(timeoutMs: number): Promise<void>;
  /** Drains briefly, then closes every socket. The process can end, but cannot start a second host. */
  stop(): Promise<void>;
}

/**
 * Runs an Azure Functions app (Node programming model v4) in this process, on the unmodified `@azure/functions`. It
 * serves HTTP, Storage queue, timer and Event Grid triggers. One host per process: the library binds to the first.
 * Rejects, before any function ran, when host.json, a binding, a route, a schedule or a connection cannot be used.
 */
export async function startFunctionsHost(options: FunctionsHostOptions): Promise<FunctionsHost> {
  const { log, env = process.env, now = () => new Date(), pollScale = 1, stateFolder } = options;
  const hostJson = parseHostJson(options.hostJson);
  const { application, model, functions, stream } = await loadApplication(options.load, log);
  try {
    const routes = createRouteTable(functions, hostJson.extensions.http.routePrefix);
    const starts = await prepareListeners(functions, { hostJson, env, log, now, pollScale, stateFolder });
    const invoker = createInvoker(application, model, hostJson.functionTimeout, log);
    const stopping = new AbortController();
    const bodyLimit = bodySizeLimit(env);
    const worker =
      stream === undefined
        ? createBufferedWorker(invoker.invoke, log)
        : createStreamWorker(stream.uri, invoker.invoke, { bodyLimit, log });
    const endpoints = {
      [eventGridPath]: createEventGridEndpoint({
        functions,
        invoke: invoker.invoke,
        bodyLimit,
        key: options.eventGridKey,
        stopped: stopping.signal,
      }),
      [hostStatusPath]: hostStatus,
    };
    const front = createHttpFront({
      routes,
      worker,
      endpoints,
      bodyLimit,
      log,
      refuseByHead: options.refuseByHead ?? (() => undefined),
    });
    const url = await listen(front.server, options.port ?? 0, options.host ?? '127.0.0.1');
    const listeners = starts.map((start) => start(invoker.invoke));
    warnOfUnusedRetries(functions, log);
    return {
      url,
      functions: functions.map(describe),
      ...createShutdown({
        application,
        front,
        worker,
        invoker,
        listeners,
        stopping,
        libraryServer: stream?.server,
        log,
      }),
    };
  } catch (error) {
    stream?.server?.close();
    throw error;
  }
}

async function listen(server: Server, port: number, host: string): Promise<string> {
  server.listen(port, host);
  await once(server, 'listening');
  const { port: taken } = server.address() as AddressInfo;
  return `http://${host.includes(':') ? `[${host}]` : host}:${taken}`;
}

function describe(fn: HostedFunction): FunctionInfo {
  const { name, trigger } = fn;
  if (!hasTrigger(fn, 'httpTrigger')) return { name, type: trigger.type };
  return { name, type: trigger.type, route: fn.trigger.route ?? name, methods: fn.trigger.methods };
}

// Queue messages are retried by their dequeue count and HTTP requests by their clients; the real host says nothing.
function warnOfUnusedRetries(functions: HostedFunction[], log: Log): void {
  for (const { name, retry, trigger } of functions) {
    const used = trigger.type === 'timerTrigger' || trigger.type === 'eventGridTrigger';
    if (retry !== undefined && !used)
      log({
        level: 'warning',
        category: 'Host.Startup',
        functionName: name,
        message: `The retry policy of "${name}" has no effect on a ${trigger.type}.`,
      });
  }
}
