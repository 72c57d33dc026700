import { once } from 'node:events';
import { chmod, chown } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, request as requestHttp } from 'node:http';
import type { Server, Socket } from 'node:net';
import { connect, createServer as createTcpServer, isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { defined } from '../../core/documents/defined.ts';
import { allowedAddresses } from '../../core/outbound/checked-lookup.ts';
import type { Reach } from '../../core/outbound/public-address.ts';
import { isLoopbackAddress, isPublicAddress } from '../../core/outbound/public-address.ts';
import type { ResolveName } from '../../core/outbound/resolve-name.ts';
import { nameResolver } from '../../core/outbound/resolve-name.ts';
import type { Door } from './relay.ts';

export interface GatewayOptions {
  /** The folder of its sockets, which the builder alone may enter. */
  readonly folder: string;
  /** The same folder, as the builder sees it. */
  readonly seenAt: string;
  readonly owner: { readonly uid: number; readonly gid: number };
  /** Registries on this machine, `HOST:PORT`: each is found at the same port of the builder's own loopback. */
  readonly plainHosts: readonly string[];
  /** This registry and its storage, `HOST` or `HOST:PORT`: they may be at private addresses. */
  readonly ownHosts: readonly string[];
  /** The addresses of everything else that the builder may reach. */
  readonly reach: Reach;
  /** Says whether steps get a way out too: to public addresses alone, and to no registry of this machine. */
  readonly opensToSteps: boolean;
  readonly resolve?: ResolveName;
  /** The milliseconds allowed for a connection, and for each part of an answer; tests use fewer. */
  readonly patienceMs?: number;
}

/** The builder's way to the network, for as long as its job lasts. */
export interface Gateway {
  readonly doors: readonly Door[];
  /** The URL of the proxy, as the builder sees it. */
  readonly proxy: string;
  close(): Promise<void>;
}

/** The connections allowed, which are more than a busy package installer opens. */
const maxConnections = 256;
const usualTimeoutMs = 20_000;

/**
 * Opens the way out of a builder, whose own network is empty. Requests for bases, for `ADD` of a URL and to the token
 * service that a registry names go through this proxy, which connects to addresses that `reach` allows, and to the very
 * address that it has checked: a name that changes in between gains nothing.
 */
export async function openGateway({
  folder,
  seenAt,
  owner,
  plainHosts,
  ownHosts,
  reach,
  opensToSteps,
  resolve = nameResolver(),
  patienceMs = usualTimeoutMs,
}: GatewayOptions): Promise<Gateway> {
  const servers: Server[] = [];
  const listen = async (server: Server, name: string) => {
    server.maxConnections = maxConnections;
    servers.push(server);
    server.listen(join(folder, name));
    await once(server, 'listening');
    await chmod(join(folder, name), 0o600);
    await chown(join(folder, name), owner.uid, owner.gid);
    return join(seenAt, name);
  };
  const places = plainHosts
    .map(placeOf)
    .filter(
      (place, at, all) => all.findIndex(({ port, address }) => port === place.port && address === place.address) === at,
    );
  const port = freePort(places);
  const isOwn = (host: string, to: number) => ownHosts.some((own) => sameAs(own, host, to));
  const builder = await listen(
    proxyServer(
      { resolve, patienceMs },
      (host, to) => (address) => isOwn(host, to) || (reach.allows(address) && !isThisMachine(address)),
    ),
    'builder.sock',
  );
  const steps = opensToSteps
    ? await listen(
        proxyServer({ resolve, patienceMs }, () => (address) => isPublicAddress(address) && !isThisMachine(address)),
        'steps.sock',
      )
    : undefined;
  const doors: Door[] = [{ port, address: '127.0.0.1', builder, ...defined({ steps }) }];
  for (const [at, place] of places.entries())
    doors.push({
      port: place.port,
      address: place.address,
      builder: await listen(tunnelServer(place.host, place.port), `plain-${at}.sock`),
    });
  const close = async () => {
    await Promise.all(servers.map((server) => closeServer(server)));
  };
  return { doors, proxy: `http://127.0.0.1:${port}`, close };
}

/** The addresses that stand for any address, which lead here too. */
const anyAddress = ['0.0.0.0', '::'];

/**
 * Says whether an address is this machine's, which stays closed whatever the operator has opened: a name may lead to
 * any port of it, and the registries here have doors. Its public addresses are behind a firewall for others, and not
 * for itself.
 */
function isThisMachine(address: string): boolean {
  return (
    isLoopbackAddress(address) ||
    anyAddress.includes(address) ||
    Object.values(networkInterfaces()).some((each) => each?.some((own) => own.address === address))
  );
}

const sockets = new WeakMap<Server, Set<Duplex>>();

function tracked<T extends Server>(server: T): T {
  const open = new Set<Duplex>();
  sockets.set(server, open);
  server.on('connection', (socket: Duplex) => {
    open.add(socket);
    // Node's own listener is removed with CONNECT, and a socket that breaks off before it has another would end this
    // process.
    socket.on('error', () => socket.destroy());
    socket.on('close', () => open.delete(socket));
  });
  return server;
}

async function closeServer(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  for (const socket of sockets.get(server) ?? []) socket.destroy();
  await closed;
}

interface Place {
  readonly host: string;
  readonly port: number;
  readonly address: Door['address'];
}

function placeOf(plainHost: string): Place {
  const { hostname, port } = new URL(`http://${plainHost}`);
  const host = hostname.replace(/^\[|\]$/g, '');
  return { host, port: port === '' ? 80 : Number(port), address: isIP(host) === 6 ? '::1' : '127.0.0.1' };
}

/** Finds a free port of the builder's loopback, where nothing else listens. */
function freePort(places: readonly Place[]): number {
  for (let port = 3_128; ; port += 1) if (places.every((place) => place.port !== port)) return port;
}

function sameAs(own: string, host: string, port: number): boolean {
  const url = new URL(`https://${own}`);
  return url.hostname === host.toLowerCase() && Number(url.port === '' ? 443 : url.port) === port;
}

function tunnelServer(host: string, port: number): Server {
  return tracked(
    createTcpServer((socket) => {
      joinSockets(socket, connect({ host, port }));
    }),
  );
}

/**
 * Joins two sockets, each of which ends with the other. Bytes that have come from outside are passed on first: a slow
 * reader still gets the end of a layer.
 */
function joinSockets(socket: Duplex, out: Socket): void {
  socket.on('error', () => out.destroy());
  out.on('error', () => socket.destroy());
  socket.on('close', () => out.destroy());
  socket.pipe(out).pipe(socket);
}

type Connecting = Required<Pick<GatewayOptions, 'resolve' | 'patienceMs'>>;
type Allows = (host: string, port: number) => (address: string) => boolean;

function proxyServer(how: Connecting, allows: Allows): Server {
  const server = createServer((request, response) => {
    forward(request, response, how, allows).catch((error: unknown) => {
      refuse(response, error);
    });
  });
  server.on('connect', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    tunnel(request.url ?? '', socket, head, how, allows).catch((error: unknown) => {
      socket.on('error', () => undefined);
      socket.end(`HTTP/1.1 403 Forbidden\r\ncontent-type: text/plain\r\nconnection: close\r\n\r\n${why(error)}\n`);
    });
  });
  return tracked(server);
}

