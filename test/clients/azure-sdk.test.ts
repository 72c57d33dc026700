import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { ContainerRegistryClientOptions, OciImageManifest } from '@azure/container-registry';
import {
  ContainerRegistryClient,
  ContainerRegistryContentClient,
  KnownManifestMediaType,
} from '@azure/container-registry';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RequiredStack } from '../local/stack/required-stack.ts';
import { startRequiredStack } from '../local/stack/required-stack.ts';
import { stateFolder } from '../local/stack/running-stack.ts';
import type { LocalIssuer } from '../shared/features/identity/issuer.ts';
import { startIssuer } from '../shared/features/identity/issuer.ts';
import type { TlsFront } from './tls-front.ts';
import { startTlsFront } from './tls-front.ts';

let front: TlsFront;
let issuer: LocalIssuer;
let required: RequiredStack;
/** The clean-ups of what was started: they run even when the rest did not start. */
const stops: (() => void | Promise<void>)[] = [];

beforeAll(async () => {
  const keys = await stateFolder();
  stops.push(keys.remove);
  front = await startTlsFront(keys.path);
  stops.push(() => front.stop());
  issuer = await startIssuer(() => new Date());
  stops.push(() => issuer.stop());
  required = await startRequiredStack({ LONGSHORE_PUBLIC_URL: front.url });
  stops.push(() => required.stop());
  // As an administrator trusts a tenant of Entra ID: the client brings its tokens, and never a password.
  await required.manage('PUT', '/trusted-issuers/tenant', {
    issuer: issuer.url,
    audience: 'https://containerregistry.azure.net',
    conditions: [{ claim: 'sub', is: 'a workload' }],
    scopeMap: '_repositories_admin',
  });
});

afterAll(async () => {
  for (const stop of stops.reverse()) await stop();
});

/**
 * The clients get the front's certificate, make no retries, and may follow a blob's redirect to Azurite, which has no
 * TLS.
 */
const options = (): ContainerRegistryClientOptions => ({
  tlsOptions: { ca: front.certificate },
  retryOptions: { maxRetries: 0 },
  allowInsecureConnection: true,
});

/**
 * A credential as `@azure/identity` makes them: it is asked for the scope of an audience, and gives a token for that.
 */
const credentialOf = (sub: string) => ({
  async getToken(scopes: string | string[]) {
    const aud = [scopes].flat()[0]?.replace('/.default', '');
    return { token: await issuer.token({ aud, sub }), expiresOnTimestamp: Date.now() + 300_000 };
  },
});

const connect = () => new ContainerRegistryClient(front.url, credentialOf('a workload'), options());
const connectContent = (repository: string) =>
  new ContainerRegistryContentClient(front.url, repository, credentialOf('a workload'), options());

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

const aDate: unknown = expect.any(Date);
/** An error's message that names this code: the client's own `code` is of other services' errors. */
const naming = (code: string): unknown => expect.stringContaining(code);

const emptyConfig = Buffer.from(
  '{"architecture":"amd64","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":[]}}',
);

/** Pushes an image of one layer, with these tags, as the client's own samples do. */
async function pushImage(
  content: ContainerRegistryContentClient,
  tags: readonly string[],
): Promise<{ digest: string; layer: Buffer; manifest: OciImageManifest }> {
  const layer = randomBytes(64 * 1024);
  const [config, uploaded] = [await content.uploadBlob(emptyConfig), await content.uploadBlob(layer)];
  const manifest: OciImageManifest = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: config.digest, size: config.sizeInBytes },
    layers: [
      { mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: uploaded.digest, size: uploaded.sizeInBytes },
    ],
  };
  let digest = '';
  for (const tag of tags) ({ digest } = await content.setManifest(manifest, { tag }));
  return { digest, layer, manifest };
}

