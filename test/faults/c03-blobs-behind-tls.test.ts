import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { blobDelivery, parseConfig } from '../../shared/app/config/config.ts';
import { startRunningStack } from '../local/stack/running-stack.ts';

const { Values: sample } = JSON.parse(
  readFileSync(new URL('../../local.settings.sample.json', import.meta.url), 'utf8'),
) as { Values: Record<string, string> };
const key = 'AccountName=images;AccountKey=bG9uZ3Nob3JlLWxvY2FsLXVwbG9hZC1rZXktb2YtMzItYnl0ZXM=';

function delivery(settings: Readonly<Record<string, string>>): string {
  return blobDelivery(parseConfig({ ...sample, LONGSHORE_BLOBS: '', ...settings }));
}

describe('blobs behind TLS, which clients of .NET follow to no http', () => {
  it('go through the app where the public URL is https and the storage http', () => {
    expect(delivery({ LONGSHORE_PUBLIC_URL: 'https://registry.example.com' })).toBe('proxy');
    expect(
      delivery({
        LONGSHORE_PUBLIC_URL: 'https://registry.example.com',
        BLOB_CONNECTION_STRING: '',
        BLOB_ENDPOINT: 'http://127.0.0.1:10000/a',
      }),
    ).toBe('proxy');
    expect(
      delivery({
        LONGSHORE_PUBLIC_URL: 'https://registry.example.com',
        BLOB_CONNECTION_STRING: `DefaultEndpointsProtocol=http;${key}`,
      }),
    ).toBe('proxy');
    expect(
      delivery({
        LONGSHORE_PUBLIC_URL: 'https://registry.example.com',
        BLOB_CONNECTION_STRING: 'UseDevelopmentStorage=true',
      }),
    ).toBe('proxy');
  });

  it('are redirected to where nothing else is the case', () => {
    expect(delivery({})).toBe('redirect');
    expect(delivery({ LONGSHORE_PUBLIC_URL: 'http://127.0.0.1:5000' })).toBe('redirect');
    expect(
      delivery({
        LONGSHORE_PUBLIC_URL: 'https://registry.example.com',
        BLOB_CONNECTION_STRING: `DefaultEndpointsProtocol=https;${key}`,
      }),
    ).toBe('redirect');
    expect(
      delivery({
        LONGSHORE_PUBLIC_URL: 'https://registry.example.com',
        BLOB_CONNECTION_STRING: '',
        BLOB_ENDPOINT: 'https://images.blob.core.windows.net',
      }),
    ).toBe('redirect');
  });

  it('go as the setting says, where it says something', () => {
    expect(delivery({ LONGSHORE_PUBLIC_URL: 'https://registry.example.com', LONGSHORE_BLOBS: 'redirect' })).toBe(
      'redirect',
    );
    expect(delivery({ LONGSHORE_BLOBS: 'proxy' })).toBe('proxy');
  });

  it("go through the app when another region's storage is http", () => {
    const regions = [
      { name: 'local', blobs: 'https://a.blob.core.windows.net', queues: 'https://a.queue.core.windows.net' },
      { name: 'other', blobs: 'http://127.0.0.1:10000/b', queues: 'http://127.0.0.1:10001/b' },
    ];
    const settings = {
      LONGSHORE_PUBLIC_URL: 'https://registry.example.com',
      BLOB_CONNECTION_STRING: '',
      BLOB_ENDPOINT: 'https://a.blob.core.windows.net',
      LONGSHORE_REGIONS: JSON.stringify(regions),
    };
    expect(delivery(settings)).toBe('proxy');
  });

  it('come from both hosts with no redirect', async () => {
    const state = await mkdtemp(join(tmpdir(), 'longshore-test-'));
    const stack = await startRunningStack(state, [], { LONGSHORE_PUBLIC_URL: 'https://registry.example.com' });
    try {
      const body = 'eleven byte';
      const digest = 'sha256:' + Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from(body))).toString('hex');
      const pushed = await fetch(`${stack.url}/v2/tls/blobs/uploads/?digest=${digest}`, {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/octet-stream' },
      });
      expect(pushed.status).toBe(201);
      for (const host of [stack.url, stack.functionsUrl]) {
        const pulled = await fetch(`${host}/v2/tls/blobs/${digest}`, { redirect: 'manual' });
        expect([pulled.status, await pulled.text()]).toEqual([200, body]);
      }
    } finally {
      await stack.stop();
      await rm(state, { recursive: true, force: true });
    }
  }, 60_000);
});