async function tunnel(
  authority: string,
  socket: Duplex,
  head: Buffer,
  { resolve, patienceMs }: Connecting,
  allows: Allows,
): Promise<void> {
  const { hostname, port } = new URL(`https://${authority}`);
  const to = port === '' ? 443 : Number(port);
  const out = connect({ host: await addressOf(hostname, to, resolve, allows), port: to, timeout: patienceMs });
  out.on('timeout', () => out.destroy(new Error('no connection in time')));
  socket.on('close', () => out.destroy());
  await once(out, 'connect');
  out.setTimeout(0);
  socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
  out.write(head);
  joinSockets(socket, out);
}

/** Forwards a plain `http://` request: its answer may come from allowed addresses alone, as with TLS. */
async function forward(
  request: IncomingMessage,
  response: ServerResponse,
  { resolve, patienceMs }: Connecting,
  allows: Allows,
): Promise<void> {
  const url = new URL(request.url ?? '');
  if (url.protocol !== 'http:') throw new Error('only http:// URLs are forwarded');
  const port = url.port === '' ? 80 : Number(url.port);
  const host = await addressOf(url.hostname, port, resolve, allows);
  const { 'proxy-connection': _, 'proxy-authorization': __, ...headers } = request.headers;
  const out = requestHttp({
    host,
    port,
    path: `${url.pathname}${url.search}`,
    method: request.method ?? 'GET',
    headers: { ...headers, host: url.host, connection: 'close' },
    agent: false,
    timeout: patienceMs,
  });
  out.on('timeout', () => out.destroy(new Error('no answer in time')));
  // The listener stays for as long as the request lives: it also fails in the middle of an answer, where `once` below
  // is long gone, and an unhandled error ends this process.
  out.on('error', (error) => {
    refuse(response, error);
  });
  // No other protocol was asked for, and Node then says no more about the answer.
  out.on('upgrade', (_answer, socket) => {
    socket.destroy();
    refuse(response, new Error('the answer uses another protocol than the request'));
  });
  request.on('error', () => out.destroy());
  response.on('close', () => out.destroy());
  request.pipe(out);
  const [answer] = (await once(out, 'response')) as [IncomingMessage];
  response.writeHead(answer.statusCode ?? 502, answer.headers);
  answer.on('error', () => response.destroy());
  answer.pipe(response);
}

function refuse(response: ServerResponse, error: unknown): void {
  if (response.headersSent) response.destroy();
  else response.writeHead(403, { 'content-type': 'text/plain' }).end(`${why(error)}\n`);
}

function why(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Returns the address to connect to, if every address of the name is allowed. */
async function addressOf(hostname: string, port: number, resolve: ResolveName, allows: Allows): Promise<string> {
  const host = hostname.replace(/^\[|\]$/g, '');
  const refusal = () => `a build may not reach ${host}: its address is not public, or belongs to this machine`;
  const [{ address }] = await allowedAddresses(host, { resolve, allows: allows(host, port), refusal });
  return address;
}
