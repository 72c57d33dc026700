import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestOf } from '../../../shared/core/oci/digest.ts';
import { makeImage } from '../../shared/image.ts';
import { pushOver } from './client.ts';
import type { RunningStack } from './running-stack.ts';
import { startRunningStack, stateFolder } from './running-stack.ts';

const repository = 'shown/app';
const [one, two] = [makeImage('one', 2), makeImage('two', 2, {}, 'one')];

describe('the views of images over the stack that npm start runs', () => {
  let stack: RunningStack;
  let state: Awaited<ReturnType<typeof stateFolder>>;

  beforeAll(async () => {
    state = await stateFolder();
    stack = await startRunningStack(state.path);
    await pushOver(stack.url, repository, '1', one);
    await pushOver(stack.url, repository, '2', two);
  });

  afterAll(async () => {
    expect(await stack.stop()).toBe(0);
    await state.remove();
  });

  const paths = {
    image: `/images?repository=${repository}&reference=1`,
    config: `/images/config?repository=${repository}&digest=${one.digest}`,
    compare: `/images/compare?from=${repository}:1&to=${repository}:2`,
    deletion: `/images/deletion?repository=${repository}&reference=${one.digest}`,
    regions: '/replication/regions',
  };
  const read = async (url: string, path: string) => {
    const answer = await fetch(`${url}/api/v1${path}`);
    const text = await answer.text();
    expect(answer.status, text).toBe(200);
    return { answer, json: JSON.parse(text) as Record<string, unknown> };
  };

  it('are the same on both hosts, but for the host that they name', async () => {
    for (const path of Object.values(paths)) {
      const [plain, functions] = await Promise.all([read(stack.url, path), read(stack.functionsUrl, path)]);
      const withoutTimes = ({ purgedAt: _, freedAt: __, pullCommands: ___, ...rest }: Record<string, unknown>) => rest;
      expect(withoutTimes(functions.json)).toEqual(withoutTimes(plain.json));
    }
    const { json } = await read(stack.functionsUrl, paths.image);
    const [{ command }] = json.pullCommands as [{ command: string }];
    expect(command).toBe(`docker pull ${new URL(stack.functionsUrl).host}/${repository}:1`);
  }, 60_000);

  it('are right over the emulated store', async () => {
    const { json } = await read(stack.url, paths.image);
    expect(json).toMatchObject({ digest: one.digest, tags: ['1'], tagCount: 1, config: { os: 'linux' } });
    expect(json.unavailable).toBeUndefined();
    expect((await read(stack.url, paths.compare)).json).toMatchObject({
      layers: { common: one.layers.map((layer) => digestOf(layer)), added: [], removed: [] },
      bytes: { toPull: two.config.length },
    });
    expect((await read(stack.url, paths.deletion)).json).toMatchObject({
      goes: { tags: ['1'], manifests: [{ digest: one.digest, why: 'itself' }] },
      stays: [],
    });
  });

  it('give the config as it was pushed, to be kept privately for ever', async () => {
    for (const url of [stack.url, stack.functionsUrl]) {
      const { answer, json } = await read(url, paths.config);
      expect(json).toMatchObject({ seed: 'one' });
      expect(answer.headers.get('cache-control')).toBe('private, max-age=31536000, immutable');
      const etag = answer.headers.get('etag') ?? '';
      const again = await fetch(`${url}/api/v1${paths.config}`, { headers: { 'if-none-match': etag } });
      expect([again.status, await again.text()]).toEqual([304, '']);
    }
  });
});
