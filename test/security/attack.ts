import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { connect } from 'node:net';

/** Returns the memory that a process holds, in MiB. */
export function rssOf(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
}

export interface Stalled {
  readonly socket: Socket;
  /** Returns what has been answered so far. */
  readonly got: () => string;
  readonly isClosed: () => boolean;
}

/** Begins a request, sends a part of its body, and then nothing. */
export function stall(url: string, head: string, part: Uint8Array = new Uint8Array()): Stalled {
  const { port } = new URL(url);
  let [got, closed] = ['', false];
  const socket = connect(Number(port), '127.0.0.1');
  socket.write(`${head}\r\nHost: 127.0.0.1\r\n\r\n`);
  if (part.length > 0) socket.write(part);
  socket
    .on('data', (chunk: Buffer) => (got += chunk.toString('latin1')))
    .on('error', () => undefined)
    .on('close', () => (closed = true));
  return { socket, got: () => got, isClosed: () => closed };
}

export function statusOf(answer: string): number {
  return Number(/^HTTP\/1\.1 (\d+)/.exec(answer.replace(/^HTTP\/1\.1 100 Continue\r\n\r\n/, ''))?.[1] ?? 0);
}

export async function pullMs(
  url: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<number> {
  const began = performance.now();
  const answer = await fetch(`${url}${path}`, { headers });
  await answer.arrayBuffer();
  if (answer.status !== 200) throw new Error(`a pull was answered with ${answer.status}`);
  return performance.now() - began;
}
