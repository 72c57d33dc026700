import { registerHooks } from 'node:module';
import type { Application } from './application.ts';
import type {
  FunctionCallback,
  FunctionMetadata,
  HookCallback,
  LogCategory,
  LogLevel,
  ProgrammingModel,
} from './core-types.ts';
import type { Log } from './log.ts';

const moduleName = '@azure/functions-core';
const moduleUrl = 'functions-core:host';
const handle = Symbol.for('longshore.functions-core');
const processSlots = globalThis as { [handle]?: object };

/**
 * Makes `require('@azure/functions-core')` answer with this host, for every module of the process. Throws when the
 * process has had a host before: `@azure/functions` asks for its core once, keeps it, and locks its set-up.
 */
export function provideCoreModule(application: Application, log: Log): void {
  if (processSlots[handle] !== undefined) {
    throw new Error(
      'This process has already started a Functions host. @azure/functions binds to the first one for as long as ' +
        'the process lives: run the second app in a process of its own.',
    );
  }
  processSlots[handle] = coreApi(application, log);
  // The library is CommonJS and asks by a bare name that is not on npm. Resolving that one name leaves the loader, and
  // every other module, as they are; the real worker patches Module.prototype.require instead.
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier === moduleName ? { url: moduleUrl, format: 'commonjs', shortCircuit: true } : next(specifier, context),
    load: (url, context, next) =>
      url === moduleUrl
        ? {
            format: 'commonjs',
            shortCircuit: true,
            source: `module.exports = globalThis[Symbol.for('${String(handle.description)}')]`,
          }
        : next(url, context),
  });
}

class Disposable {
  readonly #release: () => unknown;
  constructor(release: () => unknown) {
    this.#release = release;
  }
  static from(...all: { dispose(): unknown }[]): Disposable {
    return new Disposable(() => all.forEach((one) => one.dispose()));
  }
  dispose(): unknown {
    return this.#release();
  }
}

function coreApi(application: Application, log: Log) {
  return {
    version: '3.12.0',
    // The library refuses HTTP streams below host 4.28 and log hooks below 4.34.
    hostVersion: '4.1040.0',
    Disposable,
    registerFunction(metadata: FunctionMetadata, callback: FunctionCallback) {
      return new Disposable(application.register(metadata, callback));
    },
    registerHook(name: string, callback: HookCallback) {
      return new Disposable(application.registerHook(name, callback));
    },
    setProgrammingModel(model: ProgrammingModel) {
      application.model = model;
    },
    getProgrammingModel: () => application.model,
    log(level: LogLevel, category: LogCategory, message: string) {
      log({ level, category: `Worker.${category}`, message });
    },
  };
}
