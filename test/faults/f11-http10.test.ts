import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningStack } from '../local/stack/running-stack.ts';
import { startRunningStack, stateFolder } from '../local/stack/running-stack.ts';

async function firstLine(url: string, request: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname, () => socket.write(request));
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    if (Buffer.concat(chunks).includes('\r\n\r\n')) socket.destroy();
  });
  socket.setTimeout(10_000, () => socket.destroy());
  await once(socket, 'close');
  return Buffer.concat(chunks).toString('latin1').split('\r\n')[0] ?? '';
}

describe('HTTP/1.0 without Host, as HAProxy and nagios ask', () => {
  let folder: Awaited<ReturnType<typeof stateFolder>>;
  let stack: RunningStack;
  beforeAll(async () => {
    folder = await stateFolder();
    stack = await startRunningStack(folder.path);
  });
  afterAll(async () => {
    await stack.stop();
    await folder.remove();
  });

  it('is answered by plain Node', async () => {
    for (const line of [
      'GET /healthz HTTP/1.0',
      'GET /v2/ HTTP/1.0',
      'HEAD /v2/ HTTP/1.0',
      'GET /healthz HTTP/1.0\r\nHost: localhost',
    ])
      expect(await firstLine(stack.url, `${line}\r\n\r\n`), line).toMatch(/^HTTP\/1\.[01] 200/);
    expect(await firstLine(stack.url, 'OPTIONS / HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1\.[01] (2|3|404|405)/);
  });

  it('is answered with 500 by the Functions host, before the app, as the real one does: in Azure the front sends a Host', async () => {
    expect(await firstLine(stack.functionsUrl, 'GET /healthz HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1\.1 500/);
    expect(await firstLine(stack.functionsUrl, 'GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n')).toMatch(
      /^HTTP\/1\.1 200/,
    );
  });

  it('is asked for of HTTP/1.1, as RFC 9112 says', async () => {
    expect(await firstLine(stack.url, 'GET /healthz HTTP/1.1\r\n\r\n')).toMatch(/^HTTP\/1\.1 400/);
    expect(await firstLine(stack.url, 'GET /healthz HTTP/1.0\r\nHost: a b\r\n\r\n')).toMatch(/^HTTP\/1\.[01] 400/);
  });
});
