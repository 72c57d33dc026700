import { describe, expect, it } from 'vitest';
import { composeForTest } from '../../../../shared/app/compose-for-test.ts';
import { digestOf } from '../../../../shared/core/oci/digest.ts';
import { blockBytes } from '../../../../shared/features/registry/stage-body.ts';
import { withoutLostAnswers } from '../../../draws.ts';
import { ask, location, makeImage, pushBlob, pushImage, putManifest, withDigest } from '../../image.ts';

/** Calls are counted exactly: what an answer that was lost before has left open would be read once more. */
const counting = () => composeForTest({ connection: { chance: withoutLostAnswers() } });

describe('pushing an image', () => {
  it('gives its manifest back byte for byte, by tag and by digest', async () => {
    const { app } = composeForTest();
    const image = makeImage('one');
    await pushImage(app, 'team/app', 'v1', image);
    for (const reference of ['v1', image.digest]) {
      const pulled = await ask(app, 'GET', `/v2/team/app/manifests/${reference}`);
      expect(pulled.status).toBe(200);
      expect(pulled.headers.get('docker-content-digest')).toBe(image.digest);
      expect(pulled.headers.get('content-type')).toBe(image.mediaType);
      expect(Buffer.from(await pulled.arrayBuffer()).equals(image.bytes)).toBe(true);
    }
  });

  it('is one batch and one publish after the link reads', async () => {
    const { app, memory } = counting();
    await pushImage(app, 'team/app', 'v0', makeImage('first'));
    const image = makeImage('counted', 3);
    for (const blob of [image.config, ...image.layers]) await pushBlob(app, 'team/app', blob);
    memory.calls.resetCounts();
    expect((await putManifest(app, 'team/app', 'v1', image)).status).toBe(201);
    const counts = ['documents.read', 'documents.query', 'documents.commit', 'events.publish', 'blobs.put'] as const;
    // Four links, the manifest, whether it is in the bin, and the tag; the push's batch and the mark in the outbox.
    expect(counts.map((name) => memory.calls.count(name))).toEqual([7, 0, 2, 1, 0]);
  });

  it("also makes the catalog's entry when it is the first one, and marks that it was told of", async () => {
    const { app, memory } = composeForTest();
    const image = makeImage('first', 3);
    for (const blob of [image.config, ...image.layers]) await pushBlob(app, 'team/app', blob);
    memory.calls.resetCounts();
    expect((await putManifest(app, 'team/app', 'v1', image)).status).toBe(201);
    expect([
      memory.calls.count('documents.read'),
      memory.calls.count('documents.commit'),
      memory.calls.count('events.publish'),
      // The policies that cover the repository are read too, once in a while.
    ]).toEqual([9, 4, 1]);
  });

  it('touches no store to start an upload', async () => {
    const { app, memory } = composeForTest();
    const started = await ask(app, 'POST', '/v2/team/app/blobs/uploads/');
    expect(started.status).toBe(202);
    expect(memory.calls.total()).toBe(0);
  });

  it('names every blob that is missing', async () => {
    const { app } = composeForTest();
    const image = makeImage('missing', 2);
    const refused = await putManifest(app, 'team/app', 'v1', image);
    expect(refused.status).toBe(404);
    const { errors } = (await refused.json()) as { errors: { code: string; detail: { digest: string }[] }[] };
    expect(errors[0]?.code).toBe('MANIFEST_BLOB_UNKNOWN');
    expect(errors[0]?.detail.map(({ digest }) => digest).sort()).toEqual(
      [image.config, ...image.layers].map((blob) => digestOf(blob)).sort(),
    );
  });

  it('keeps a manifest too large for a document, exactly', async () => {
    const { app } = composeForTest();
    const image = makeImage('large', 1, { annotations: { filler: 'x'.repeat(300_000) } });
    await pushImage(app, 'team/app', 'large', image);
    const pulled = await ask(app, 'GET', '/v2/team/app/manifests/large');
    expect(Buffer.from(await pulled.arrayBuffer()).equals(image.bytes)).toBe(true);
  });

  it('refuses a manifest over 4 MiB with 413', async () => {
    const { app } = composeForTest();
    const refused = await putManifest(
      app,
      'team/app',
      'v1',
      makeImage('huge', 0, { annotations: { filler: 'x'.repeat(4 * 1024 * 1024) } }),
    );
    expect(refused.status).toBe(413);
  });
});

