import { randomUUID } from 'node:crypto';
import { type Application, runHooks } from './application.ts';
import type {
  CoreInvocationContext,
  InvocationModel,
  ProgrammingModel,
  RetryContext,
  TypedData,
} from './core-types.ts';
import { asError, describeError, functionCategory, type Log } from './log.ts';
import type { HostedFunction } from './trigger-binding.ts';

/** setTimeout takes a longer wait for none at all. */
const longestTimer = 2 ** 31 - 1;

interface Invocation {
  fn: HostedFunction;
  /** Why it runs, for the log: `New queue message detected on 'x'.` */
  reason: string;
  data: TypedData;
  triggerMetadata?: Record<string, TypedData>;
  retryContext?: RetryContext | undefined;
  invocationId?: string;
}

/** `result` is what the handler (or a postInvocation hook) returned, `returnValue` what the library made of it. */
interface InvocationOutcome {
  result: unknown;
  returnValue: TypedData | undefined;
}

/** Runs one invocation to its end and logs it. Rejects with what the handler, a hook or the time limit threw. */
export type Invoke = (invocation: Invocation) => Promise<InvocationOutcome>;

export interface Invoker {
  invoke: Invoke;
  /** The names of the functions that run now, one entry per invocation. */
  running(): string[];
  /** Resolves once nothing runs. */
  idle(): Promise<void>;
}

export function createInvoker(
  application: Application,
  model: ProgrammingModel,
  functionTimeout: number,
  log: Log,
): Invoker {
  const active = new Map<Promise<unknown>, string>();
  const invoke: Invoke = async (invocation) => {
    const identity = { functionName: invocation.fn.name, invocationId: invocation.invocationId ?? randomUUID() };
    const write = (level: 'information' | 'error', message: string) =>
      log({ level, category: functionCategory(identity.functionName, 'system'), ...identity, message });
    write(
      'information',
      `Executing 'Functions.${identity.functionName}' (Reason='${invocation.reason}', Id=${identity.invocationId})`,
    );
    const started = performance.now();
    const ending = (how: string) =>
      `(${how}, Id=${identity.invocationId}, Duration=${Math.round(performance.now() - started)}ms)`;
    const run = runInvocation(application, model, invocation, identity.invocationId, log);
    active.set(run, identity.functionName);
    try {
      const outcome = await withTimeLimit(run, functionTimeout, identity.functionName);
      write('information', `Executed 'Functions.${identity.functionName}' ${ending('Succeeded')}`);
      return outcome;
    } catch (error) {
      write('error', `Executed 'Functions.${identity.functionName}' ${ending('Failed')} ${describeError(error)}`);
      throw error;
    } finally {
      active.delete(run);
    }
  };
  return {
    invoke,
    running: () => [...active.values()],
    async idle() {
      while (active.size > 0) await Promise.allSettled(active.keys());
    },
  };
}

// The order of steps is the worker's: arguments, preInvocation, the handler, postInvocation (which sees the error and
// may take it back), then the response.
async function runInvocation(
  application: Application,
  model: ProgrammingModel,
  invocation: Invocation,
  invocationId: string,
  log: Log,
): Promise<InvocationOutcome> {
  const hookData = {};
  const core = coreContext(application, invocation, invocationId, hookData, log);
  const calls = model.getInvocationModel(core);
  const { context, inputs } = await calls.getArguments();
  core.invocationContext = context;
  const pre = { hookData, invocationContext: context, inputs, functionCallback: invocation.fn.callback };
  core.state = 'preInvocationHooks';
  await runHooks(application, 'preInvocation', pre);
  core.state = 'invocation';
  const post = {
    hookData,
    invocationContext: context,
    inputs: pre.inputs,
    ...(await callHandler(calls, context, pre)),
  };
  core.state = 'postInvocationHooks';
  await runHooks(application, 'postInvocation', post);
  core.state = undefined;
  if (post.error !== null && post.error !== undefined) throw asError(post.error);
  const response = await calls.getResponse(context, post.result);
  return { result: post.result, returnValue: response.returnValue ?? undefined };
}

async function callHandler(
  calls: InvocationModel,
  context: unknown,
  pre: { inputs: unknown[]; functionCallback: HostedFunction['callback'] },
) {
  try {
    return { result: await calls.invokeFunction(context, pre.inputs, pre.functionCallback), error: null as unknown };
  } catch (error) {
    return { result: null as unknown, error };
  }
}

function coreContext(
  application: Application,
  invocation: Invocation,
  invocationId: string,
  hookData: object,
  log: Log,
) {
  const { fn, data, triggerMetadata = {}, retryContext } = invocation;
  const core: CoreInvocationContext & { invocationContext: unknown } = {
    invocationId,
    invocationContext: undefined,
    metadata: fn.metadata,
    state: undefined,
    request: {
      invocationId,
      inputData: [{ name: fn.bindingName, data }],
      triggerMetadata,
      ...(retryContext && { retryContext }),
    },
    log(level, category, message) {
      // Log hooks may change level and text, and are not awaited: the library's own log call is not either.
      const line = { level, message, category, hookData, invocationContext: core.invocationContext };
      for (const hook of application.hooks.log) void hook(line);
      log({
        level: line.level,
        category: functionCategory(fn.name, category),
        functionName: fn.name,
        invocationId,
        message: line.message,
      });
    },
  };
  return core;
}

// The real host ends the whole worker process here. In one process the handler cannot be stopped, only given up on.
async function withTimeLimit<T>(run: Promise<T>, limit: number, functionName: string): Promise<T> {
  if (limit > longestTimer) return run;
  const expired = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    expired.reject(new Error(`Timeout value of ${limit} ms exceeded by function "${functionName}".`));
  }, limit);
  try {
    return await Promise.race([run, expired.promise]);
  } finally {
    clearTimeout(timer);
  }
}
