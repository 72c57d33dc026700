import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { signatureHeaders } from '../../../../../shared/core/secrets/standard-webhooks.ts';
import { pushedIn } from '../../../../../shared/features/builds/upstream/notified.ts';
import { adminPassword, basic, composeRequired } from '../../identity/required.ts';

const asAdmin = { ...basic('admin', adminPassword), 'content-type': 'application/json' };
const published = Buffer.from(
  JSON.stringify({
    action: 'published',
    registry_package: {
      name: 'Base',
      namespace: 'Org',
      package_type: 'CONTAINER',
      package_version: { container_metadata: { tag: { name: 'v1', digest: `sha256:${'1'.repeat(64)}` } } },
    },
  }),
);
const pushed = Buffer.from(
  JSON.stringify({
    action: 'push',
    target: { repository: 'library/base', tag: '1' },
    request: { host: 'other.example' },
  }),
);

function registry() {
  const one = composeRequired();
  const ask = async (method: string, path: string, headers: Record<string, string>, body?: Uint8Array<ArrayBuffer>) => {
    const answer = await one.app.fetch(
      new Request(`http://registry.test/api/v1${path}`, { method, headers, ...(body === undefined ? {} : { body }) }),
    );
    return {
      status: answer.status,
      body: answer.status === 204 ? undefined : ((await answer.json()) as Record<string, unknown>),
    };
  };
  const secretOf = async (source: string, given?: string) =>
    String(
      (
        await ask(
          'PUT',
          `/bases/sources/${source}`,
          asAdmin,
          Buffer.from(JSON.stringify(given === undefined ? {} : { secret: given })),
        )
      ).body?.secret,
    );
  return { one, ask, secretOf };
}

const hubSignature = (secret: string, body: Uint8Array) =>
  `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;

describe('a notification of another registry', () => {
  it('needs no credentials when it proves that it knows its secret', async () => {
    const { one, ask, secretOf } = registry();
    const ghcr = await secretOf('ghcr');
    expect(
      await ask('POST', '/bases/notify/ghcr', { 'x-hub-signature-256': hubSignature(ghcr, published) }, published),
    ).toEqual({ status: 202, body: { watched: 0 } });
    const quay = await secretOf('docker-hub');
    const hub = Buffer.from(JSON.stringify({ repository: { repo_name: 'library/node' }, push_data: { tag: '20' } }));
    expect(await ask('POST', `/bases/notify/docker-hub?token=${quay}`, {}, hub)).toMatchObject({ status: 202 });
    expect(await ask('POST', '/bases/notify/docker-hub', { 'x-longshore-token': quay }, hub)).toMatchObject({
      status: 202,
    });
    const longshore = await secretOf('longshore');
    const headers = signatureHeaders({ id: 'msg_1', at: one.clock.now(), body: pushed.toString() }, [
      Buffer.from(longshore.slice('whsec_'.length), 'base64'),
    ]);
    expect(await ask('POST', '/bases/notify/longshore', headers, pushed)).toMatchObject({ status: 202 });
    one.clock.pass(301_000);
    expect(await ask('POST', '/bases/notify/longshore', headers, pushed)).toMatchObject({ status: 401 });
  });

  it('is refused alike when it proves nothing, whether its source exists or not', async () => {
    const { ask, secretOf } = registry();
    const acr = await secretOf('acr', 'a secret that somebody chose');
    const answers = await Promise.all([
      ask('POST', '/bases/notify/acr', {}, pushed),
      ask('POST', '/bases/notify/acr?token=wrong', {}, pushed),
      ask('POST', '/bases/notify/quay?token=wrong', {}, pushed),
      // The secret of one source opens no other, and nothing but notifications.
      ask('POST', `/bases/notify/quay?token=${encodeURIComponent(acr)}`, {}, pushed),
      ask('POST', '/bases/notify/acr', { 'x-hub-signature-256': hubSignature(acr, published) }, pushed),
      ask('PUT', `/bases/sources/acr?token=${encodeURIComponent(acr)}`, {}, Buffer.from('{}')),
      ask('POST', `/builds/policies/all?token=${encodeURIComponent(acr)}`, {}, Buffer.from('{}')),
    ]);
    expect(new Set(answers.map(({ status, body }) => JSON.stringify([status, body])))).toHaveLength(1);
    expect(answers[0]).toMatchObject({ status: 401 });
    expect(await ask('POST', `/bases/notify/acr?token=${encodeURIComponent(acr)}`, {}, pushed)).toMatchObject({
      status: 202,
    });
    await ask('DELETE', '/bases/sources/acr', asAdmin);
    expect(await ask('POST', `/bases/notify/acr?token=${encodeURIComponent(acr)}`, {}, pushed)).toMatchObject({
      status: 401,
    });
  });

  it("is still accepted from a caller with the management API's credentials, also behind a proof that is wrong", async () => {
    const { ask } = registry();
    expect(await ask('POST', '/bases/notify/acr?token=wrong', asAdmin, pushed)).toMatchObject({ status: 202 });
  });

  it('has its secret nowhere but in the answer that made it', async () => {
    const { one, secretOf } = registry();
    const secret = await secretOf('ghcr');
    const records = one.memory.documents.queryDocuments({
      container: 'registries',
      partition: ['default'],
      where: [{ path: 'type', is: '=', value: 'inbound' }],
      limit: 10,
    });
    expect((await records).documents).toHaveLength(1);
    expect(JSON.stringify(await records)).not.toContain(secret);
    expect(Buffer.from(secret.slice('whsec_'.length), 'base64')).toHaveLength(33);
  });

  it('of more than a MiB is refused before it is read', async () => {
    const { ask } = registry();
    expect(
      await ask(
        'POST',
        '/bases/notify/acr?token=wrong',
        { 'content-length': String(1024 * 1024 + 1) },
        Buffer.alloc(1024 * 1024 + 1),
      ),
    ).toMatchObject({ status: 413 });
  });
});

describe('the notification of GitHub about a package', () => {
  it('is an image of ghcr.io, in lower case; a version without a tag is none', () => {
    expect(pushedIn('ghcr', JSON.parse(published.toString()))).toEqual({ images: ['ghcr.io/org/base:v1'] });
    expect(
      pushedIn('ghcr', {
        package: { name: 'base', namespace: 'org', package_version: { container_metadata: { tag: { name: '' } } } },
      }),
    ).toEqual({ images: [] });
    expect(pushedIn('ghcr', { zen: 'Design for failure.' })).toHaveProperty('wrong');
  });
});
