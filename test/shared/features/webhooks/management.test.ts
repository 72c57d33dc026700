import { Webhook as Receiver } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { createMemoryWorld } from '../../../../shared/adapters/memory/world.ts';
import type { TestLongshore } from '../../../../shared/app/compose-for-test.ts';
import { composeForTest } from '../../../../shared/app/compose-for-test.ts';
import type { RegistryName } from '../../../../shared/core/oci/name.ts';
import type { OutboundRequest } from '../../../../shared/core/ports/post.ts';
import { sealingKeys } from '../../../../shared/core/secrets/sealing-keys.ts';
import { formats } from '../../../../shared/features/webhooks/documents.ts';
import { findHooks } from '../../../../shared/features/webhooks/find.ts';
import { readHook } from '../../../../shared/features/webhooks/hooks.ts';
import { requestOf } from '../../../../shared/features/webhooks/request.ts';
import { steppedClock } from '../../../contracts/clock.ts';
import { ask } from '../../image.ts';
import { eventOf, pushed } from './events.ts';

const registry = 'default' as RegistryName;
const uri = 'https://ci.example.com/hooks';
const sealingKey = Buffer.alloc(32, 'a key for tests that seals');

interface Shown {
  readonly secret: string;
  readonly secrets: readonly { readonly id: string; readonly expiresAt?: string }[];
  readonly customHeaders: Record<string, string>;
  readonly nextLink?: string;
  readonly items: readonly { readonly name: string }[];
  readonly [property: string]: unknown;
}

async function send(
  { app }: Pick<TestLongshore, 'app'>,
  method: string,
  path: string,
  content?: unknown,
): Promise<Response> {
  return ask(
    app,
    method,
    `/api/v1/webhooks${path}`,
    content === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(content) },
  );
}

async function sent(
  longshore: Pick<TestLongshore, 'app'>,
  method: string,
  path: string,
  content?: unknown,
): Promise<Shown> {
  const response = await send(longshore, method, path, content);
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return (response.status === 204 ? {} : await response.json()) as Shown;
}

async function refusal(response: Response): Promise<[number, string]> {
  const { errors } = (await response.json()) as { errors: { code: string; message: string }[] };
  return [response.status, errors[0]?.message ?? ''];
}

const withClock = (start?: string) => {
  const clock = steppedClock(start);
  return { ...composeForTest({ world: createMemoryWorld({ clock }) }), clock };
};

/** Returns the request that the webhook would send now. */
async function requestFrom({ memory, world }: TestLongshore, name: string): Promise<OutboundRequest> {
  const hook = await readHook(memory.documents, registry, name);
  if (hook === undefined) throw new Error(`no hook ${name}`);
  const { request } = await requestOf(
    { sealing: sealingKeys(undefined, { key: sealingKey }), clock: world.clock },
    hook,
    'dlv_x',
    pushed('team/app', 'v1'),
  );
  return request;
}

async function headersOf(longshore: TestLongshore, name: string): Promise<Record<string, string>> {
  return { ...(await requestFrom(longshore, name)).headers };
}

const found = async ({ memory }: TestLongshore, event = pushed('team/app', 'v1')) =>
  (await findHooks(memory.documents, registry, event)).map(({ name }) => name).sort();

