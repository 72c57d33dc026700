import { defined } from '../../core/documents/defined.ts';
import type { WebhookFormat } from './documents.ts';
import type { acrActions } from './scope.ts';
import type { HookEvent } from './scope.ts';

export interface RenderedBody {
  readonly contentType: string;
  readonly body: string;
}

type Properties = Readonly<Record<string, unknown>>;

/** Renders an event as receivers get it. The same event always has the same bytes. */
export function renderBody(format: WebhookFormat, event: HookEvent): RenderedBody {
  switch (format) {
    case 'acr':
      return { contentType: 'application/json', body: JSON.stringify(acrBody(event)) };
    case 'standard':
      return { contentType: 'application/json', body: JSON.stringify(standardBody(event)) };
    case 'cloudevents':
      return {
        contentType: 'application/cloudevents+json; charset=utf-8',
        body: JSON.stringify(cloudEventBody(event)),
      };
  }
}

/**
 * Renders the "Payload structure" of
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
function standardBody({ type, time, data }: HookEvent) {
  return { type, timestamp: time, data };
}

/**
 * Renders the structured mode of
 * https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md#32-structured-content-mode
 */
function cloudEventBody({ id, source, type, subject, time, data }: HookEvent) {
  return { specversion: '1.0', id, source, type, subject, time, datacontenttype: 'application/json', data };
}

/** The properties that ACR sends for each of its actions, in its order. For charts it names no request. */
export const acrShapes: Readonly<
  Record<string, { readonly target: readonly string[]; readonly request?: readonly string[] }>
> = {
  push: {
    target: ['mediaType', 'size', 'digest', 'length', 'repository', 'tag'],
    request: ['id', 'host', 'method', 'useragent'],
  },
  delete: { target: ['mediaType', 'digest', 'repository'], request: ['id', 'host', 'method', 'useragent'] },
  quarantine: { target: ['size', 'digest', 'length', 'repository', 'tag'], request: ['id', 'host', 'method'] },
  chart_push: { target: ['mediaType', 'size', 'digest', 'repository', 'tag', 'name', 'version'] },
  chart_delete: { target: ['mediaType', 'size', 'digest', 'repository', 'tag', 'name', 'version'] },
} satisfies Record<(typeof acrActions)[number], unknown>;

/**
 * Renders ACR's body (https://learn.microsoft.com/azure/container-registry/container-registry-webhook-reference). An
 * event for which ACR has no action has the same shape: its type as the action, and all of its data but the actor.
 */
export function acrBody({ type, data }: HookEvent): Properties {
  const { actor: _actor, id, timestamp, action = type, target, request, ...others } = data as Properties;
  const shape = acrShapes[String(action)];
  if (shape === undefined) return { id, timestamp, action, target, request, ...others };
  return {
    id,
    timestamp,
    action,
    target: withArchiveVersion(picked(target, shape.target)),
    ...defined({ request: shape.request === undefined ? undefined : picked(request, shape.request) }),
  };
}

function picked(from: unknown, names: readonly string[]): Properties {
  const properties = (from ?? {}) as Properties;
  return Object.fromEntries(
    names.filter((name) => properties[name] !== undefined).map((name) => [name, properties[name]]),
  );
}

/**
 * Adds the suffix of the archive: ACR's webhooks cut a chart's version out of its archive's name and leave the suffix,
 * as in `5.4.0.tgz`. Its Event Grid events do not.
 */
function withArchiveVersion(target: Properties): Properties {
  return typeof target.version === 'string' ? { ...target, version: `${target.version}.tgz` } : target;
}
