import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

export interface ConnectionLimits {
  /** How many are open at once: each costs some KiB, and some tens where it stops in the middle of a request. */
  readonly most: number;
  /** A connection is closed when its client has neither sent nor taken a byte for so long, though it was its turn. In milliseconds. */
  readonly silentMs: number;
}

/** Above the minute that the app itself gives a body, which answers before it closes. */
export const usualConnectionLimits: ConnectionLimits = { most: 2_048, silentMs: 75_000 };

/** A whole head must have come by then. In milliseconds; Node looks at it as often as `headersCheckMs`. */
export const headersTimeoutMs = 20_000;
export const headersCheckMs = 5_000;

/** While the limit is reached, who has sent nothing for so long in the middle of a body makes room. In milliseconds. */
const stallMs = 5_000;

interface Connection {
  readonly since: number;
  readonly address: string;
  exchange?: { readonly request: IncomingMessage; readonly response: ServerResponse };
  /** At the last look. */
  sent: { readonly bytes: number; readonly at: number };
}

/**
 * Keeps connections that nobody uses from holding memory, and from keeping others out. There is no limit for one address alone: behind a proxy all clients
 * have the same. When all places are taken, one goes of the address that has most: first an idle one, then one that has stopped in the middle of a body.
 */
export function guardConnections(server: Server, { most, silentMs }: ConnectionLimits = usualConnectionLimits): void {
  const open = new Map<Socket, Connection>();
  server.on('connection', (socket) => {
    const at = performance.now();
    open.set(socket, { since: at, address: socket.remoteAddress ?? '', sent: { bytes: 0, at } });
    socket.once('close', () => open.delete(socket));
    if (open.size > most) (victimAmong(open, socket) ?? socket).destroy();
  });
  server.on('request', (request, response) => {
    const connection = open.get(request.socket);
    if (connection === undefined) return;
    connection.exchange = { request, response };
    response.once('close', () => {
      if (connection.exchange?.response === response) delete connection.exchange;
    });
  });
  server.setTimeout(silentMs, (socket) => {
    if (isClientsTurn(socket, open.get(socket)?.exchange)) socket.destroy();
  });
}

/** Not while the app is at work on a request that has come: a large upload may be read back for minutes. */
function isClientsTurn(socket: Socket, exchange: Connection['exchange']): boolean {
  if (exchange === undefined) return true;
  const { request, response } = exchange;
  return response.writableLength > 0 || socket.writableLength > 0 || (!request.complete && request.readableLength === 0);
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
  if (connection.exchange === undefined) return 'idle';
  if (connection.exchange.request.complete) return undefined;
  if (socket.bytesRead !== connection.sent.bytes) connection.sent = { bytes: socket.bytesRead, at: now };
  return now - connection.sent.at >= stallMs ? 'stalled' : undefined;
}

function isHigher(one: readonly number[], other: readonly number[]): boolean {
  const at = one.findIndex((value, index) => value !== other[index]);
  return at !== -1 && (one[at] ?? 0) > (other[at] ?? 0);
}