describe('a webhook', () => {
  it('is made with a secret that is shown once, and read without its secrets', async () => {
    const longshore = composeForTest();
    const response = await send(longshore, 'PUT', '/deploy', {
      serviceUri: uri,
      actions: ['push', 'push'],
      customHeaders: { Authorization: 'Basic c2VjcmV0' },
    });
    const { secret, ...made } = (await response.json()) as Shown;
    expect(response.status).toBe(201);
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(made).toMatchObject({
      name: 'deploy',
      serviceUri: 'https://ci.example.com/******',
      actions: ['push'],
      customHeaders: { authorization: '******' },
      scope: '',
      excludes: [],
      status: 'enabled',
      format: 'acr',
    });
    const read = await send(longshore, 'GET', '/deploy');
    expect(await read.clone().json()).toEqual(made);
    const stored = JSON.stringify([
      await longshore.memory.documents.readDocument({
        container: 'registries',
        partition: [registry],
        id: 'webhook:deploy',
      }),
      await read.text(),
    ]);
    for (const hidden of ['c2VjcmV0', secret.slice('whsec_'.length)]) expect(stored).not.toContain(hidden);
    expect(await headersOf(longshore, 'deploy')).toMatchObject({
      authorization: 'Basic c2VjcmV0',
      'content-type': 'application/json',
      'webhook-id': 'dlv_x',
    });
  });

  it('is replaced by the body that was read of it: secrets and masked headers stay', async () => {
    const longshore = composeForTest();
    await sent(longshore, 'PUT', '/deploy', {
      serviceUri: uri,
      actions: ['push'],
      customHeaders: { authorization: 'one', 'x-old': 'gone' },
    });
    const before = await sent(longshore, 'GET', '/deploy');
    const response = await send(longshore, 'PUT', '/deploy', {
      ...before,
      scope: 'team/**',
      customHeaders: { Authorization: '******', 'x-new': 'two' },
    });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      scope: 'team/**',
      secrets: before.secrets,
      createdAt: before.createdAt,
      customHeaders: { authorization: '******', 'x-new': '******' },
    });
    const headers = await headersOf(longshore, 'deploy');
    expect([headers.authorization, headers['x-new'], headers['x-old']]).toEqual(['one', 'two', undefined]);
    expect(
      await refusal(await send(longshore, 'PATCH', '/deploy', { customHeaders: { 'x-other': '******' } })),
    ).toEqual([400, expect.stringContaining('x-other is masked')]);
  });

  it('is changed in the named fields, and in no other', async () => {
    const longshore = composeForTest();
    const {
      secret: _once,
      updatedAt: _then,
      ...before
    } = await sent(longshore, 'PUT', '/deploy', {
      serviceUri: uri,
      actions: ['push'],
      customHeaders: { authorization: 'one' },
      retrySeconds: [1, 2],
      excludes: ['team/x'],
    });
    expect(await sent(longshore, 'PATCH', '/deploy', { actions: ['delete'], retrySeconds: null })).toEqual({
      ...before,
      actions: ['delete'],
      retrySeconds: undefined,
      updatedAt: expect.any(String) as string,
    });
    expect((await headersOf(longshore, 'deploy')).authorization).toBe('one');
    expect((await sent(longshore, 'PATCH', '/deploy', { customHeaders: {} })).customHeaders).toEqual({});
    expect((await send(longshore, 'PATCH', '/nobody', { actions: ['push'] })).status).toBe(404);
  });

  it('is found by its events while it exists and is enabled, by one query', async () => {
    const longshore = composeForTest();
    await sent(longshore, 'PUT', '/deploy', {
      serviceUri: uri,
      actions: ['push', 'Longshore.TagMoved'],
      scope: 'team/**',
    });
    await sent(longshore, 'PUT', '/every', { serviceUri: uri, actions: ['push'] });
    await sent(longshore, 'PUT', '/other', { serviceUri: uri, actions: ['push'], scope: 'other/**' });
    expect([await found(longshore), await found(longshore, eventOf('Longshore.TagMoved'))]).toEqual([
      ['deploy', 'every'],
      ['deploy'],
    ]);
    await sent(longshore, 'PATCH', '/deploy', { status: 'disabled' });
    expect([await found(longshore), await found(longshore, eventOf('Longshore.TagMoved'))]).toEqual([['every'], []]);
    await sent(longshore, 'PATCH', '/deploy', { status: 'enabled', actions: ['Longshore.TagMoved'] });
    expect([await found(longshore), await found(longshore, eventOf('Longshore.TagMoved'))]).toEqual([
      ['every'],
      ['deploy'],
    ]);
    await sent(longshore, 'DELETE', '/every');
    expect(await found(longshore)).toEqual([]);
    expect((await send(longshore, 'DELETE', '/every')).status).toBe(404);
  });

  it('is listed by name, in pages', async () => {
    const longshore = composeForTest();
    for (const name of ['hook3', 'hook1', 'hook2'])
      await sent(longshore, 'PUT', `/${name}`, { serviceUri: uri, actions: ['push', 'delete'] });
    const first = await sent(longshore, 'GET', '?limit=2');
    const second = await sent(longshore, 'GET', (first.nextLink ?? '').replace('/api/v1/webhooks', ''));
    expect([first, second].map(({ items }) => items.map(({ name }) => name))).toEqual([['hook1', 'hook2'], ['hook3']]);
    expect(second.nextLink).toBeUndefined();
  });

  it("can be declared again and again with a secret of one's own, and not with another", async () => {
    const longshore = composeForTest();
    const own = { serviceUri: uri, actions: ['push'], secret: `whsec_${Buffer.alloc(24, 'own').toString('base64')}` };
    expect((await sent(longshore, 'PUT', '/deploy', own)).secret).toBe(own.secret);
    expect((await send(longshore, 'PUT', '/deploy', own)).status).toBe(200);
    expect(
      await refusal(
        await send(longshore, 'PUT', '/deploy', {
          ...own,
          secret: `whsec_${Buffer.alloc(24, 'else').toString('base64')}`,
        }),
      ),
    ).toEqual([409, expect.stringContaining('POST on deploy/secrets')]);
  });

  it('needs a key that seals, and says which setting gives one', async () => {
    const longshore = composeForTest({ settings: { sealing: {} } });
    expect(await refusal(await send(longshore, 'PUT', '/deploy', { serviceUri: uri, actions: ['push'] }))).toEqual([
      409,
      expect.stringContaining('LONGSHORE_SECRET_KEY'),
    ]);
  });

  it('whose secrets no key opens any more is mended by rotating', async () => {
    const { world } = composeForTest();
    const lost = composeForTest({ world, settings: { sealing: { key: Buffer.alloc(32, 'a key that is lost') } } });
    await sent(lost, 'PUT', '/deploy', { serviceUri: uri, actions: ['push'], customHeaders: { authorization: 'one' } });
    const longshore = composeForTest({ world });
    await expect(headersOf(longshore, 'deploy')).rejects.toThrow('cannot be decrypted');
    expect(
      await refusal(await send(longshore, 'PATCH', '/deploy', { customHeaders: { authorization: '******' } })),
    ).toEqual([409, expect.stringContaining('set them again')]);
    await sent(longshore, 'PATCH', '/deploy', { customHeaders: { authorization: 'two' } });
    await sent(longshore, 'POST', '/deploy/secrets', {});
    expect((await headersOf(longshore, 'deploy'))['webhook-signature']).toMatch(/^v1,\S+$/);
  });

  it.each([
    ['/abc', {}, '5 to 50 letters and digits'],
    ['/with-dash', {}, '5 to 50 letters and digits'],
    ['/deploy', { serviceUri: undefined }, 'serviceUri must be set'],
    ['/deploy', { actions: 'push' }, 'actions must be a list'],
    ['/deploy', { actions: [] }, 'at least one action'],
    ['/deploy', { actions: ['pull'] }, 'must be one of push, delete'],
    ['/deploy', { scope: 'Team/App' }, 'must be empty (everything), REPOSITORY:TAG'],
    ['/deploy', { excludes: [':v1'] }, 'excludes.0 must be REPOSITORY'],
    ['/deploy', { format: 'xml' }, 'format'],
    ['/deploy', { statuss: 'disabled' }, 'statuss'],
    ['/deploy', { serviceUri: 'ftp://example.com/' }, 'serviceUri must be an https or http URL'],
    ['/deploy', { serviceUri: 'https://user:pass@example.com/' }, 'user or password'],
    ['/deploy', { serviceUri: 'https://10.0.0.1/' }, 'must not lead to 10.0.0.1'],
    ['/deploy', { serviceUri: 'http://0xA9FEA9FE/latest' }, 'must not lead to 169.254.169.254'],
    ['/deploy', { serviceUri: 'https://example.com:25/' }, 'port 25'],
    ['/deploy', { serviceUri: 'not a url' }, 'serviceUri'],
    ['/deploy', { customHeaders: { 'webhook-id': 'x' } }, 'webhook-* belong to the signature'],
    ['/deploy', { customHeaders: { Host: 'x' } }, 'the header host cannot be set'],
    ['/deploy', { customHeaders: { 'content-length': '1' } }, 'content-length cannot be set'],
    ['/deploy', { customHeaders: { 'Transfer-Encoding': 'chunked' } }, 'transfer-encoding cannot be set'],
    ['/deploy', { customHeaders: { 'bad name': 'x' } }, 'is not a valid header name'],
    ['/deploy', { customHeaders: { 'x-a': 'b\r\nx-c: d' } }, 'the value of x-a'],
    ['/deploy', { customHeaders: { 'x-a': 'b'.repeat(8200) } }, 'at most 8192 bytes'],
    [
      '/deploy',
      { customHeaders: Object.fromEntries(Array.from({ length: 21 }, (_, index) => [`x-${index}`, 'y'])) },
      'at most 20',
    ],
    ['/deploy', { customHeaders: { 'x-a': '******' } }, 'x-a is masked'],
    ['/deploy', { secret: 'whsec_c2hvcnQ=' }, 'secret must be whsec_ and 24 to 64 bytes'],
    ['/deploy', { secret: `whsec_${'-'.repeat(40)}` }, 'secret must be whsec_'],
    ['/deploy', { retrySeconds: [] }, 'retrySeconds'],
    ['/deploy', { retrySeconds: [700_000] }, 'retrySeconds.0'],
    ['/deploy', { giveUpSeconds: 0 }, 'giveUpSeconds'],
  ])('is refused as %s with %j, and nothing is written', async (path, content, why) => {
    const longshore = composeForTest();
    expect(
      await refusal(await send(longshore, 'PUT', path, { serviceUri: uri, actions: ['push'], ...content })),
    ).toEqual([400, expect.stringContaining(why)]);
    expect((await sent(longshore, 'GET', '')).items).toEqual([]);
  });
});

