import { describe, expect, it } from 'vitest';
import { digestOf } from '../../../../../shared/core/oci/digest.ts';
import { mediaTypes } from '../../../../../shared/core/oci/media-types.ts';
import { ask } from '../../../image.ts';
import type { Built, Registry, Runtime } from './building.ts';
import { build, host, reasonOf, registry } from './building.ts';

/** `app:1` on `base:1`, whose settings change from `old` to `next`. */
async function rebasing(old: Runtime, next: Runtime, own: Runtime): Promise<Registry> {
  const of = registry();
  await of.api('PUT', '/builds/policies/all', { mode: 'rebase' });
  const base = build('base', 'base 1', { config: old });
  await of.push(base, '1');
  await of.push(build('app', 'app', { base, says: `${host}/base:1`, config: own }), '1');
  await of.settle();
  await of.push(build('base', 'base 2', { config: next }), '1');
  await of.settle();
  return of;
}

async function pushIndex(
  of: Registry,
  repository: string,
  tag: string,
  images: readonly Built[],
  annotations: object = {},
): Promise<void> {
  for (const [at, image] of images.entries()) await of.push({ ...image, repository }, `part-${at}`);
  const manifests = images.map(({ bytes, digest, config }) => ({
    mediaType: mediaTypes.ociManifest,
    digest,
    size: bytes.length,
    platform: { os: config.os, architecture: config.architecture },
  }));
  const body = JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests, ...annotations });
  expect(
    (
      await ask(of.app, 'PUT', `/v2/${repository}/manifests/${tag}`, {
        body,
        headers: { 'content-type': mediaTypes.ociIndex },
      })
    ).status,
  ).toBe(201);
}

