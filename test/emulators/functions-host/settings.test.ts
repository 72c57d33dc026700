import { readFile } from 'node:fs/promises';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createBackoff } from '../../../emulators/functions-host/backoff.ts';
import { parseHostJson } from '../../../emulators/functions-host/host-json.ts';
import { bodySizeLimit } from '../../../emulators/functions-host/http/request-body.ts';
import { parseRoute } from '../../../emulators/functions-host/http/route.ts';
import { queueAccount } from '../../../emulators/functions-host/queue/connection.ts';
import { parseTimeSpan } from '../../../emulators/functions-host/time-span.ts';

describe('host.json', () => {
  it('of the project sets no route prefix and polls its queues at least every two seconds', async () => {
    const own = parseHostJson(JSON.parse(await readFile(new URL('../../../host.json', import.meta.url), 'utf8')));
    expect(own.extensions.http.routePrefix).toBe('');
    expect(own.extensions.queues).toMatchObject({
      maxPollingInterval: 2_000,
      batchSize: 32,
      maxDequeueCount: 5,
      messageEncoding: 'base64',
    });
  });

  it('has the defaults of the real host, and keeps what it does not know', () => {
    const parsed = parseHostJson({ version: '2.0', logging: { a: 1 }, extensions: { cosmosDB: { b: 2 } } });
    expect(parsed).toMatchObject({
      functionTimeout: 1_800_000,
      logging: { a: 1 },
      extensions: { cosmosDB: { b: 2 }, http: { routePrefix: 'api' } },
    });
    expect(parsed.extensions.queues).toMatchObject({
      maxPollingInterval: 60_000,
      visibilityTimeout: 0,
      batchSize: 16,
      maxDequeueCount: 5,
    });
    expect(parseHostJson({ version: '2.0', functionTimeout: '-1' }).functionTimeout).toBe(Infinity);
  });
});

describe('a time span', () => {
  it.each([
    ['00:00:02', 2_000],
    ['1.02:03:04.5', 93_784_500],
    ['05:30', 19_800_000],
    ['-00:00:01', -1_000],
    ['2', undefined],
    ['24:00:00', undefined],
    ['00:60:00', undefined],
    ['soon', undefined],
  ])('%s is %s milliseconds', (text, milliseconds) => {
    expect(parseTimeSpan(text)).toBe(milliseconds);
  });
});

describe('a route', () => {
  it('keeps constraints and ignores the case of literals', () => {
    const route = parseRoute('Items/{id:int}', 'api');
    expect(route.match('/API/items/7')).toEqual({ id: '7' });
    expect(route.match('/api/items/seven')).toBeUndefined();
    expect(route.match('/api/items/7/more')).toBeUndefined();
    expect(route.match('/api//7')).toBeUndefined();
  });

  it.each(['/leading', '~/x', 'admin/x', 'runtime/webhooks', 'a/{*rest}/b', '{name}.{ext}', '{id:regex(x)}', '{open'])(
    '"%s" is refused',
    (template) => {
      expect(() => parseRoute(template, '')).toThrow();
    },
  );

  it('gives a catch-all everything after its place', () => {
    const route = parseRoute('v2/{*path}', '');
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: fc.constantFrom('a', 'b', ':', '@', '.'), minLength: 1 }), { minLength: 1 }),
        (parts) => {
          expect(route.match(`/v2/${parts.join('/')}`)).toEqual({ path: parts.join('/') });
        },
      ),
    );
  });
});

describe('the wait between polls', () => {
  it('doubles up to the longest, and is short again after a message', () => {
    const backoff = createBackoff(100, 2_000, () => 0.5);
    expect([false, false, false, false, false, false, false, true, false].map((found) => backoff.next(found))).toEqual([
      100, 200, 300, 500, 900, 1_700, 2_000, 100, 200,
    ]);
  });
});

describe('settings', () => {
  it('name the queue account by connection string, by the prefixed name, or by URI', async () => {
    const azurite = 'UseDevelopmentStorage=true';
    expect((await queueAccount('Work', { Work: azurite })).url).toContain('127.0.0.1:10001');
    expect((await queueAccount('Storage', { AzureWebJobsStorage: azurite })).url).toContain('127.0.0.1:10001');
    expect((await queueAccount('Work', { Work__queueServiceUri: 'https://acct.queue.core.windows.net' })).url).toBe(
      'https://acct.queue.core.windows.net',
    );
    await expect(queueAccount('Work', {})).rejects.toThrow('set Work or Work__queueServiceUri');
  });

  it('raise the body limit, and are ignored when they are no number', () => {
    expect(bodySizeLimit({ FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: '4294967296' })).toBe(4_294_967_296);
    expect(bodySizeLimit({ FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: 'much' })).toBe(104_857_600);
    expect(bodySizeLimit({})).toBe(104_857_600);
  });
});
