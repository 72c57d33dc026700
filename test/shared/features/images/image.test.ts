import { describe, expect, it } from 'vitest';
import { composeForTest } from '../../../../shared/app/compose-for-test.ts';
import { digestOf } from '../../../../shared/core/oci/digest.ts';
import { ask, pushBlob } from '../../image.ts';
import { api, pushIndex, pushJson, pushReferrer, pushWith, repository, viewOf } from './viewed.ts';

const built = {
  os: 'linux',
  architecture: 'amd64',
  config: { Env: ['A=1'], ExposedPorts: { '80/tcp': {} }, Entrypoint: ['/run'], Labels: { version: '1' } },
  rootfs: { type: 'layers', diff_ids: [`sha256:${'1'.repeat(64)}`, `sha256:${'2'.repeat(64)}`] },
  history: [
    { created: '2026-01-01T00:00:00Z', created_by: '/bin/sh -c #(nop) ADD file:1 in / ' },
    { created_by: 'ENV A=1', empty_layer: true },
    { created_by: 'RUN /bin/sh -c make # buildkit', comment: 'buildkit.dockerfile.v0' },
  ],
};

describe('an image', () => {
  it('shows exposed ports, entrypoint, env and labels, and which instruction made which layer', async () => {
    const { app } = composeForTest();
    const image = await pushWith(app, '1', { config: built, layers: ['rootfs', 'made'] });
    const view = await viewOf(app, '1');
    expect(view).toMatchObject({
      repository,
      reference: '1',
      digest: image.digest,
      tags: ['1'],
      tagCount: 1,
      config: { env: ['A=1'], exposedPorts: ['80/tcp'], entrypoint: ['/run'], labels: { version: '1' } },
      layers: [{ instruction: 'ADD file:1 in /' }, { instruction: 'RUN make' }],
      history: [{ layer: 0 }, { empty: true }, { layer: 1 }],
      dockerfile: 'ADD file:1 in /\nENV A=1\nRUN make\n',
      size: image.bytes.length,
      bytes: Buffer.from(JSON.stringify(built)).length + 'rootfs'.length + 'made'.length,
      platforms: [],
      referrers: [],
      badges: { signed: false, sbom: false, attested: false, locked: false, held: false },
    });
    expect(view.historyProblem).toBeUndefined();
    expect(view.more).toBeUndefined();
    expect(view.unavailable).toBeUndefined();
    expect(await viewOf(app, image.digest)).toEqual({
      ...view,
      reference: image.digest,
      pullCommands: expect.anything() as unknown,
    });
  });

  it('has of 200 tags the first twenty, and their number', async () => {
    const { app } = composeForTest();
    const image = await pushWith(app, 'v0');
    for (let n = 1; n < 200; n += 1) await pushJsonAgain(app, `v${n}`, image);
    const { tags, tagCount } = await viewOf(app, image.digest);
    expect(tags).toHaveLength(20);
    expect(tagCount).toBe(200);
  });

  it('counts in how many other images a layer is', async () => {
    const longshore = composeForTest();
    const { app } = longshore;
    await pushWith(app, '1', { layers: ['shared', 'own 1'] });
    await pushWith(app, '2', { layers: ['shared', 'own 2'] });
    await pushWith(app, '1', { layers: ['shared', 'own 3'], in: 'other/app' });
    for (const event of longshore.world.region().events.log) await longshore.events['usage-record'](event);
    const { layers } = await viewOf(app, '1');
    expect(layers.map(({ inImages }) => inImages)).toEqual([2, 0]);
  });

  it('says how to pull it from the host that clients know, whatever host was asked', async () => {
    const { app } = composeForTest({ settings: { publicUrl: new URL('https://registry.example') } });
    const image = await pushWith(app, '1');
    const { pullCommands } = await viewOf(app, '1');
    expect(pullCommands.map(({ client }) => client)).toEqual([
      'docker',
      'podman',
      'nerdctl',
      'skopeo',
      'crane',
      'kubernetes',
      'dockerfile',
    ]);
    for (const { command, pinned } of pullCommands) {
      expect(command).toContain(`registry.example/${repository}:1`);
      expect(pinned).toContain(`registry.example/${repository}@${image.digest}`);
    }
  });

  it('shows the state of its quarantine', async () => {
    const { app } = composeForTest();
    const image = await pushWith(app, '1');
    const patched = await ask(app, 'PATCH', `/acr/v1/${repository}/_manifests/${image.digest}`, {
      body: JSON.stringify({ quarantineState: 'Quarantined' }),
      headers: { 'content-type': 'application/json' },
    });
    expect(patched.status).toBe(200);
    expect((await viewOf(app, '1')).badges).toMatchObject({ quarantine: 'Quarantined', locked: false });
  });

  it('says that a policy holds it', async () => {
    const { app } = composeForTest();
    const body = JSON.stringify({ mode: 'enforce', repositories: { include: [repository] } });
    const headers = { 'content-type': 'application/json' };
    await ask(app, 'PUT', '/api/v1/quarantine/policies/wait', { body, headers });
    await pushWith(app, '1');
    expect((await viewOf(app, '1')).badges).toMatchObject({ held: true });
  });

  it('is not shown when there is none, and the next step is said', async () => {
    const { app } = composeForTest();
    const answer = await api<{ errors: { code: string; message: string }[] }>(
      app,
      '/images',
      { repository, reference: 'gone' },
      404,
    );
    expect(answer.errors[0]).toMatchObject({ code: 'manifestNotFound' });
    expect(answer.errors[0]?.message).toContain('/api/v1/bin');
    await api(app, '/images', { repository, reference: '../x' }, 400);
    await api(app, '/images', { repository, reference: 'sha256:12' }, 400);
  });

  it('names the parts whose store does not answer, and shows the others', async () => {
    const longshore = composeForTest();
    const image = await pushWith(longshore.app, '1', { config: built, layers: ['rootfs', 'made'] });
    longshore.memory.calls.failOn('documents.count');
    longshore.memory.calls.failOn('blobs.read');
    const view = await viewOf(longshore.app, '1');
    expect(view).toMatchObject({ digest: image.digest, unavailable: ['config', 'tags'], tagCount: 0 });
    expect(view.layers).toHaveLength(2);
  });

  it('takes at most four waits for the store, however much is about it', async () => {
    const longshore = composeForTest();
    const { app } = longshore;
    const small = await pushWith(app, 'small');
    const image = await pushWith(app, '1', { config: built, layers: ['rootfs', 'made'] });
    for (let n = 0; n < 30; n += 1) await pushReferrer(app, image, `application/x.${n}`);
    const callsOf = async (reference: string) => {
      longshore.memory.calls.resetCounts();
      await viewOf(app, reference);
      return longshore.memory.calls.total();
    };
    await callsOf('small');
    const few = await callsOf(small.digest);
    expect(await callsOf(image.digest)).toBeLessThanOrEqual(few + 2);
    expect(few).toBeLessThanOrEqual(16);
  });
});

