import type { Dependency } from '../ports/failures.ts';
import type { CloudEvent } from '../ports/topic.ts';
import type { SpanStart, Tracer } from '../ports/tracer.ts';
import { methodName, routeName, routeTemplates } from './route-name.ts';

interface Fetches {
  fetch(request: Request): Response | Promise<Response>;
}

/**
 * Wraps the app so that each request is a span by its route's template. No span holds a URL: an upload's is a key to
 * it. A `traceparent` continues a trace wherever it comes from: nothing depends on what it says.
 */
export function tracedApp(app: Fetches, tracer: Tracer): Fetches {
  return {
    fetch(request) {
      const [method, route] = [methodName(request.method), routeTemplates[routeName(pathOf(request.url))]];
      const start: SpanStart = {
        name: `${method} ${route}`,
        kind: 'server',
        attributes: { 'http.request.method': method, 'http.route': route },
        parent: request.headers.get('traceparent') ?? undefined,
      };
      return tracer.inSpan(
        start,
        async () => app.fetch(request),
        ({ status, headers }) => ({
          attributes: {
            'http.response.status_code': status,
            'longshore.request_id': headers.get('x-request-id') ?? '',
          },
          failed: status >= 500,
        }),
      );
    },
  };
}

/** Returns an absolute URL's path, still percent-encoded. */
function pathOf(url: string): string {
  return url.slice(url.indexOf('/', url.indexOf('://') + 3)).split(/[?#]/, 1)[0] ?? '';
}

/**
 * Describes a call of a store; `container` is the documents' container, whose name is one of the project's own words.
 */
export function storeSpan(call: `${Dependency}.${string}`, container: string | undefined): SpanStart {
  if (call === 'events.publish') return { name: call, kind: 'producer' };
  const attributes =
    container === undefined
      ? {}
      : { 'db.system.name': 'azure.cosmosdb', 'db.operation.name': call, 'db.collection.name': container };
  return { name: call, kind: 'client', attributes };
}

/**
 * Adds to each event the trace in which it was published
 * (https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/extensions/distributed-tracing.md).
 */
export function withTraceparent(events: readonly CloudEvent[], tracer: Tracer): readonly CloudEvent[] {
  const traceparent = tracer.traceparent();
  return traceparent === undefined ? events : events.map((event) => ({ ...event, traceparent }));
}

/** Handles a delivered event in the trace that published it. */
export function inEventSpan<T>(
  tracer: Tracer | undefined,
  name: string,
  event: unknown,
  work: () => Promise<T>,
): Promise<T> {
  if (tracer === undefined) return work();
  const { traceparent } = (event ?? {}) as { traceparent?: unknown };
  return tracer.inSpan(
    { name, kind: 'consumer', parent: typeof traceparent === 'string' ? traceparent : undefined },
    work,
  );
}

/** Runs work that a timer starts, in a span of its own. */
export function inTimerSpan<T>(tracer: Tracer | undefined, name: string, work: () => Promise<T>): Promise<T> {
  return tracer === undefined ? work() : tracer.inSpan({ name, kind: 'internal' }, work);
}
