import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { pushSample, referenceIn } from '../../../local/sample/push.ts';
import type { App } from '../../../shared/app/app.ts';
import { composeForTest } from '../../../shared/app/compose-for-test.ts';
import { digestOf } from '../../../shared/core/oci/digest.ts';
import { adminPassword, composeRequired } from '../../shared/features/identity/required.ts';
import { ask } from '../../shared/image.ts';

const over = (app: App) => ({ fetch: (request: Request) => app.fetch(request) });
const to = referenceIn('http://registry.test/team/hello:1');

describe('the image that needs no other registry', () => {
  it('is pushed as clients push, and each text makes another', async () => {
    const { app } = composeForTest({ settings: { blobs: 'proxy' } });
    const first = await pushSample(over(app), to, 'hello');
    const again = await pushSample(over(app), to, 'hello');
    const other = await pushSample(over(app), to, 'hello again');
    expect(again).toBe(first);
    expect(other).not.toBe(first);
    const manifest = await ask(app, 'GET', '/v2/team/hello/manifests/1');
    expect(manifest.headers.get('docker-content-digest')).toBe(other);
    const { config, layers } = (await manifest.json()) as { config: { digest: string }; layers: { digest: string }[] };
    const blob = async (digest = '') =>
      Buffer.from(await (await ask(app, 'GET', `/v2/team/hello/blobs/${digest}`)).arrayBuffer());
    const tar = gunzipSync(await blob(layers[0]?.digest));
    expect(tar.toString()).toContain('hello again');
    expect(JSON.parse((await blob(config.digest)).toString())).toMatchObject({ rootfs: { diff_ids: [digestOf(tar)] } });
  });

  it('is refused with the next step', async () => {
    const { app } = composeRequired();
    await expect(pushSample(over(app), to, 'hello')).rejects.toThrow(
      'registry.test asks for credentials: set LONGSHORE_ADMIN_PASSWORD to that of the user admin',
    );
    await expect(pushSample({ ...over(app), password: 'a wrong one' }, to, 'hello')).rejects.toThrow(
      'registry.test refuses the password: set LONGSHORE_ADMIN_PASSWORD to that of the user admin',
    );
    await expect(pushSample({ ...over(app), password: adminPassword }, to, 'hello')).resolves.toMatch(/^sha256:/);
    const down = () => Promise.reject(new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED') }));
    await expect(pushSample({ fetch: down }, to, 'hello')).rejects.toThrow(
      'nothing answers at registry.test (connect ECONNREFUSED): does "npm start" run there?',
    );
  });
});

describe('its reference', () => {
  it('is as docker has it', () => {
    expect(referenceIn('127.0.0.1:5000/team/hello:1')).toEqual({
      origin: 'http://127.0.0.1:5000',
      repository: 'team/hello',
      tag: '1',
    });
    expect(referenceIn('registry.example/hello')).toEqual({
      origin: 'https://registry.example',
      repository: 'hello',
      tag: 'latest',
    });
    for (const text of ['', 'hello', '127.0.0.1:5000', '127.0.0.1:5000/Team:1', '127.0.0.1:5000/team:', 'a b/c:1'])
      expect(() => referenceIn(text)).toThrow('it is HOST/REPOSITORY:TAG, as in 127.0.0.1:5000/team/hello:1');
  });
});