describe.each(['url', 'functionsUrl'] as const)("@azure/container-registry over TLS, before the stack's %s", (host) => {
  const repository = `sdk/${host.toLowerCase()}`;
  beforeAll(() => front.forwardTo(required.stack[host]));

  it('uploads blobs in chunks from a stream and a buffer, and downloads the same bytes', async () => {
    const content = connectContent(`${repository}/blobs`);
    // More than two of the client's chunks of 4 MiB.
    for (const bytes of [randomBytes(9 * 1024 * 1024 + 1), Buffer.from('small')]) {
      const sent = await content.uploadBlob(
        bytes.length > 5 ? Readable.from([bytes.subarray(0, 100), bytes.subarray(100)]) : bytes,
      );
      expect(sent).toEqual({ digest: digestOf(bytes), sizeInBytes: bytes.length });
      const { digest, content: stream } = await content.downloadBlob(sent.digest);
      expect(digest).toBe(sent.digest);
      expect((await buffer(stream)).equals(bytes)).toBe(true);
    }
  });

  it('deletes a blob', async () => {
    const content = connectContent(`${repository}/blobs`);
    const { digest } = await content.uploadBlob(Buffer.from('to be deleted'));
    await content.deleteBlob(digest);
    await expect(content.downloadBlob(digest)).rejects.toMatchObject({
      statusCode: 404,
      message: naming('BLOB_UNKNOWN'),
    });
  });

  it('sets, gets and deletes manifests by tag and by digest', async () => {
    const content = connectContent(`${repository}/manifests`);
    const { digest, manifest } = await pushImage(content, ['v1']);
    for (const reference of ['v1', digest]) {
      expect(await content.getManifest(reference)).toMatchObject({
        digest,
        mediaType: KnownManifestMediaType.OciImageManifest,
        manifest,
      });
    }
    const bytes = Buffer.from(JSON.stringify({ ...manifest, annotations: { from: 'a stream' } }, null, 2));
    const set = await content.setManifest(Readable.from([bytes]));
    expect(set.digest).toBe(digestOf(bytes));
    expect((await content.getManifest(set.digest)).content.equals(bytes)).toBe(true);
    await content.deleteManifest(digest);
    await expect(content.getManifest('v1')).rejects.toMatchObject({
      statusCode: 404,
      message: naming('MANIFEST_UNKNOWN'),
    });
  });

  it('lists the repositories, in pages too, and deletes one', async () => {
    for (const name of ['list/a', 'list/b']) await pushImage(connectContent(`${repository}/${name}`), ['v1']);
    const client = connect();
    const names = await collect(client.listRepositoryNames());
    expect(names).toEqual(expect.arrayContaining([`${repository}/list/a`, `${repository}/list/b`]));
    const pages = await collect(client.listRepositoryNames().byPage({ maxPageSize: 1 }));
    expect(pages.map((page) => page.length)).toEqual(names.map(() => 1));
    expect(pages.flat()).toEqual(names);
    await client.deleteRepository(`${repository}/list/a`);
    await client.getRepository(`${repository}/list/b`).delete();
    expect(await collect(client.listRepositoryNames())).toEqual(
      names.filter((name) => !name.startsWith(`${repository}/list/`)),
    );
  });

  it('reads and updates the properties of a repository, and its locks hold', async () => {
    const content = connectContent(`${repository}/props`);
    await pushImage(content, ['v1', 'v2']);
    const found = connect().getRepository(`${repository}/props`);
    expect([found.name, found.registryEndpoint]).toEqual([`${repository}/props`, front.url]);
    expect(await found.getProperties()).toMatchObject({
      registryLoginServer: new URL(front.url).host,
      name: `${repository}/props`,
      manifestCount: 1,
      tagCount: 2,
      canDelete: true,
      canWrite: true,
      canList: true,
      canRead: true,
      createdOn: aDate,
      lastUpdatedOn: aDate,
    });
    expect(await found.updateProperties({ canDelete: false, canWrite: false })).toMatchObject({
      canDelete: false,
      canWrite: false,
      canList: true,
      canRead: true,
    });
    await expect(pushImage(content, ['v3'])).rejects.toMatchObject({ statusCode: 405 });
    await expect(found.delete()).rejects.toMatchObject({ statusCode: 405 });
    await found.updateProperties({ canDelete: true, canWrite: true });
    await found.delete();
    await expect(found.getProperties()).rejects.toMatchObject({ statusCode: 404, message: naming('NAME_UNKNOWN') });
  });

  it('lists the manifests by both orders, in pages too', async () => {
    const content = connectContent(`${repository}/orders`);
    const digests = [];
    for (const tag of ['v1', 'v2', 'v3']) digests.push((await pushImage(content, [tag])).digest);
    const found = connect().getRepository(`${repository}/orders`);
    const listed = async (order: 'LastUpdatedOnAscending' | 'LastUpdatedOnDescending') =>
      (await collect(found.listManifestProperties({ order }))).map(({ digest }) => digest);
    expect(await listed('LastUpdatedOnAscending')).toEqual(digests);
    expect(await listed('LastUpdatedOnDescending')).toEqual(digests.toReversed());
    expect((await collect(found.listManifestProperties())).map(({ digest }) => digest).sort()).toEqual(
      digests.toSorted(),
    );
    const pages = await collect(
      found.listManifestProperties({ order: 'LastUpdatedOnDescending' }).byPage({ maxPageSize: 2 }),
    );
    expect(pages.map((page) => page.length)).toEqual([2, 1]);
    expect(pages.flat().map(({ digest }) => digest)).toEqual(digests.toReversed());
  });

  it('reads and updates the properties of a manifest, and deletes it', async () => {
    const { digest } = await pushImage(connectContent(`${repository}/artifact`), ['v1', 'v2']);
    const client = connect();
    const artifact = client.getArtifact(`${repository}/artifact`, 'v1');
    expect(artifact.fullyQualifiedReference).toBe(`127.0.0.1/${repository}/artifact:v1`);
    const properties = await artifact.getManifestProperties();
    expect(properties).toMatchObject({
      registryLoginServer: new URL(front.url).host,
      repositoryName: `${repository}/artifact`,
      digest,
      architecture: 'amd64',
      operatingSystem: 'linux',
      relatedArtifacts: [],
      canDelete: true,
      createdOn: aDate,
    });
    expect(properties.tags.toSorted()).toEqual(['v1', 'v2']);
    expect(properties.sizeInBytes).toBeGreaterThan(64 * 1024);
    const byDigest = client.getRepository(`${repository}/artifact`).getArtifact(digest);
    expect(await byDigest.updateManifestProperties({ canDelete: false })).toMatchObject({
      digest,
      canDelete: false,
      canWrite: true,
    });
    await expect(byDigest.delete()).rejects.toMatchObject({ statusCode: 405 });
    await byDigest.updateManifestProperties({ canDelete: true });
    await byDigest.delete();
    await expect(byDigest.getManifestProperties()).rejects.toMatchObject({ statusCode: 404 });
  });

  it('reads, lists by both orders, updates and deletes tags', async () => {
    const tags = ['v1', 'v2', 'v3'];
    const { digest } = await pushImage(connectContent(`${repository}/tags`), tags);
    const artifact = connect().getArtifact(`${repository}/tags`, digest);
    const listed = async (order: 'LastUpdatedOnAscending' | 'LastUpdatedOnDescending') =>
      (await collect(artifact.listTagProperties({ order }))).map(({ name }) => name);
    expect(await listed('LastUpdatedOnAscending')).toEqual(tags);
    expect(await listed('LastUpdatedOnDescending')).toEqual(tags.toReversed());
    expect(
      (await collect(artifact.listTagProperties().byPage({ maxPageSize: 2 }))).map((page) =>
        page.map(({ name }) => name).sort(),
      ),
    ).toEqual([['v1', 'v2'], ['v3']]);
    expect(await artifact.getTagProperties('v2')).toMatchObject({
      name: 'v2',
      digest,
      repositoryName: `${repository}/tags`,
      canDelete: true,
      createdOn: aDate,
    });
    expect(await artifact.updateTagProperties('v2', { canDelete: false })).toMatchObject({
      name: 'v2',
      canDelete: false,
    });
    await expect(artifact.deleteTag('v2')).rejects.toMatchObject({ statusCode: 405 });
    await artifact.updateTagProperties('v2', { canDelete: true });
    await artifact.deleteTag('v2');
    await expect(artifact.getTagProperties('v2')).rejects.toMatchObject({
      statusCode: 404,
      message: naming('TAG_UNKNOWN'),
    });
    expect(await listed('LastUpdatedOnAscending')).toEqual(['v1', 'v3']);
  });

  it('reads without a credential what is open, and nothing else', async () => {
    await required.manage('PUT', '/anonymous', { repositories: [`${repository}/open`] });
    for (const name of ['open', 'closed']) await pushImage(connectContent(`${repository}/${name}`), ['v1']);
    const everyone = new ContainerRegistryClient(front.url, options());
    expect(await everyone.getRepository(`${repository}/open`).getProperties()).toMatchObject({ tagCount: 1 });
    expect(
      (await collect(everyone.getArtifact(`${repository}/open`, 'v1').listTagProperties())).map(({ name }) => name),
    ).toEqual(['v1']);
    expect(await collect(everyone.listRepositoryNames())).toEqual([`${repository}/open`]);
    await expect(everyone.getRepository(`${repository}/closed`).getProperties()).rejects.toMatchObject({
      statusCode: 401,
    });
    await expect(everyone.deleteRepository(`${repository}/open`)).rejects.toMatchObject({ statusCode: 401 });
  });

  it('is refused with a token of a workload that nobody trusts', async () => {
    const stranger = new ContainerRegistryClient(front.url, credentialOf('another workload'), options());
    await expect(stranger.getRepository(`${repository}/closed`).getProperties()).rejects.toMatchObject({
      statusCode: 401,
    });
  });
});