describe('uploading a blob', () => {
  const bytes = Buffer.from('some bytes of a layer');
  const digest = digestOf(bytes);

  it('takes it in one POST', async () => {
    const { app } = composeForTest();
    expect((await ask(app, 'POST', `/v2/a/b/blobs/uploads/?digest=${digest}`, { body: bytes })).status).toBe(201);
    const head = await ask(app, 'HEAD', `/v2/a/b/blobs/${digest}`);
    expect([head.status, head.headers.get('content-length')]).toEqual([200, String(bytes.length)]);
  });

  it('takes it in POST and one PUT', async () => {
    const { app } = composeForTest();
    const started = await ask(app, 'POST', '/v2/a/b/blobs/uploads/');
    expect((await ask(app, 'PUT', withDigest(location(started), digest), { body: bytes })).status).toBe(201);
  });

  it('takes it in numbered chunks, and says how far it has come', async () => {
    const { app } = composeForTest();
    const started = await ask(app, 'POST', '/v2/a/b/blobs/uploads/');
    const first = await ask(app, 'PATCH', location(started), {
      body: bytes.subarray(0, 10),
      headers: { 'content-range': '0-9' },
    });
    expect([first.status, first.headers.get('range')]).toEqual([202, '0-9']);
    const status = await ask(app, 'GET', location(first));
    expect([status.status, status.headers.get('range')]).toEqual([204, '0-9']);
    const second = await ask(app, 'PATCH', location(status), {
      body: bytes.subarray(10),
      headers: { 'content-range': `10-${bytes.length - 1}` },
    });
    expect((await ask(app, 'PUT', withDigest(location(second), digest))).status).toBe(201);
  });

  it('refuses a chunk that is not the next one with 416 and the range it has', async () => {
    const { app } = composeForTest();
    const started = await ask(app, 'POST', '/v2/a/b/blobs/uploads/');
    const first = await ask(app, 'PATCH', location(started), {
      body: bytes.subarray(0, 10),
      headers: { 'content-range': '0-9' },
    });
    const refused = await ask(app, 'PATCH', location(first), {
      body: bytes.subarray(12),
      headers: { 'content-range': `12-${bytes.length - 1}` },
    });
    expect([refused.status, refused.headers.get('range')]).toEqual([416, '0-9']);
  });

  it('reads the bytes back when no hash could follow them, and still refuses wrong ones', async () => {
    const { app } = composeForTest();
    const upload = async (claimed: string) => {
      const started = await ask(app, 'POST', '/v2/a/b/blobs/uploads/');
      // Without numbers the first body is hashed natively, and that hash cannot be continued.
      const first = await ask(app, 'PATCH', location(started), { body: bytes.subarray(0, 10) });
      const second = await ask(app, 'PATCH', location(first), { body: bytes.subarray(10) });
      return ask(app, 'PUT', withDigest(location(second), claimed));
    };
    expect((await upload(digestOf(Buffer.from('other bytes')))).status).toBe(400);
    expect((await upload(digest)).status).toBe(201);
    expect((await upload(digestOf(bytes, 'sha512'))).status).toBe(201);
  });

  it('refuses bytes that do not have the digest', async () => {
    const { app } = composeForTest();
    const refused = await ask(app, 'POST', `/v2/a/b/blobs/uploads/?digest=${digest}`, { body: 'other bytes' });
    expect(refused.status).toBe(400);
    expect(((await refused.json()) as { errors: { code: string }[] }).errors[0]?.code).toBe('DIGEST_INVALID');
    expect((await ask(app, 'HEAD', `/v2/a/b/blobs/${digest}`)).status).toBe(404);
  });

  it('stores a digest once when two clients finish it at the same time', async () => {
    const { app, world } = composeForTest();
    const urls = await Promise.all(
      [1, 2].map(async () =>
        location(await ask(app, 'PATCH', location(await ask(app, 'POST', '/v2/a/b/blobs/uploads/')), { body: bytes })),
      ),
    );
    const finished = await Promise.all(urls.map((url) => ask(app, 'PUT', withDigest(url, digest))));
    expect(finished.map(({ status }) => status)).toEqual([201, 201]);
    expect(
      world
        .region()
        .blobs.names()
        .filter((name) => name.startsWith('blobs/')),
    ).toHaveLength(1);
  });

  it('costs one read to find a layer that is there, and stores no byte when it is sent nevertheless', async () => {
    const { app, memory, world } = counting();
    // The repository's entry is read once in a while, here with its image.
    await pushImage(app, 'a/b', 'v1', makeImage('beside it'));
    await pushBlob(app, 'a/b', bytes);
    const stored = world.region().blobs.names();
    memory.calls.resetCounts();
    expect((await ask(app, 'HEAD', `/v2/a/b/blobs/${digest}`)).status).toBe(200);
    expect(memory.calls.list).toEqual(['documents.read']);
    memory.calls.resetCounts();
    await pushBlob(app, 'a/b', bytes);
    // Staged as it came, for nothing names it before its end; then blob and link are read side by side, and nothing is
    // written: the link is young.
    expect(memory.calls.list).toEqual(['blobs.stage', 'documents.read', 'documents.read']);
    expect(world.region().blobs.names()).toEqual(stored);
  });

  it('is not misled by a second body sent to an upload URL that was used before', async () => {
    const { app } = composeForTest();
    const url = location(await ask(app, 'POST', '/v2/a/b/blobs/uploads/'));
    const honest = await ask(app, 'PATCH', url, { body: bytes });
    await ask(app, 'PATCH', url, { body: Buffer.from('bad  bytes of a layer') });
    expect((await ask(app, 'PUT', withDigest(location(honest), digest))).status).toBe(201);
    const pulled = await ask(app, 'GET', `/v2/a/b/blobs/${digest}`);
    expect(pulled.status).toBe(307);
    expect(pulled.headers.get('docker-content-digest')).toBe(digest);
  });

  it('goes on from the whole blocks of a request that broke off', async () => {
    const { app } = composeForTest();
    const large = Buffer.alloc(20 * 1024 * 1024, 'layer');
    const url = location(await ask(app, 'POST', '/v2/a/b/blobs/uploads/'));
    const broken = new ReadableStream({
      start(controller) {
        controller.enqueue(large.subarray(0, 17 * 1024 * 1024));
      },
      pull(controller) {
        controller.error(new Error('the client went away'));
      },
    });
    const response = await app.fetch(
      new Request(`http://registry.test${url}`, { method: 'PATCH', body: broken, duplex: 'half' }),
    );
    expect(response.status).toBeGreaterThanOrEqual(400);
    const status = await ask(app, 'GET', url);
    expect(status.headers.get('range')).toBe(`0-${3 * blockBytes - 1}`);
    const rest = await ask(app, 'PATCH', location(status), {
      body: large.subarray(3 * blockBytes),
      headers: { 'content-range': `${3 * blockBytes}-${large.length - 1}` },
    });
    expect(rest.status).toBe(202);
    expect((await ask(app, 'PUT', withDigest(location(rest), digestOf(large)))).status).toBe(201);
  });

  it('refuses a forged URL, and one of another repository', async () => {
    const { app } = composeForTest();
    const url = location(await ask(app, 'POST', '/v2/a/b/blobs/uploads/'));
    expect((await ask(app, 'PATCH', `${url}x`, { body: bytes })).status).toBe(404);
    expect((await ask(app, 'PATCH', url.replace('/a/b/', '/a/c/'), { body: bytes })).status).toBe(404);
  });

  it('mounts from a repository that has it, and starts an upload otherwise', async () => {
    const { app, memory } = composeForTest();
    await pushBlob(app, 'a/b', bytes);
    memory.calls.resetCounts();
    expect((await ask(app, 'POST', `/v2/c/d/blobs/uploads/?mount=${digest}&from=a/b`)).status).toBe(201);
    // The source's link, whether the target has a young one already, and whether the source may be read: that is known
    // for five seconds.
    expect(memory.calls.list).toEqual(['documents.read', 'documents.read', 'documents.read', 'documents.commit']);
    expect((await ask(app, 'HEAD', `/v2/c/d/blobs/${digest}`)).status).toBe(200);
    expect((await ask(app, 'POST', `/v2/c/d/blobs/uploads/?mount=${digest}&from=e/f`)).status).toBe(202);
  });
});
