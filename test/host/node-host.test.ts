import type { ClientRequest, IncomingMessage } from 'node:http';
import { request } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { NodeHost } from '../../host/node-host.ts';
import { startNodeHost } from '../../host/node-host.ts';
import { composeForTest } from '../../shared/app/compose-for-test.ts';
import { blockBytes } from '../../shared/features/registry/stage-body.ts';
import { location } from '../shared/image.ts';

const mebibyte = Buffer.alloc(1024 * 1024, 'layer');

let host: NodeHost;
afterEach(() => host.stop(100));

async function newUpload(options: Parameters<typeof composeForTest>[0] = {}): Promise<string> {
  host = await startNodeHost(composeForTest(options).app, { host: '127.0.0.1', port: 0 });
  return `${host.url}${location(await fetch(`${host.url}/v2/team/app/blobs/uploads/`, { method: 'POST' }))}`;
}

function patch(
  url: string,
  headers: Record<string, string> = {},
): { outgoing: ClientRequest; answered: Promise<IncomingMessage> } {
  const outgoing = request(url, { method: 'PATCH', headers });
  const answered = new Promise<IncomingMessage>((resolve, reject) =>
    outgoing.once('response', resolve).once('error', reject),
  );
  answered.catch(() => undefined);
  return { outgoing, answered };
}

/** Writes until the other side takes no more; gives the mebibytes that it has taken. */
async function writeUntilFull(outgoing: ClientRequest): Promise<number> {
  for (let taken = 0; ; taken++) {
    const drained = new Promise<'drained'>((resolve) => outgoing.write(mebibyte, () => resolve('drained')));
    if ((await Promise.race([drained, setTimeout(1_000, 'full')])) === 'full') return taken;
  }
}

describe('a body that comes over a socket', () => {
  it('is taken no faster than it is stored', async () => {
    let release = (): void => undefined;
    const stored = new Promise<void>((resolve) => (release = resolve));
    const { memory } = composeForTest();
    const url = await newUpload({ adapters: { blobs: { ...memory.blobs, stageBlock: () => stored } } });
    const { outgoing, answered } = patch(url);
    const taken = await writeUntilFull(outgoing);
    // Two blocks in flight, and what the sockets of both sides hold.
    expect(taken).toBeLessThan(30);
    release();
    outgoing.end();
    expect((await answered).resume().headers.range).toBe(`0-${(taken + 1) * mebibyte.length - 1}`);
  });

  it('is answered though it is refused while it comes', async () => {
    const { outgoing, answered } = patch(await newUpload(), { 'content-range': '0-9' });
    outgoing.write(mebibyte);
    expect((await answered).statusCode).toBe(400);
    outgoing.destroy();
  });

  it('leaves its whole blocks when the connection breaks', async () => {
    const url = await newUpload();
    const { outgoing } = patch(url);
    for (let sent = 0; sent < 12; sent++) await new Promise((resolve) => outgoing.write(mebibyte, resolve));
    const received = async () => (await fetch(url)).headers.get('range');
    await vi.waitUntil(async () => (await received()) === `0-${2 * blockBytes - 1}`, 10_000);
    outgoing.destroy();
    expect(await received()).toBe(`0-${2 * blockBytes - 1}`);
  });
});
