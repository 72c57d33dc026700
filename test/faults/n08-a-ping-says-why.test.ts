import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { composeForTest } from '../../shared/app/compose-for-test.ts';
import { ask } from '../shared/image.ts';

async function pinged(serviceUri: string): Promise<unknown> {
  const { app } = composeForTest();
  const made = await ask(app, 'PUT', '/api/v1/webhooks/first1', {
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ serviceUri, actions: ['push'] }),
  });
  expect(made.status).toBe(201);
  return (await ask(app, 'POST', '/api/v1/webhooks/first1/ping')).json();
}

/** A server that answers everything with one status, for as long as `use` takes. */
async function answering<T>(status: number, use: (url: string) => Promise<T>): Promise<T> {
  const server = createServer((_, response) => response.writeHead(status).end());
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  try {
    return await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  } finally {
    server.close();
  }
}

describe('a ping that fails', () => {
  it('says what the receiver answered', async () => {
    expect(await answering(401, pinged)).toMatchObject({
      status: 'expired',
      because: 'a ping is tried once: it answered 401',
    });
  });

  it('says that nobody listens there', async () => {
    const gone = await answering(200, (url) => Promise.resolve(url));
    expect(await pinged(gone)).toMatchObject({
      status: 'expired',
      because: expect.stringMatching(/^a ping is tried once: .*ECONNREFUSED/) as string,
    });
  });

  it('says nothing where it arrives', async () => {
    expect(await answering(204, pinged)).not.toHaveProperty('because');
  });
});
