import { describe, expect, it } from 'vitest';
import { composeForTest } from '../../../../shared/app/compose-for-test.ts';
import { digestOf } from '../../../../shared/core/oci/digest.ts';
import { ask } from '../../image.ts';
import { api, pushIndex, pushJson, pushReferrer, pushWith, repository, viewOf } from './viewed.ts';

const script = '<script>alert(1)</script>\u0000\u001b[2J\u202e';

describe('what somebody has pushed to hurt who looks', () => {
  it('is returned as data: markup, control and bidi characters in every text', async () => {
    const { app } = composeForTest();
    const image = await pushWith(app, '1', {
      config: {
        os: script,
        architecture: script,
        author: script,
        config: { Env: [script], Labels: { [script]: script }, Cmd: [script], User: script },
        history: [{ created_by: script, comment: script }],
      },
      layerAnnotations: { 'org.opencontainers.image.title': script },
      manifest: { annotations: { [script]: script } },
    });
    await pushReferrer(app, image, 'application/spdx+json', { annotations: { a: script } });
    const answer = await ask(app, 'GET', `/api/v1/images?repository=${repository}&reference=1`);
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
    const view = JSON.parse(await answer.text()) as Awaited<ReturnType<typeof viewOf>>;
    expect(view).toMatchObject({
      config: { os: script, author: script, env: [script], labels: { [script]: script }, cmd: [script] },
      annotations: { [script]: script },
      layers: [{ title: script }],
      history: [{ instruction: script.trim() }],
      referrers: [{ annotations: { a: script } }],
    });
  });

  it.each([
    ['no JSON', Buffer.from('{')],
    ['no object', Buffer.from('[]')],
    ['nested too deep', Buffer.from(`${'['.repeat(5_000)}${']'.repeat(5_000)}`)],
    ['of wrong types', Buffer.from('{"config":[],"history":{},"rootfs":"x","os":1}')],
    ['with steps that are none', Buffer.from('{"history":[null,1,"x",{"empty_layer":"yes","created_by":{}}]}')],
  ])('is a config that is %s: the image is shown all the same', async (_, config) => {
    const { app } = composeForTest();
    await pushWith(app, '1', { config });
    const view = await viewOf(app, '1');
    expect(view.layers).toHaveLength(1);
    expect(view.config === undefined || Object.keys(view.config).length === 0).toBe(true);
  });

  it('is a config of more than 1 MiB, which is not shown, and said to be too large', async () => {
    const { app } = composeForTest();
    const config = { os: 'linux', architecture: 'amd64', author: 'a'.repeat(1024 * 1024) };
    const image = await pushWith(app, '1', { config });
    expect((await viewOf(app, '1')).configProblem).toContain('more than 1 MiB');
    const refused = await api<{ errors: { code: string }[] }>(
      app,
      '/images/config',
      { repository, digest: image.digest },
      409,
    );
    expect(refused.errors[0]?.code).toBe('configTooLarge');
  });

  it('is a manifest of megabytes in Blob Storage, whose lists are cut and said to be', async () => {
    const { app } = composeForTest();
    const annotations = Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`a${n}`, 'x'.repeat(5_000)]));
    const image = await pushWith(app, 'large', { manifest: { annotations } });
    expect(image.bytes.length).toBeGreaterThan(2_000_000);
    const view = await viewOf(app, 'large');
    expect(Object.keys(view.annotations as object)).toHaveLength(200);
    expect(view.more).toEqual(['annotations']);
    expect(JSON.stringify(view).length).toBeLessThan(1_000_000);
  });

  it('is a manifest that lists one layer thousands of times', async () => {
    const { app } = composeForTest();
    const first = await pushWith(app, '1');
    const { config, layers } = JSON.parse(Buffer.from(first.bytes).toString()) as { config: object; layers: object[] };
    const many = Array.from({ length: 5_000 }, () => layers[0]);
    await pushJson(app, 'many', repository, first.mediaType, { config, layers: many });
    const view = await viewOf(app, 'many');
    expect(view.layers).toHaveLength(1_000);
    expect(view.more).toEqual(['layers']);
  });

  it('is a descriptor that lies: sizes are those that were measured, and a lying subject is text', async () => {
    const { app } = composeForTest();
    const first = await pushWith(app, '1');
    const { config, layers } = JSON.parse(Buffer.from(first.bytes).toString()) as {
      config: { size: number };
      layers: { size: number }[];
    };
    const lying = layers.map((layer) => ({ ...layer, size: 2 ** 50 }));
    await pushJson(app, 'lies', repository, first.mediaType, { config, layers: lying });
    expect((await viewOf(app, 'lies')).layers).toMatchObject([{ bytes: 'layer'.length }]);
    await pushIndex(app, 'odd', [
      {
        of: first,
        platform: { os: 'linux', architecture: 'amd64' },
        annotations: { 'vnd.docker.reference.type': 'attestation-manifest', 'vnd.docker.reference.digest': script },
      },
    ]);
    expect((await viewOf(app, 'odd')).attestations).toEqual([{ digest: first.digest }]);
  });

  it('is an index that lists itself through others only as deep as any client goes', async () => {
    const { app } = composeForTest();
    let inner = await pushWith(app, undefined);
    for (let n = 0; n < 8; n += 1)
      inner = await pushIndex(app, `level${n}`, [{ of: inner }], { annotations: { n: `${n}` } });
    const view = await viewOf(app, 'level7');
    expect(view.platforms).toEqual([]);
    expect(view.more).toEqual(['platforms']);
    expect((await viewOf(app, 'level2')).platforms).toHaveLength(1);
  });
});

