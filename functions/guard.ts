import { Server } from 'node:http';
import { createRequire } from 'node:module';
import { Server as NetServer } from 'node:net';
import { format } from 'node:util';
import { InvocationContext as LibraryContext } from '@azure/functions';
import type { ForwardedExchange } from './forwarded-exchange.ts';
import { answeredItself } from './forwarded-exchange.ts';
import { inInvocation } from './invocation-log.ts';
import { admitInvocationsAlone, Invocations } from './invocations.ts';

interface InvocationModel {
  getArguments(): Promise<unknown>;
  invokeFunction(context: unknown, inputs: unknown[], callback: unknown): Promise<unknown>;
  getResponse(context: unknown, result: unknown): Promise<unknown>;
}

interface InvocationContext {
  readonly invocationId: string;
  log(level: string, category: 'user', message: string): void;
  readonly metadata: {
    readonly name: string;
    readonly bindings: Readonly<Record<string, { readonly type?: unknown }>>;
  };
}

/** The part of the library that the worker calls. */
export interface ProgrammingModel {
  getInvocationModel(context: InvocationContext): InvocationModel;
  getCapabilities(defaults: Record<string, string>): Promise<Record<string, string>>;
}

export interface GuardOptions {
  readonly invocations?: Invocations;
  /** The milliseconds that an invocation may take. */
  readonly longest?: number;
  /** True if every HTTP function is `httpHandlerOf` an app. */
  readonly answersItself?: boolean;
}

const loopback = '127.0.0.1';

/**
 * The milliseconds that the function of a queue, a timer or an event may take. There is no `functionTimeout`, because a
 * layer may take hours and the host would end not only the invocation but the whole process.
 */
const longestWork = 30 * 60_000;

/**
 * Guards the server that the library opens for HTTP streams. The library has four faults. It listens on every address.
 * It passes requests on by an id that the sender chose (the id `error` is an event that ends the process). It keeps
 * requests that belong to no invocation, without an answer and without an end. And it lets an invocation wait for ever
 * for a request that never comes, until the host kills the process with all its work.
 *
 * With `answersItself` HTTP functions get the forwarded request itself, and answer it. The library's conversion costs
 * more than ten times the registry's own work, reads headers first from where the host puts the top-level properties of
 * a JSON body (a manifest with a property `Headers` would replace them), and writes an answer without waiting for its
 * reader, so that a whole blob is held in memory.
 */
export function guardLibrary(
  model: ProgrammingModel,
  { invocations = new Invocations(), longest = longestWork, answersItself = false }: GuardOptions = {},
): void {
  const exchanges = new Map<string, (exchange: ForwardedExchange) => void>();
  const original = {
    capabilities: model.getCapabilities.bind(model),
    invocation: model.getInvocationModel.bind(model),
  };
  let isStreaming = false;
  model.getCapabilities = async (defaults) => {
    const capabilities = await onLoopback(
      (server) => {
        isStreaming = true;
        // The host accepts 32 KiB of headers, and Node 16 KiB by default: requests in between would be refused here
        // while their invocations wait for them. Node reads this for each connection.
        Object.assign(server, { maxHeaderSize: 65_536 });
        // Node ends a request after five minutes by default, in the middle of a large layer.
        server.requestTimeout = 0;
        admitInvocationsAlone(server, invocations, (id, exchange) => {
          const take = exchanges.get(id);
          take?.(exchange);
          return take !== undefined;
        });
      },
      () => original.capabilities(defaults),
    );
    const uri = capabilities['HttpUri'];
    // The name `localhost` may resolve to ::1 first, where nothing listens.
    return uri === undefined
      ? capabilities
      : Object.assign(capabilities, { HttpUri: uri.replace('//localhost:', `//${loopback}:`) });
  };
  model.getInvocationModel = (context) => {
    const invocation = original.invocation(context);
    const invoke = invocation.invokeFunction.bind(invocation);
    invocation.invokeFunction = (of, ...given) => inInvocation(of, () => invoke(of, ...given));
    if (!isHttp(context)) return withoutEndlessWork(invocation, longest);
    if (!isStreaming) return invocation;
    const { invocationId } = context;
    const wait = answersItself ? () => withExchange(context, exchanges) : invocation.getArguments.bind(invocation);
    const respond = invocation.getResponse.bind(invocation);
    invocation.getResponse = (of, result) => respond(of, result === answeredItself ? undefined : result);
    invocation.getArguments = () => {
      // The library begins to wait before the invocation is announced, so nothing is lost between the two.
      const waiting = wait();
      invocations.announce(invocationId);
      return invocations.withoutEndlessWait(invocationId, waiting).finally(() => exchanges.delete(invocationId));
    };
    return invocation;
  };
}

/**
 * Ends the wait for a function that takes too long. A timer whose function never ends would not run again, and a
 * message would stay locked. The work itself cannot be stopped, only given up.
 */
function withoutEndlessWork(invocation: InvocationModel, limit: number): InvocationModel {
  const invoke = invocation.invokeFunction.bind(invocation);
  invocation.invokeFunction = (...given) => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new Error(`the function did not end within ${limit / 1_000} s, and is given up`)),
        limit,
      ).unref();
    });
    return Promise.race([invoke(...given), late]).finally(() => clearTimeout(timer));
  };
  return invocation;
}

async function withExchange(
  core: InvocationContext,
  exchanges: Map<string, (exchange: ForwardedExchange) => void>,
): Promise<{ context: unknown; inputs: unknown[] }> {
  const { invocationId, metadata } = core;
  const exchange = await new Promise<ForwardedExchange>((resolve) => void exchanges.set(invocationId, resolve));
  const options = { trigger: { name: 'request', type: 'httpTrigger' }, extraInputs: [], extraOutputs: [] };
  const context = new LibraryContext({
    invocationId,
    functionName: metadata.name,
    options,
    logHandler: (level, ...args) => core.log(level, 'user', format(...args)),
  });
  return { context, inputs: [exchange] };
}

function isHttp({ metadata }: InvocationContext): boolean {
  return Object.values(metadata.bindings).some(
    ({ type }) => typeof type === 'string' && type.toLowerCase() === 'httptrigger',
  );
}

const inherited = NetServer.prototype as unknown as { listen(this: unknown, ...given: unknown[]): unknown };

/** Runs `open`, and makes each HTTP server that it starts before its first `await` listen on loopback alone. */
function onLoopback<T>(notice: (server: Server) => void, open: () => T): T {
  Server.prototype.listen = function listen(this: Server, ...given: unknown[]): Server {
    notice(this);
    const [port, ...rest] = typeof given[0] === 'number' ? given : [0, ...given];
    inherited.listen.apply(this, [port, loopback, ...rest.filter((each) => typeof each === 'function')]);
    return this;
  };
  try {
    return open();
  } finally {
    // The inherited `listen` is visible again.
    Reflect.deleteProperty(Server.prototype, 'listen');
  }
}

/**
 * Returns the library's model. The worker provides this module; in a test without a host there is none, and nothing to
 * guard.
 */
export function libraryModel(): ProgrammingModel | undefined {
  try {
    const core = createRequire(import.meta.url)('@azure/functions-core') as {
      getProgrammingModel(): ProgrammingModel | undefined;
    };
    return core.getProgrammingModel();
  } catch {
    return undefined;
  }
}
