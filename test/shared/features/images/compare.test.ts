import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { composeForTest } from '../../../../shared/app/compose-for-test.ts';
import { digestOf } from '../../../../shared/core/oci/digest.ts';
import { api, pushIndex, pushWith, repository } from './viewed.ts';

interface Comparison {
  readonly from: { readonly digest: string; readonly manifest: string };
  readonly to: { readonly digest: string; readonly manifest: string };
  readonly platform?: string;
  readonly platforms?: readonly string[];
  readonly config: readonly {
    readonly property: string;
    readonly from?: string;
    readonly to?: string;
    readonly change: string;
  }[];
  readonly configProblem?: string;
  readonly layers: {
    readonly common: readonly string[];
    readonly same?: readonly { readonly from: string; readonly to: string }[];
    readonly added: readonly { readonly digest: string; readonly bytes: number; readonly instruction?: string }[];
    readonly removed: readonly { readonly digest: string }[];
  };
  readonly bytes: { readonly common: number; readonly toPull: number; readonly from: number; readonly to: number };
}

const compared = (app: Parameters<typeof api>[0], query: Record<string, string>, status = 200) =>
  api<Comparison>(app, '/images/compare', query, status);

const sizeOf = (json: object) => JSON.stringify(json).length;

describe('two images', () => {
  it('differ by config and by layers, with the bytes to pull for who has the first', async () => {
    const { app } = composeForTest();
    const before = {
      os: 'linux',
      architecture: 'amd64',
      config: { Env: ['A=1', 'B=1'], Labels: { v: '1', gone: 'x' }, Cmd: ['a'], ExposedPorts: { '80/tcp': {} } },
      history: [{ created_by: 'FROM' }, { created_by: 'COPY old /' }],
    };
    const after = {
      os: 'linux',
      architecture: 'amd64',
      config: { Env: ['A=2', 'B=1', 'C=1'], Labels: { v: '2' }, Cmd: ['a', 'b'], ExposedPorts: { '80/tcp': {} } },
      history: [{ created_by: 'FROM' }, { created_by: 'RUN /bin/sh -c new # buildkit' }],
    };
    await pushWith(app, '1', { config: before, layers: ['base', 'old'] });
    await pushWith(app, '2', { config: after, layers: ['base', 'newer'] });
    const { config, layers, bytes } = await compared(app, { from: `${repository}:1`, to: `${repository}:2` });
    expect(config).toEqual([
      { property: 'cmd', from: '["a"]', to: '["a","b"]', change: 'changed' },
      { property: 'env.A', from: '1', to: '2', change: 'changed' },
      { property: 'labels.v', from: '1', to: '2', change: 'changed' },
      { property: 'labels.gone', from: 'x', change: 'removed' },
      { property: 'env.C', to: '1', change: 'added' },
    ]);
    expect(layers).toEqual({
      common: [digestOf(Buffer.from('base'))],
      added: [{ digest: digestOf(Buffer.from('newer')), bytes: 5, instruction: 'RUN new' }],
      removed: [{ digest: digestOf(Buffer.from('old')), bytes: 3, instruction: 'COPY old /' }],
    });
    expect(bytes).toEqual({
      common: 4,
      toPull: 5 + sizeOf(after),
      from: 4 + 3 + sizeOf(before),
      to: 4 + 5 + sizeOf(after),
    });
  });

  it('that are the same differ in nothing, also by tag and digest, and from another repository', async () => {
    const { app } = composeForTest();
    const image = await pushWith(app, '1');
    await pushWith(app, 'x', { in: 'other/app' });
    const same = { config: [], layers: { added: [], removed: [] }, bytes: { toPull: 0 } };
    const from = `registry.test/${repository}:1@${image.digest}`;
    expect(await compared(app, { from, to: `${repository}@${image.digest}` })).toMatchObject(same);
    expect(await compared(app, { from, to: 'other/app:x' })).toMatchObject(same);
  });

  it('have layers of the same content that are compressed otherwise, which are to be pulled all the same', async () => {
    const { app } = composeForTest();
    const diffIds = { rootfs: { type: 'layers', diff_ids: [digestOf(Buffer.from('content'))] } };
    const config = { os: 'linux', architecture: 'amd64', ...diffIds };
    const packed = gzipSync('content').toString('latin1');
    await pushWith(app, '1', { config, layers: ['content'] });
    await pushWith(app, '2', { config, layers: [packed] });
    const { layers, bytes } = await compared(app, { from: `${repository}:1`, to: `${repository}:2` });
    expect(layers.same).toEqual([{ from: digestOf(Buffer.from('content')), to: digestOf(Buffer.from(packed)) }]);
    expect(bytes.toPull).toBe(Buffer.from(packed).length);
  });

  it('are compared without their configs where one is no image, and that is said', async () => {
    const { app } = composeForTest();
    await pushWith(app, '1');
    await pushWith(app, 'chart', { configType: 'application/vnd.cncf.helm.config.v1+json', config: { name: 'a' } });
    const { config, configProblem } = await compared(app, { from: `${repository}:1`, to: `${repository}:chart` });
    expect([config, configProblem]).toEqual([[], 'one of them is no image, so it has no config']);
  });

  it.each(['team/app', 'team/app:', 'registry.test/TEAM/app:1', 'TEAM/app:1', 'a:b:c', 'team/app@sha256:1', '../x:1'])(
    'are not compared with "%s", which is no image of this registry',
    async (to) => {
      const { app } = composeForTest();
      await pushWith(app, '1');
      await compared(app, { from: `${repository}:1`, to }, 400);
    },
  );

  it('must both be there', async () => {
    const { app } = composeForTest();
    await pushWith(app, '1');
    await compared(app, { from: `${repository}:1`, to: `${repository}:gone` }, 404);
  });
});

