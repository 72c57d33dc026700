import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const megabyte = 1024 * 1024;
const bytes = 256 * megabyte;
let child: ChildProcess;
let url: string;

beforeAll(async () => {
  child = fork(fileURLToPath(new URL('programs/measured-host.ts', import.meta.url)), [], {
    // The flag that `npm start` has (docs/performance.md, "Large layers"): without it a busy machine's collector lets
    // far more lie.
    execArgv: ['--disable-warning=ExperimentalWarning', '--max-semi-space-size=1'],
  });
  const [message] = (await once(child, 'message')) as [{ url: string }];
  ({ url } = message);
});
afterAll(async () => {
  child.disconnect();
  await once(child, 'exit');
});

async function memory(): Promise<{ rss: number; peak: number }> {
  const answered = once(child, 'message') as Promise<[{ rss: number; peak: number }]>;
  child.send('memory?');
  return (await answered)[0];
}

async function upload(path: string, headers: Record<string, string | number>): Promise<unknown> {
  const outgoing = request(`${url}${path}`, { method: 'PATCH', headers });
  const block = Buffer.alloc(megabyte);
  const answered = once(outgoing, 'response') as Promise<[IncomingMessage]>;
  Readable.from(Array.from({ length: bytes / megabyte }, () => block)).pipe(outgoing);
  const [response] = await answered;
  return JSON.parse((await response.setEncoding('utf8').toArray()).join(''));
}

describe('a large upload', () => {
  it.each([
    ['chunked', {}],
    ['with a declared length', { 'content-length': bytes }],
  ])('%s to a slow reader stays out of memory', async (_, headers) => {
    // The first upload of a process pays for code and stream buffers that every later one uses again.
    const before = await memory();
    expect(await upload('/count?pause=2', headers)).toEqual({ bytes });
    expect((await memory()).peak - before.rss).toBeLessThan(96 * megabyte);
  });
});
