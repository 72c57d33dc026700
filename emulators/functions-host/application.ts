import type { FunctionCallback, FunctionMetadata, HookCallback, HookName, ProgrammingModel } from './core-types.ts';

export interface RegisteredFunction {
  metadata: FunctionMetadata;
  callback: FunctionCallback;
}

/** The functions and hooks that the app registered while it was loaded. */
export interface Application {
  readonly functions: ReadonlyMap<string, RegisteredFunction>;
  readonly hooks: Readonly<Record<HookName, HookCallback[]>>;
  model: ProgrammingModel | undefined;
  /** Registers a function or a hook, and returns the function that undoes it. */
  register(metadata: FunctionMetadata, callback: FunctionCallback): () => void;
  registerHook(name: string, callback: HookCallback): () => void;
  /** From here on a registration throws, as it does in the worker. */
  seal(): void;
}

const validName = /^[A-Za-z][A-Za-z0-9_-]{0,127}$/;

export function createApplication(): Application {
  const functions = new Map<string, RegisteredFunction>();
  const hooks: Record<HookName, HookCallback[]> = {
    appStart: [],
    appTerminate: [],
    preInvocation: [],
    postInvocation: [],
    log: [],
  };
  let sealed = false;
  return {
    functions,
    hooks,
    model: undefined,
    register(metadata, callback) {
      const { name } = metadata;
      if (sealed) throw new Error(`Function "${name}" was registered after the app had started.`);
      if (!validName.test(name))
        throw new Error(`"${name}" is not a function name: a letter, then letters, digits, - and _, at most 128.`);
      if (functions.has(name)) throw new Error(`Two functions are named "${name}".`);
      functions.set(name, { metadata, callback });
      return () => functions.delete(name);
    },
    registerHook(name, callback) {
      if (!isHookName(name, hooks)) throw unknownHook(name);
      hooks[name].push(callback);
      return () => hooks[name].splice(hooks[name].indexOf(callback), 1);
    },
    seal() {
      sealed = true;
    },
  };
}

/** Runs the hooks of one name in the order of their registration; the first that throws ends the row. */
export async function runHooks(application: Application, name: HookName, context: object): Promise<void> {
  for (const hook of application.hooks[name]) await hook(context);
}

function isHookName(name: string, hooks: Record<HookName, HookCallback[]>): name is HookName {
  return Object.hasOwn(hooks, name);
}

// The library tells an old host from a mistake by these two marks, so they are part of the contract.
function unknownHook(name: string): Error {
  return Object.assign(new RangeError(`Unrecognized hook "${name}"`), { isAzureFunctionsSystemError: true });
}
