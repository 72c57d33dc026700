import type { Cause } from '../../../core/events/envelope.ts';

const prefix = 'build-';

/** Returns the cause of the pushes of a build. Ids of requests are generated here, so no other id has this prefix. */
export function causeOfBuild(build: string, host: string): Cause {
  return {
    request: { id: `${prefix}${build}`, host, method: 'PUT', useragent: 'longshore-builds' },
    actor: { name: 'longshore-builds' },
  };
}

/** Returns the build that made a push; `undefined` for a push of anybody else. */
export function buildOf(requestId: string): string | undefined {
  return requestId.startsWith(prefix) ? requestId.slice(prefix.length) : undefined;
}
