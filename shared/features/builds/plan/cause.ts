import type { Cause } from '../../../core/events/envelope.ts';

const prefix = 'build-';

/** Who pushes what a build makes. Ids of requests are made here, so nobody else's begins so. */
export function causeOfBuild(build: string, host: string): Cause {
  return {
    request: { id: `${prefix}${build}`, host, method: 'PUT', useragent: 'longshore-builds' },
    actor: { name: 'longshore-builds' },
  };
}

/** The build whose push it was; `undefined` for anybody else's. */
export function buildOf(requestId: string): string | undefined {
  return requestId.startsWith(prefix) ? requestId.slice(prefix.length) : undefined;
}