async function pushJsonAgain(
  app: Parameters<typeof ask>[0],
  tag: string,
  image: { bytes: Uint8Array; mediaType: string },
) {
  const pushed = await ask(app, 'PUT', `/v2/${repository}/manifests/${tag}`, {
    body: image.bytes,
    headers: { 'content-type': image.mediaType },
  });
  if (pushed.status !== 201) throw new Error(await pushed.text());
}

describe('an index', () => {
  const platform = (os: string, architecture: string, variant?: string) => ({
    os,
    architecture,
    ...(variant === undefined ? {} : { variant }),
  });

  it('has as its size the sum of its platforms, each of which is shown', async () => {
    const { app } = composeForTest();
    const amd = await pushWith(app, undefined, { layers: ['amd'] });
    const arm = await pushWith(app, undefined, {
      layers: ['arm64 layer'],
      config: { os: 'linux', architecture: 'arm64' },
    });
    const index = await pushIndex(app, 'multi', [
      { of: amd, platform: platform('linux', 'amd64') },
      { of: arm, platform: platform('linux', 'arm64', 'v8') },
    ]);
    const view = await viewOf(app, 'multi');
    const bytes = await Promise.all([amd, arm].map(async ({ digest }) => (await viewOf(app, digest)).bytes));
    expect(view.platforms).toEqual([
      { os: 'linux', architecture: 'amd64', digest: amd.digest, bytes: bytes[0], isHere: true },
      { os: 'linux', architecture: 'arm64', variant: 'v8', digest: arm.digest, bytes: bytes[1], isHere: true },
    ]);
    expect(view.bytes).toBe((bytes[0] ?? 0) + (bytes[1] ?? 0));
    const { items } = await api<{ items: { name: string; bytes: number }[] }>(app, '/repositories/tags', {
      repository,
    });
    expect(items.map((row) => [row.name, row.bytes])).toEqual([['multi', view.bytes]]);
    expect(view.size).toBe(index.bytes.length);
    expect(view.pullCommands[0]?.command).toBe(`docker pull registry.test/${repository}:multi`);
  });

  it('shows unknown/unknown as the attestation that it is, never as a platform', async () => {
    const { app } = composeForTest();
    const amd = await pushWith(app, undefined);
    const attestation = await pushWith(app, undefined, {
      layers: ['{"predicate":{}}'],
      layerType: 'application/vnd.in-toto+json',
      layerAnnotations: { 'in-toto.io/predicate-type': 'https://spdx.dev/Document' },
      config: { os: 'unknown', architecture: 'unknown' },
    });
    await pushIndex(app, 'attested', [
      { of: amd, platform: platform('linux', 'amd64') },
      {
        of: attestation,
        platform: platform('unknown', 'unknown'),
        annotations: { 'vnd.docker.reference.type': 'attestation-manifest', 'vnd.docker.reference.digest': amd.digest },
      },
    ]);
    const view = await viewOf(app, 'attested');
    expect(view.platforms.map(({ digest }) => digest)).toEqual([amd.digest]);
    expect(view.attestations).toEqual([
      { digest: attestation.digest, of: amd.digest, predicateTypes: ['https://spdx.dev/Document'] },
    ]);
    expect(view.badges).toMatchObject({ attested: true, sbom: true, signed: false });
    expect(view.bytes).toBe(view.platforms[0]?.bytes);
  });

  it('has the badges of its children: a signature, and a bill of materials that refers to one', async () => {
    const { app } = composeForTest();
    const [amd, arm] = [
      await pushWith(app, undefined, { layers: ['a'] }),
      await pushWith(app, undefined, { layers: ['b'] }),
    ];
    await pushIndex(app, 'signed', [
      { of: amd, platform: platform('linux', 'amd64') },
      { of: arm, platform: platform('linux', 'arm64') },
    ]);
    expect((await viewOf(app, 'signed')).badges).toMatchObject({ signed: false, sbom: false });
    await pushReferrer(app, amd, 'application/vnd.cncf.notary.signature');
    await pushReferrer(app, arm, 'application/spdx+json');
    const view = await viewOf(app, 'signed');
    expect(view.badges).toMatchObject({ signed: true, sbom: true, attested: false });
    expect(view.referrers.map(({ kind, of }) => [kind, of])).toEqual([
      ['signature', amd.digest],
      ['sbom', arm.digest],
    ]);
  });

  it("counts cosign's tags as well, of itself and of its children", async () => {
    const { app } = composeForTest();
    const amd = await pushWith(app, undefined);
    const index = await pushIndex(app, 'cosigned', [{ of: amd, platform: platform('linux', 'amd64') }]);
    const tagOf = (of: string, ending: string) => `${of.replace(':', '-')}.${ending}`;
    await pushWith(app, tagOf(index.digest, 'sig'), { layers: ['signature'] });
    await pushWith(app, tagOf(amd.digest, 'att'), {
      layers: ['attestation'],
      layerAnnotations: { predicateType: 'https://cyclonedx.org/bom' },
    });
    const view = await viewOf(app, 'cosigned');
    expect(view.referrers.map(({ kind, of, tag }) => [kind, of, tag])).toEqual([
      ['signature', index.digest, tagOf(index.digest, 'sig')],
      ['attestation', amd.digest, tagOf(amd.digest, 'att')],
    ]);
    expect(view.badges).toMatchObject({ signed: true, attested: true, sbom: true });
  });

  it('shows the platforms of an index in it, and of a manifest that is not here that it is not', async () => {
    const { app } = composeForTest();
    const amd = await pushWith(app, undefined);
    const inner = await pushIndex(app, undefined, [{ of: amd, platform: platform('linux', 'amd64') }]);
    await pushIndex(app, 'nested', [{ of: inner }]);
    expect((await viewOf(app, 'nested')).platforms).toMatchObject([{ architecture: 'amd64', digest: amd.digest }]);
    const deleted = await ask(app, 'DELETE', `/v2/${repository}/manifests/${amd.digest}`);
    expect(deleted.status).toBe(202);
    expect((await viewOf(app, 'nested')).platforms).toMatchObject([{ isHere: false, bytes: 0 }]);
  });

  it('is bounded: of a thousand children it shows some, and says that there are more', async () => {
    const { app } = composeForTest();
    const of = await pushWith(app, undefined);
    await pushIndex(
      app,
      'wide',
      Array.from({ length: 1_000 }, (_, n) => ({ of, platform: platform('linux', `cpu${n}`) })),
    );
    const view = await viewOf(app, 'wide');
    expect(view.platforms).toHaveLength(300);
    expect(view.more).toEqual(['platforms']);
  });
});

