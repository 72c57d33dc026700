import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Container } from '../catalog/container.ts';
import type { Refusal } from '../refusal.ts';
import { formatCharge } from '../request-charge.ts';
import type { ResourcePath } from './resource-path.ts';

/** A request whose signature is good. */
export interface ServiceRequest {
  readonly method: string;
  readonly path: ResourcePath;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** The size of the body, as it came. */
  readonly bytes: number;
}

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON text. */
  readonly body: string | undefined;
}

/** The one value of a header; Node joins repeated ones, except for a few that do not matter here. */
export function header(request: Pick<ServiceRequest, 'headers'>, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

export const isFlagged = (request: Pick<ServiceRequest, 'headers'>, name: string): boolean =>
  header(request, name)?.toLowerCase() === 'true';

/** @param charge request units */
export function reply(
  status: number,
  body: string | undefined,
  charge: number,
  headers: Record<string, string> = {},
): Reply {
  return {
    status,
    body,
    headers: { 'x-ms-request-charge': formatCharge(charge), 'x-ms-activity-id': randomUUID(), ...headers },
  };
}

export const jsonReply = (status: number, body: unknown, headers: Record<string, string> = {}): Reply =>
  reply(status, JSON.stringify(body), 1, headers);

/** The SDK reads the substatus and the time to wait from headers, the message from the body. */
export function refusalReply({ status, code, message, substatus, retryAfterMs }: Refusal): Reply {
  return jsonReply(
    status,
    { code, message },
    {
      ...(substatus === undefined ? {} : { 'x-ms-substatus': String(substatus) }),
      ...(retryAfterMs === undefined ? {} : { 'x-ms-retry-after-ms': String(retryAfterMs) }),
    },
  );
}

/**
 * Makes the headers by which the SDK keeps a session: the token (range, version, highest log sequence number) and its
 * container, by rid and by name.
 */
export const sessionHeaders = (container: Container, lsn: number): Record<string, string> => ({
  'x-ms-session-token': `0:-1#${lsn}`,
  'x-ms-content-path': container.rid,
  'x-ms-alt-content-path': encodeURI(container.record.link),
  lsn: String(lsn),
});
