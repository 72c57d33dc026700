import { asError } from '../log.ts';
import { hasTrigger, type HostedFunction, type HttpTrigger } from '../trigger-binding.ts';
import { parseRoute, type Route, type RouteValues } from './route.ts';

export type HttpFunction = HostedFunction<HttpTrigger>;

export interface RouteTable {
  /**
   * The first function, in the order of registration, whose route and verb fit. Undefined is a 404, for a wrong verb
   * too.
   */
  find(method: string, path: string): { fn: HttpFunction; values: RouteValues } | undefined;
}

/** Throws an error that names the function when its route cannot be served. */
export function createRouteTable(functions: HostedFunction[], routePrefix: string): RouteTable {
  const entries = functions
    .filter((fn) => hasTrigger(fn, 'httpTrigger'))
    .map((fn) => ({ fn, route: routeOf(fn, routePrefix) }));
  return {
    find(method, path) {
      for (const { fn, route } of entries) {
        const { methods } = fn.trigger;
        const values = methods.length === 0 || methods.includes(method) ? route.match(path) : undefined;
        if (values !== undefined) return { fn, values };
      }
      return undefined;
    },
  };
}

function routeOf(fn: HttpFunction, routePrefix: string): Route {
  try {
    return parseRoute(fn.trigger.route ?? fn.name, routePrefix);
  } catch (error) {
    throw new Error(`Function "${fn.name}" cannot be started. ${asError(error).message}`, { cause: error });
  }
}
