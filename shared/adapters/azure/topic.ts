import { AzureKeyCredential, EventGridPublisherClient } from '@azure/eventgrid';
import { defined } from '../../core/documents/defined.ts';
import { StoreFailure } from '../../core/ports/failures.ts';
import type { ProbeDependency } from '../../core/ports/probe.ts';
import type { CloudEvent, PublishEvents } from '../../core/ports/topic.ts';
import type { KeyOrIdentity } from './credential.ts';
import { within } from './deadline.ts';
import { reach } from './reach.ts';
import { storageAnswer } from './storagefailures.ts';

/** Event Grid's limit of one request, in bytes. */
const maxBytes = 1024 * 1024;
const publishSeconds = 15;

/**
 * Publishes to one Event Grid topic that accepts CloudEvents. Throws `TypeError` for no events, or more than 1 MB of
 * them.
 */
export function azureTopic(settings: KeyOrIdentity & { readonly endpoint: string }): PublishEvents & ProbeDependency {
  const credential = 'key' in settings ? new AzureKeyCredential(settings.key) : settings.credential;
  const client = new EventGridPublisherClient(settings.endpoint, 'CloudEvent', credential, {
    allowInsecureConnection: settings.endpoint.startsWith('http:'),
    retryOptions: { maxRetries: 2, retryDelayInMs: 200, maxRetryDelayInMs: 2_000 },
  });
  return {
    async publishEvents(events) {
      const bytes = Buffer.byteLength(JSON.stringify(events));
      if (events.length === 0 || bytes > maxBytes)
        throw new TypeError(`${events.length} events of ${bytes} bytes in one call`);
      await within(publishSeconds, (abortSignal) => client.send(events.map(toSdk), { abortSignal })).catch(
        (error: unknown) => {
          throw publishFailure(events.length, error);
        },
      );
    },
    dependency: 'events',
    probe: () => reach('events', settings.endpoint),
  };
}

function toSdk({ id, source, type, subject, time, data, datacontenttype, traceparent }: CloudEvent) {
  return {
    id,
    source,
    type,
    subject,
    time: new Date(time),
    data,
    datacontenttype,
    ...defined({ extensionAttributes: traceparent === undefined ? undefined : { traceparent } }),
  };
}

function publishFailure(count: number, cause: unknown): StoreFailure | TypeError {
  const { status, retryAfterMs } = storageAnswer(cause);
  const message = `publish of ${count}: ${String(status ?? 'no answer')} ${(cause as Error).message}`;
  if (status === 400 || status === 413) return new TypeError(message, { cause });
  return new StoreFailure({
    dependency: 'events',
    kind: status === 429 || status === 503 ? 'throttled' : 'unavailable',
    message,
    ...defined({ retryAfterMs }),
    cause,
  });
}