describe('two indexes', () => {
  const platform = (architecture: string) => ({ os: 'linux', architecture });

  it('are compared by one platform that both have', async () => {
    const { app } = composeForTest();
    const [a, b, arm] = [
      await pushWith(app, undefined, { layers: ['base', 'a'] }),
      await pushWith(app, undefined, { layers: ['base', 'b'] }),
      await pushWith(app, undefined, { layers: ['arm'], config: platform('arm64') }),
    ];
    const of = (image: typeof a) => ({ of: image, platform: platform('amd64') });
    const arms = { of: arm, platform: platform('arm64') };
    await pushIndex(app, 'i1', [arms, of(a)]);
    await pushIndex(app, 'i2', [of(b), arms]);
    const names = { from: `${repository}:i1`, to: `${repository}:i2` };
    const whole = await compared(app, names);
    expect(whole).toMatchObject({
      platform: 'linux/amd64',
      platforms: ['linux/arm64', 'linux/amd64'],
      from: { manifest: a.digest },
      to: { manifest: b.digest },
    });
    expect(await compared(app, { ...names, platform: 'linux/arm64' })).toMatchObject({ bytes: { toPull: 0 } });
    await compared(app, { ...names, platform: 'plan9/mips' }, 404);
    await compared(app, { ...names, platform: 'linux' }, 400);
  });

  it('of no common platform cannot be; an image is compared with its platform of an index', async () => {
    const { app } = composeForTest();
    const [amd, arm] = [
      await pushWith(app, 'amd', { layers: ['a'] }),
      await pushWith(app, undefined, { layers: ['b'], config: platform('arm64') }),
    ];
    await pushIndex(app, 'i1', [{ of: amd, platform: platform('amd64') }]);
    await pushIndex(app, 'i2', [{ of: arm, platform: platform('arm64') }]);
    await compared(app, { from: `${repository}:i1`, to: `${repository}:i2` }, 400);
    const both = [
      { of: arm, platform: platform('arm64') },
      { of: amd, platform: platform('amd64') },
    ];
    await pushIndex(app, 'i3', both);
    expect(await compared(app, { from: `${repository}:amd`, to: `${repository}:i3` })).toMatchObject({
      platform: 'linux/amd64',
      to: { manifest: amd.digest },
    });
  });
});