describe('the config blob', () => {
  it('is given as it was pushed, by the digest of the image or its own, and may be kept privately for ever', async () => {
    const { app } = composeForTest();
    const config = { os: 'linux', architecture: 'amd64', odd: { kept: [1, 2] } };
    const image = await pushWith(app, '1', { config });
    const own = digestOf(Buffer.from(JSON.stringify(config)));
    for (const digest of [image.digest, own]) {
      const answer = await ask(app, 'GET', `/api/v1/images/config?repository=${repository}&digest=${digest}`);
      expect(answer.status).toBe(200);
      expect(await answer.text()).toBe(JSON.stringify(config));
      expect(answer.headers.get('cache-control')).toBe('private, max-age=31536000, immutable');
      expect(answer.headers.get('content-type')).toBe('application/json');
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
      expect(answer.headers.get('etag')).toBe(`"${own}"`);
    }
    const again = await ask(app, 'GET', `/api/v1/images/config?repository=${repository}&digest=${own}`, {
      headers: { 'if-none-match': `"${own}"` },
    });
    expect(again.status).toBe(304);
  });

  it('is no way to read another blob, a blob of another repository, or what is no JSON', async () => {
    const { app } = composeForTest();
    await pushWith(app, '1', { layers: ['{"secret":true}'] });
    await pushWith(app, '1', { config: { os: 'other' }, in: 'other/app' });
    await pushWith(app, 'text', { config: Buffer.from('<html>'), configType: 'text/html' });
    const ask404 = (digest: string, status = 404) => api(app, '/images/config', { repository, digest }, status);
    await ask404(digestOf(Buffer.from('{"secret":true}')));
    await ask404(digestOf(Buffer.from(JSON.stringify({ os: 'other' }))));
    await ask404(digestOf(Buffer.from('<html>')), 409);
    await ask404('sha256:zz', 400);
  });

  it('of an image that may not be pulled is refused, and not shown beside it', async () => {
    const { app } = composeForTest();
    const image = await pushWith(app, '1', { config: { os: 'linux', architecture: 'amd64', author: 'secret' } });
    const locked = await ask(app, 'PATCH', `/acr/v1/${repository}/_manifests/${image.digest}`, {
      body: JSON.stringify({ readEnabled: false }),
      headers: { 'content-type': 'application/json' },
    });
    expect(locked.status).toBe(200);
    await api(app, '/images/config', { repository, digest: image.digest }, 405);
    const view = await viewOf(app, '1');
    expect(view).toMatchObject({ badges: { locked: true }, attributes: { readEnabled: false } });
    expect(JSON.stringify(view)).not.toContain('secret');
    expect(view.configProblem).toContain('may not be pulled');
  });

  it('of a repository that may not be read is refused in the same way', async () => {
    const { app } = composeForTest();
    const image = await pushWith(app, '1', { config: { os: 'linux', architecture: 'amd64', author: 'secret' } });
    const locked = await ask(app, 'PATCH', `/acr/v1/${repository}`, {
      body: JSON.stringify({ readEnabled: false }),
      headers: { 'content-type': 'application/json' },
    });
    expect(locked.status).toBe(200);
    await api(app, '/images/config', { repository, digest: image.digest }, 405);
    const name = `${repository}:1`;
    const shown = [await viewOf(app, '1'), await api(app, '/images/compare', { from: name, to: name })];
    expect(JSON.stringify(shown)).not.toContain('secret');
    expect(shown[0]).toMatchObject({ badges: { locked: true } });
  });
});