describe('a rebased image', () => {
  it('follows the changes of the base, keeps its own, and says what both have changed', async () => {
    const of = await rebasing(
      {
        Env: ['PATH=/bin', 'LANG=C', 'MODE=slow'],
        Labels: { maintainer: 'base', kept: 'yes' },
        ExposedPorts: { '80/tcp': {} },
        StopSignal: 'SIGTERM',
      },
      {
        Env: ['PATH=/usr/bin:/bin', 'LANG=C.UTF-8', 'MODE=fast', 'NEW=1'],
        Labels: { maintainer: 'base team' },
        ExposedPorts: { '443/tcp': {} },
        StopSignal: 'SIGQUIT',
      },
      {
        Env: ['PATH=/bin', 'LANG=C', 'MODE=mine', 'OWN=1'],
        Labels: { maintainer: 'base', kept: 'yes', app: 'yes' },
        ExposedPorts: { '80/tcp': {}, '8080/tcp': {} },
        Cmd: ['/app'],
      },
    );
    const { config, manifest } = await of.pull('app:1');
    expect(config.config).toEqual({
      Env: ['PATH=/usr/bin:/bin', 'LANG=C.UTF-8', 'MODE=mine', 'NEW=1', 'OWN=1'],
      Labels: { maintainer: 'base team', app: 'yes' },
      ExposedPorts: { '443/tcp': {}, '8080/tcp': {} },
      StopSignal: 'SIGQUIT',
      Cmd: ['/app'],
    });
    expect(config.history.map(({ created_by }) => created_by)).toEqual(['COPY base 2', 'COPY app']);
    expect(manifest.annotations).toMatchObject({
      'org.opencontainers.image.base.name': `${host}/base:1`,
      'org.opencontainers.image.base.digest': (await of.pull('base:1')).digest,
    });
    const { items: builds } = (await of.api('GET', '/builds')).body as { items: { id: string }[] };
    expect((await of.api('GET', `/builds/${builds[0]?.id ?? ''}`)).body).toMatchObject({
      items: [{ conflicts: ['Env.MODE'] }],
    });
  });

  it.each([
    ['keep', ['layer base 1', 'layer app']],
    ['bump', ['layer base 2', 'layer app']],
  ])('that names its base by digest stays, or its pin is moved on, as its policy says: %s', async (pins, layers) => {
    const of = registry();
    await of.api('PUT', '/builds/policies/all', { mode: 'rebase', pins });
    const [base, next] = [build('base', 'base 1'), build('base', 'base 2')];
    await of.push(base, '1');
    await of.push(build('app', 'app', { base, says: `${host}/base:1@${base.digest}` }), '1');
    await of.settle();
    await of.push(next, '1');
    await of.settle();
    const { manifest, layers: now } = await of.pull('app:1');
    const at = pins === 'bump' ? next : base;
    expect(now).toEqual(layers);
    expect(manifest.annotations).toMatchObject({
      'org.opencontainers.image.base.name': `${host}/base:1@${at.digest}`,
      'org.opencontainers.image.base.digest': at.digest,
    });
    expect(await reasonOf(of, 'app:1', 'base:1')).toBe(pins === 'bump' ? 'made' : 'pinned-to-a-digest');
    // And on.
    await of.push(build('base', 'base 3'), '1');
    await of.settle();
    expect((await of.pull('app:1')).layers[0]).toBe(pins === 'bump' ? 'layer base 3' : 'layer base 1');
  });

  it.each([
    ['USER', { User: 'app' }, { User: 'nobody' }, {}, 'USER'],
    ['WORKDIR', { WorkingDir: '/srv' }, { WorkingDir: '/app' }, {}, 'WORKDIR'],
    [
      'ENTRYPOINT under its own CMD',
      { Entrypoint: ['/bin/sh', '-c'] },
      { Entrypoint: ['/init'] },
      { Cmd: ['run me'] },
      'ENTRYPOINT',
    ],
  ])('is refused where it relies on the %s that the base changes', async (_, old, next, own, word) => {
    const of = await rebasing(old, next, own);
    expect((await of.pull('app:1')).layers).toEqual(['layer base 1', 'layer app']);
    const { body } = await of.api('GET', '/builds/explain?image=app:1&base=base:1');
    expect(body).toMatchObject({ reason: 'failed' });
    expect(body.why).toContain(`the base changes ${word}`);
    expect(of.events('Longshore.BuildFailed')).toHaveLength(1);
  });

  it('keeps a USER of its own when the base changes USER', async () => {
    const of = await rebasing({ User: 'app' }, { User: 'nobody' }, { User: 'me' });
    expect((await of.pull('app:1')).config.config).toEqual({ User: 'me' });
  });

  it('is refused when it was flattened, and when its base is for another platform', async () => {
    const of = registry();
    await of.api('PUT', '/builds/policies/all', { mode: 'rebase' });
    const base = build('base', 'base 1');
    await of.push(base, '1');
    await of.push(build('flat', 'all in one', { says: `${host}/base:1` }), '1');
    await of.push(build('app', 'app', { base, says: `${host}/base:1` }), '1');
    await of.settle();
    await of.push(build('base', 'base 2', { platform: { os: 'linux', architecture: 's390x' } }), '1');
    await of.settle();
    const why = async (image: string) => (await of.api('GET', `/builds/explain?image=${image}&base=base:1`)).body.why;
    expect(await why('flat:1')).toContain('its first layers are not those of the old base');
    expect(await why('app:1')).toContain('another platform: architecture s390x in place of amd64');
  });

  it('says what was done, in an attestation that refers to it', async () => {
    const of = await rebasing({}, {}, {});
    const { digest } = await of.pull('app:1');
    const referrers = (await (await ask(of.app, 'GET', `/v2/app/referrers/${digest}`)).json()) as {
      manifests: { digest: string; artifactType: string }[];
    };
    expect(referrers.manifests).toMatchObject([{ artifactType: 'application/vnd.in-toto+json' }]);
    const manifest = (await of.pull(`app@${referrers.manifests[0]?.digest ?? ''}`)) as unknown as { layers: string[] };
    expect(JSON.parse(manifest.layers[0] ?? '')).toMatchObject({
      subject: [{ name: 'app', digest: { sha256: digest.slice(7) } }],
      predicate: {
        buildDefinition: { buildType: 'urn:longshore:rebase:v1', externalParameters: { base: `${host}/base:1` } },
      },
    });
  });

  it('moves no byte of a layer: a config, a statement and their manifests are all that is written', async () => {
    const of = registry();
    await of.api('PUT', '/builds/policies/all', { mode: 'rebase' });
    const base = build('base', 'base 1');
    await of.push(base, '1');
    await of.push(build('app', 'app', { base, says: `${host}/base:1` }), '1');
    await of.settle();
    await of.push(build('base', 'base 2'), '1');
    const { blobs } = of.world.region('home');
    const before = new Set(blobs.names());
    await of.settle();
    const { config } = await of.pull('app:1');
    const written = blobs
      .names()
      .filter((name) => !before.has(name))
      .map((name) => blobs.get(name)?.size);
    // The config, the empty one of the attestation, and its statement.
    expect(written).toHaveLength(3);
    expect(written).toContain(Buffer.byteLength(JSON.stringify(config)));
    expect((await of.pull('app:1')).layers).toEqual(['layer base 2', 'layer app']);
  });

  it('of an index has each of its platforms on that of the base', async () => {
    const of = registry();
    await of.api('PUT', '/builds/policies/all', { mode: 'rebase' });
    const platforms = [
      { os: 'linux', architecture: 'amd64' },
      { os: 'linux', architecture: 'arm64' },
    ];
    const bases = platforms.map((platform) => build('base', `base 1 ${platform.architecture}`, { platform }));
    await pushIndex(of, 'base', '1', bases);
    await pushIndex(
      of,
      'app',
      '1',
      platforms.map((platform, at) =>
        build('app', `app ${platform.architecture}`, {
          platform,
          ...(bases[at] === undefined ? {} : { base: bases[at] }),
          says: `${host}/base:1`,
        }),
      ),
    );
    await of.settle();
    await pushIndex(
      of,
      'base',
      '1',
      platforms.map((platform) => build('base', `base 2 ${platform.architecture}`, { platform })),
    );
    await of.settle();
    const { manifest } = await of.pull('app:1');
    const children = manifest.manifests as { digest: string; platform: { architecture: string } }[];
    expect(children.map(({ platform }) => platform.architecture)).toEqual(['amd64', 'arm64']);
    for (const {
      digest,
      platform: { architecture },
    } of children)
      expect((await of.pull(`app@${digest}`)).layers).toEqual([
        `layer base 2 ${architecture}`,
        `layer app ${architecture}`,
      ]);
    expect(await reasonOf(of, 'app:1', 'base:1')).toBe('made');
  });

  it('is not written when it is on the new base already', async () => {
    const of = registry();
    await of.api('PUT', '/builds/policies/all', { mode: 'rebase' });
    const [first, second] = [build('base', 'base 1'), build('base', 'base 2')];
    await of.push(first, '1');
    await of.push(build('app', 'app', { base: first, says: `${host}/base:1` }), '1');
    await of.settle();
    // Somebody was faster.
    await of.push(second, '1');
    await of.push(build('app', 'app', { base: second, says: `${host}/base:1` }), '1');
    const { digest } = await of.pull('app:1');
    await of.settle();
    expect((await of.pull('app:1')).digest).toBe(digest);
    expect(await reasonOf(of, 'app:1', 'base:1')).toBe('needed-nothing');
  });

  it('holds layers of its own kind on a base of the other', async () => {
    const of = registry();
    await of.api('PUT', '/builds/policies/all', { mode: 'rebase' });
    const asDocker = (image: Built): Built => {
      const bytes = Buffer.from(
        Buffer.from(image.bytes)
          .toString('utf8')
          .replaceAll(
            'application/vnd.oci.image.layer.v1.tar+gzip',
            'application/vnd.docker.image.rootfs.diff.tar.gzip',
          )
          .replace('application/vnd.oci.image.config.v1+json', 'application/vnd.docker.container.image.v1+json')
          .replace(mediaTypes.ociManifest, mediaTypes.dockerManifest),
      );
      return { ...image, bytes, digest: digestOf(bytes) };
    };
    const put = async (image: Built) => {
      await of.push(image, 'oci');
      const docker = asDocker(image);
      expect(
        (
          await ask(of.app, 'PUT', `/v2/${image.repository}/manifests/1`, {
            body: docker.bytes,
            headers: { 'content-type': mediaTypes.dockerManifest },
          })
        ).status,
      ).toBe(201);
      return docker;
    };
    const base = build('base', 'base 1');
    await put(base);
    await of.push(build('app', 'app', { base }), '1');
    await of.settle();
    await put(build('base', 'base 2'));
    await of.settle();
    const { layers } = (await of.pull('app:1')).manifest as unknown as { layers: { mediaType: string }[] };
    expect(layers.map(({ mediaType }) => mediaType)).toEqual([
      'application/vnd.oci.image.layer.v1.tar+gzip',
      'application/vnd.oci.image.layer.v1.tar+gzip',
    ]);
  });
});