describe('the secrets of a webhook', () => {
  it('sign both for a while after a rotation, the newest first', async () => {
    const longshore = withClock();
    const first = (await sent(longshore, 'PUT', '/deploy', { serviceUri: uri, actions: ['push'] })).secret;
    const { secret: second, id } = await sent(longshore, 'POST', '/deploy/secrets', { overlapSeconds: 60 });
    expect(second).not.toBe(first);
    expect((await sent(longshore, 'GET', '/deploy')).secrets).toEqual([
      { id, createdAt: '2026-03-01T00:00:00.000Z' },
      {
        id: expect.any(String) as string,
        createdAt: '2026-03-01T00:00:00.000Z',
        expiresAt: '2026-03-01T00:01:00.000Z',
      },
    ]);
    expect((await headersOf(longshore, 'deploy'))['webhook-signature']?.split(' ')).toHaveLength(2);
    longshore.clock.advance(60_000);
    expect((await headersOf(longshore, 'deploy'))['webhook-signature']?.split(' ')).toHaveLength(1);
    expect((await sent(longshore, 'GET', '/deploy')).secrets.map((secret) => secret.id)).toEqual([id]);
  });

  it.each(formats)(
    'are changed without one delivery of format %s that the receiver refuses, whenever it takes the new one',
    async (format) => {
      for (const takenAfter of [0, 15_000, 45_000]) {
        const longshore = withClock(new Date().toISOString());
        let receiver = new Receiver(
          (await sent(longshore, 'PUT', '/deploy', { serviceUri: uri, actions: ['push'], format })).secret,
        );
        const deliver = async () => {
          const { body, headers } = await requestFrom(longshore, 'deploy');
          expect(receiver.verify(body, headers)).toEqual(JSON.parse(body));
        };
        await deliver();
        const { secret } = await sent(longshore, 'POST', '/deploy/secrets', { overlapSeconds: 60 });
        for (let passed = 0; passed <= 90_000; passed += 15_000) {
          if (passed === takenAfter) receiver = new Receiver(secret);
          await deliver();
          longshore.clock.advance(15_000);
        }
      }
    },
  );

  it('are two at most: a third waits, or ends both', async () => {
    const longshore = withClock();
    await sent(longshore, 'PUT', '/deploy', { serviceUri: uri, actions: ['push'] });
    await sent(longshore, 'POST', '/deploy/secrets', {});
    expect(await refusal(await send(longshore, 'POST', '/deploy/secrets', {}))).toEqual([
      409,
      expect.stringContaining('two secrets sign already'),
    ]);
    const { id } = await sent(longshore, 'POST', '/deploy/secrets', { overlapSeconds: 0 });
    expect((await sent(longshore, 'GET', '/deploy')).secrets.map((secret) => secret.id)).toEqual([id]);
  });

  it('can be ended early but for the last, which then has no end', async () => {
    const longshore = withClock();
    await sent(longshore, 'PUT', '/deploy', { serviceUri: uri, actions: ['push'] });
    const { id: newest } = await sent(longshore, 'POST', '/deploy/secrets', {});
    await sent(longshore, 'DELETE', `/deploy/secrets/${String(newest)}`);
    const { secrets } = await sent(longshore, 'GET', '/deploy');
    expect(secrets).toEqual([
      { id: expect.not.stringMatching(String(newest)) as string, createdAt: expect.any(String) as string },
    ]);
    expect(await refusal(await send(longshore, 'DELETE', `/deploy/secrets/${secrets[0]?.id ?? ''}`))).toEqual([
      409,
      expect.stringContaining('the only secret'),
    ]);
    expect((await send(longshore, 'DELETE', `/deploy/secrets/${String(newest)}`)).status).toBe(404);
    longshore.clock.advance(7 * 24 * 3_600_000);
    expect((await headersOf(longshore, 'deploy'))['webhook-signature']).toMatch(/^v1,\S+$/);
  });
});
