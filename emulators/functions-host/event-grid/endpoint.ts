import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { readBody } from '../http/request-body.ts';
import type { HostEndpoint } from '../http/server.ts';
import type { Invoke } from '../invocation.ts';
import { asError } from '../log.ts';
import { withRetries } from '../retry.ts';
import { hasTrigger, type HostedFunction } from '../trigger-binding.ts';
import { readEvents, validationCode } from './delivery.ts';

/** The path at which Event Grid delivers to functions: POST …?functionName=NAME. */
export const eventGridPath = '/runtime/webhooks/eventgrid';

interface Answer {
  status: 200 | 202 | 400 | 401 | 404 | 500;
  text?: string;
  headers?: Record<string, string>;
}

interface EventGridEndpointOptions {
  functions: HostedFunction[];
  invoke: Invoke;
  bodyLimit: number;
  /**
   * The key that deliveries must show. Without it, anybody who reaches the port can make up events, and what functions
   * do about them is done in the app's name.
   */
  key: string | undefined;
  stopped: AbortSignal;
}

/** In constant time, whatever was given. */
function isKey(given: string | null, key: string): boolean {
  const [left, right] = [given ?? '', key].map((text) => createHash('sha256').update(text).digest());
  return left !== undefined && right !== undefined && timingSafeEqual(left, right);
}

/**
 * The webhook of the Event Grid extension (EventGridExtensionConfigProvider, HttpRequestProcessor): answers both
 * handshakes, and runs a delivery's events at once, one invocation each. 202 when all succeeded, 500 when one failed:
 * Event Grid then sends the whole delivery again.
 */
export function createEventGridEndpoint({
  functions,
  invoke,
  bodyLimit,
  key,
  stopped,
}: EventGridEndpointOptions): HostEndpoint {
  const byName = new Map(functions.filter((fn) => hasTrigger(fn, 'eventGridTrigger')).map((fn) => [fn.name, fn]));
  return async (req, res, query) => {
    if (key !== undefined && !isKey(query.get('code'), key)) {
      res.writeHead(401, { 'content-length': 0, connection: 'close' }).end();
      return;
    }
    const name = query.get('functionName') ?? '';
    const fn = byName.get(name);
    const answer: Answer =
      fn === undefined ? { status: 404, text: `cannot find function: '${name}'` } : await answerFor(req, fn);
    const { status, text = '', headers = {} } = answer;
    res
      .writeHead(status, {
        'content-type': 'text/plain; charset=utf-8',
        'content-length': Buffer.byteLength(text),
        ...headers,
      })
      .end(text);
  };

  async function answerFor(req: IncomingMessage, fn: HostedFunction): Promise<Answer> {
    if (req.method === 'OPTIONS') return allowOrigin(req.headers['webhook-request-origin']);
    if (req.method !== 'POST') return { status: 400 };
    const body = await readBody(req, bodyLimit);
    switch (String(req.headers['aeg-event-type']).toLowerCase()) {
      case 'subscriptionvalidation':
        return { status: 200, text: JSON.stringify({ validationResponse: validationCode(body) }) };
      case 'notification':
        return runEvents(fn, readEvents(body), invoke, stopped);
      // Event Grid says "SubscriptionDeletion", which the extension does not know: 400, and nobody minds.
      case 'unsubscribe':
        return { status: 202 };
      default:
        return { status: 400 };
    }
  }
}

async function runEvents(fn: HostedFunction, events: object[], invoke: Invoke, stopped: AbortSignal): Promise<Answer> {
  const runs = events.map((event) => {
    const data = { json: JSON.stringify(event) };
    const triggerMetadata = 'data' in event ? { data: { json: JSON.stringify(event.data) } } : {};
    return withRetries(
      fn.retry,
      (retryContext) => invoke({ fn, reason: 'EventGrid trigger fired', data, triggerMetadata, retryContext }),
      stopped,
    );
  });
  const failed = (await Promise.allSettled(runs)).find((run) => run.status === 'rejected');
  return failed === undefined ? { status: 202 } : { status: 500, text: asError(failed.reason).message };
}

// The handshake of CloudEvents subscriptions: CloudEvents webhook specification, section 4.
function allowOrigin(origin: string | string[] | undefined): Answer {
  if (typeof origin !== 'string') return { status: 400 };
  return { status: 200, headers: { 'webhook-allowed-origin': origin, 'webhook-allowed-rate': '*', allow: 'POST' } };
}
