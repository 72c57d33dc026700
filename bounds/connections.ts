import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

export interface ConnectionLimits {
  /**
   * The connections that may be open at once: each costs some KiB, and some tens if it stops in the middle of a
   * request.
   */
  readonly most: number;
  /**
   * A connection is closed after so many milliseconds in which its client has neither sent nor received a byte, though
   * it was its turn.
   */
  readonly silentMs: number;
}

/** The silence allowed is above the minute that the app itself gives a body, which answers before it closes. */
export const usualConnectionLimits: ConnectionLimits = { most: 2_048, silentMs: 75_000 };

/** A whole head must arrive within this many milliseconds; Node checks that as often as `headersCheckMs`. */
export const headersTimeoutMs = 20_000;
export const headersCheckMs = 5_000;

/**
 * While the limit is reached, a connection in the middle of a request or an answer that has moved fewer than
 * `leastMoved` bytes in `stallMs` milliseconds makes room: a byte now and then would hold a place for as long as its
 * sender likes.
 */
const stallMs = 5_000;
const leastMoved = 4 * 1024;

interface Connection {
  readonly since: number;
  readonly address: string;
  exchange?: { readonly request: IncomingMessage; readonly response: ServerResponse; readonly since: number };
  /** The time at which a check last found that the connection had moved on. */
  moved: { readonly bytes: number; readonly at: number };
}

/**
 * Keeps unused connections from holding memory, and from keeping others out. There is no limit for one address alone:
 * behind a proxy all clients have the same. When all places are occupied, one connection of the address that has most
 * is closed: first an idle one, then one that has stopped, or nearly so, in the middle.
 */
export function guardConnections(server: Server, { most, silentMs }: ConnectionLimits = usualConnectionLimits): void {
  const open = new Map<Socket, Connection>();
  server.on('connection', (socket) => {
    const at = performance.now();
    open.set(socket, { since: at, address: socket.remoteAddress ?? '', moved: { bytes: 0, at } });
    socket.once('close', () => open.delete(socket));
    if (open.size > most) (victimAmong(open, socket) ?? socket).destroy();
  });
  server.on('request', (request, response) => {
    const connection = open.get(request.socket);
    if (connection === undefined) return;
    connection.exchange = { request, response, since: performance.now() };
    response.once('close', () => {
      if (connection.exchange?.response === response) delete connection.exchange;
    });
  });
  server.setTimeout(silentMs, (socket) => {
    if (isClientsTurn(socket, open.get(socket)?.exchange)) socket.destroy();
  });
}

/**
 * Says whether the client has to move. While the app works on a request that has come it has not: a large upload may be
 * read back for minutes.
 */
function isClientsTurn(socket: Socket, exchange: Connection['exchange']): boolean {
  if (exchange === undefined) return true;
  return isInTheMiddle(socket, exchange);
}

function isInTheMiddle(socket: Socket, { request, response }: NonNullable<Connection['exchange']>): boolean {
  return (
    response.writableLength > 0 || socket.writableLength > 0 || (!request.complete && request.readableLength === 0)
  );
}

function victimAmong(open: ReadonlyMap<Socket, Connection>, newest: Socket): Socket | undefined {
  const counts = new Map<string, number>();
  for (const { address } of open.values()) counts.set(address, (counts.get(address) ?? 0) + 1);
  let victim: { readonly socket: Socket; readonly rank: readonly [number, number, number] } | undefined;
  const now = performance.now();
  for (const [socket, connection] of open) {
    if (socket === newest || socket.destroyed) continue;
    const stopped = isStopped(socket, connection, now);
    if (stopped === undefined) continue;
    const rank = [counts.get(connection.address) ?? 0, stopped === 'idle' ? 1 : 0, -connection.since] as const;
    if (victim === undefined || isHigher(rank, victim.rank)) victim = { socket, rank };
  }
  return victim?.socket;
}

function isStopped(socket: Socket, connection: Connection, now: number): 'idle' | 'stalled' | undefined {
  const { exchange } = connection;
  if (exchange === undefined) return 'idle';
  if (!isInTheMiddle(socket, exchange)) return undefined;
  // Bytes that wait to be sent have not moved yet.
  const bytes = socket.bytesRead + socket.bytesWritten - socket.writableLength;
  if (bytes - connection.moved.bytes >= leastMoved) connection.moved = { bytes, at: now };
  return now - Math.max(connection.moved.at, exchange.since) >= stallMs ? 'stalled' : undefined;
}

function isHigher(one: readonly number[], other: readonly number[]): boolean {
  const at = one.findIndex((value, index) => value !== other[index]);
  return at !== -1 && (one[at] ?? 0) > (other[at] ?? 0);
}
