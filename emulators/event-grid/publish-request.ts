import type { IncomingHttpHeaders } from 'node:http';
import type { z } from 'zod';
import type { CloudEvent } from './cloud-event.ts';
import { cloudEventSchema } from './cloud-event.ts';
import { badRequest, MAX_BYTES, tooLarge } from './publish-fault.ts';

/** One accepted event: for the filters, and as the JSON text that subscribers receive. */
export interface AcceptedEvent {
  readonly event: CloudEvent;
  readonly json: string;
}

/**
 * Reads the CloudEvents of a publish request in any of the three content modes of the CloudEvents HTTP binding. Throws
 * a 400 fault that names the first fault, or 413 for an event above 1 MB. All or nothing, as Event Grid does it.
 */
export function parsePublishRequest(headers: IncomingHttpHeaders, body: Buffer): AcceptedEvent[] {
  const contentType = headers['content-type'] ?? '';
  const [mediaType = ''] = contentType.toLowerCase().split(';');
  switch (mediaType.trim()) {
    case 'application/cloudevents-batch+json':
      return parseBatch(parseJson(body));
    case 'application/cloudevents+json':
      return [accept(parseJson(body), 'The event')];
    default:
      if (headers['ce-specversion'] !== undefined)
        return [accept(parseBinary(headers, contentType, body), 'The event')];
      throw badRequest(
        'This topic accepts CloudEvents 1.0: send application/cloudevents+json, ' +
          `application/cloudevents-batch+json or ce-* headers, not "${contentType}".`,
      );
  }
}

function parseBatch(parsed: unknown): AcceptedEvent[] {
  if (!Array.isArray(parsed)) throw badRequest('A batch must be a JSON array of CloudEvents.');
  return parsed.map((event, index) => accept(event, `The event at index ${index}`));
}

function accept(candidate: unknown, which: string): AcceptedEvent {
  const parsed = cloudEventSchema.safeParse(candidate);
  if (!parsed.success) throw badRequest(`${which} is not a CloudEvent 1.0: ${describe(parsed.error)}.`);
  const json = JSON.stringify(parsed.data);
  if (Buffer.byteLength(json) > MAX_BYTES) throw tooLarge(which);
  return { event: parsed.data, json };
}

function describe(error: z.ZodError): string {
  return error.issues
    .map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`))
    .join('; ');
}

function parseJson(body: Buffer): unknown {
  const text = decodeUtf8(body);
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw badRequest(`The body is not JSON: ${(cause as SyntaxError).message}`);
  }
}

function decodeUtf8(body: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    throw badRequest('The body is not UTF-8.');
  }
}

/** Binary mode: the attributes are ce-* headers and the body is the data alone (HTTP binding 3.1). */
function parseBinary(headers: IncomingHttpHeaders, contentType: string, body: Buffer): Record<string, unknown> {
  const attributes = Object.entries(headers)
    .filter(([name]) => name.startsWith('ce-'))
    .map(([name, value]) => [name.slice('ce-'.length), decodeHeader(name, String(value))]);
  const event = Object.fromEntries(attributes) as Record<string, unknown>;
  // Otherwise a header could stand in for an empty body.
  if ('data' in event || 'data_base64' in event) throw badRequest('ce-data and ce-data_base64 are not attributes.');
  if (contentType !== '') event['datacontenttype'] = contentType;
  return body.length === 0 ? event : { ...event, ...binaryData(contentType, body) };
}

function binaryData(contentType: string, body: Buffer): Record<string, unknown> {
  if (/^[^;]*[/+]json\s*(;|$)/i.test(contentType)) return { data: parseJson(body) };
  if (/^text\//i.test(contentType)) return { data: decodeUtf8(body) };
  return { data_base64: body.toString('base64') };
}

/** HTTP binding 3.1.3.2: header values carry everything beyond printable ASCII percent-encoded. */
function decodeHeader(name: string, value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    throw badRequest(`The header ${name} is not percent-encoded as CloudEvents asks.`);
  }
}