describe('what is no image', () => {
  it('is a chart with the commands of Helm, and no config of an image', async () => {
    const { app } = composeForTest();
    const chart = await pushWith(app, '1.2.3_build', {
      config: { name: 'app', version: '1.2.3+build' },
      configType: 'application/vnd.cncf.helm.config.v1+json',
      layers: ['chart'],
    });
    const view = await viewOf(app, '1.2.3_build');
    expect(view.config).toBeUndefined();
    expect(view.configProblem).toBeUndefined();
    expect(view.artifactType).toBe('application/vnd.cncf.helm.config.v1+json');
    expect(view.pullCommands[0]).toEqual({
      client: 'helm',
      command: `helm pull oci://registry.test/${repository} --version 1.2.3+build`,
      pinned: `helm pull oci://registry.test/${repository}@${chart.digest}`,
    });
    expect(await api(app, '/images/config', { repository, digest: chart.digest })).toEqual({
      name: 'app',
      version: '1.2.3+build',
    });
  });

  it('is files of ORAS with their titles, to be pulled by oras', async () => {
    const { app } = composeForTest();
    await pushWith(app, 'files', {
      config: {},
      configType: 'application/vnd.oci.empty.v1+json',
      layers: ['text'],
      layerAnnotations: { 'org.opencontainers.image.title': 'readme.txt' },
      manifest: { artifactType: 'application/x.files' },
    });
    const view = await viewOf(app, 'files');
    expect(view.layers).toMatchObject([{ title: 'readme.txt', bytes: 4 }]);
    expect(view.pullCommands.map(({ client }) => client)).toEqual(['oras', 'podman', 'skopeo', 'crane']);
  });

  it("is BuildKit's cache, an index of blobs: they are shown as layers", async () => {
    const { app } = composeForTest();
    const bytes = Buffer.from('cached');
    await pushBlob(app, repository, bytes);
    const mediaType = 'application/vnd.oci.image.layer.v1.tar+gzip';
    await pushJson(app, 'cache', repository, 'application/vnd.oci.image.index.v1+json', {
      manifests: [{ mediaType, digest: digestOf(bytes), size: bytes.length }],
    });
    expect(await viewOf(app, 'cache')).toMatchObject({ layers: [{ bytes: 6 }], platforms: [], attestations: [] });
  });

  it('is an index of SOCI that refers to an image, of its own kind', async () => {
    const { app } = composeForTest();
    const image = await pushWith(app, '1');
    await pushReferrer(app, image, 'application/vnd.amazon.soci.index.v1+json');
    await pushReferrer(app, image, 'application/sarif+json');
    await pushReferrer(app, image, 'application/x.unheard-of');
    expect((await viewOf(app, '1')).referrers.map(({ kind }) => kind)).toEqual(['soci', 'report', 'other']);
  });
});
