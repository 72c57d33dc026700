import { describe, expect, it } from 'vitest';
import { connectMemory } from '../../shared/adapters/memory/connect.ts';
import type { App } from '../../shared/app/app.ts';
import { composeForTest } from '../../shared/app/compose-for-test.ts';
import { digestOf } from '../../shared/core/oci/digest.ts';
import { asAdmin, bearer, composeRequired, fetchToken, makeToken } from '../shared/features/identity/required.ts';
import {
  binOf,
  day,
  hour,
  makeIndex,
  naming,
  post,
  push,
  statusOf,
  timedLongshore,
} from '../shared/features/recycle-bin/binned.ts';
import { ask, makeImage, pushBlob, pushImage, putManifest } from '../shared/image.ts';
import { runDue } from '../shared/run-due.ts';

const repository = 'team/app';
const blobPath = (bytes: Uint8Array, of = repository) => `/v2/${of}/blobs/${digestOf(bytes)}`;
const manifestPath = (reference: string) => `/v2/${repository}/manifests/${reference}`;
const layerOf = ({ layers }: { readonly layers: readonly Uint8Array[] }) => layers[0] ?? Buffer.alloc(0);

interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly allow: string | null;
}

async function refusedDelete(app: App, path: string, headers: Record<string, string> = {}): Promise<Refusal> {
  const answer = await ask(app, 'DELETE', path, { headers });
  const { errors } = (await answer.json()) as { errors: [{ code: string; message: string }] };
  return { status: answer.status, ...errors[0], allow: answer.headers.get('allow') };
}

describe('deleting a blob that a manifest lists', () => {
  it('is refused while the manifest is live, names it, and changes nothing', async () => {
    const { app, world } = timedLongshore();
    const image = makeImage('listed', 2);
    await pushImage(app, repository, 'v1', image);
    for (const blob of [image.config, ...image.layers]) {
      const refusal = await refusedDelete(app, blobPath(blob));
      expect(refusal).toMatchObject({ status: 405, code: 'UNSUPPORTED', allow: 'GET, HEAD' });
      expect(refusal.message).toContain(image.digest);
      expect(await statusOf(app, blobPath(blob))).toBe(307);
      expect(await statusOf(app, blobPath(blob), 'HEAD')).toBe(200);
    }
    expect(world.region().events.log.map(({ type }) => type)).not.toContain('Longshore.Recycled');
  });

  it('is refused for a locked manifest, for one without a tag, for a child of an index and for a referrer', async () => {
    const { app } = timedLongshore();
    const [locked, untagged, child] = [makeImage('locked', 1), makeImage('untagged', 1), makeImage('child', 1)];
    const signature = makeImage('signature', 1, naming(child));
    await pushImage(app, repository, 'locked', locked);
    await ask(app, 'PATCH', `/acr/v1/${repository}/_manifests/${locked.digest}`, {
      body: JSON.stringify({ deleteEnabled: false, readEnabled: false }),
    });
    for (const image of [untagged, child, signature]) await pushImage(app, repository, image.digest, image);
    await push(app, repository, 'index', makeIndex([child]));
    for (const image of [locked, untagged, child, signature])
      expect(await statusOf(app, blobPath(layerOf(image)), 'DELETE')).toBe(405);
  });

  it('is refused while the manifest lies in the bin, so that a restored image is whole', async () => {
    const { app } = timedLongshore();
    const image = makeImage('binned', 1);
    await pushImage(app, repository, 'v1', image);
    expect(await statusOf(app, manifestPath(image.digest), 'DELETE')).toBe(202);
    expect((await refusedDelete(app, blobPath(layerOf(image)))).message).toContain('recycle bin');
    expect((await post(app, '/api/v1/bin/restore', { repository, digest: image.digest })).status).toBe(200);
    expect(await statusOf(app, manifestPath('v1'))).toBe(200);
    expect(await statusOf(app, blobPath(layerOf(image)))).toBe(307);
  });

  it('names no manifest to somebody who may delete and not read', async () => {
    const longshore = composeRequired();
    const { app } = longshore;
    const image = makeImage('secret', 1);
    const admin = bearer(
      (await fetchToken(longshore, asAdmin, [`repository:${repository}:pull,push,delete`])).access_token,
    );
    for (const blob of [image.config, ...image.layers]) {
      const started = await ask(app, 'POST', `/v2/${repository}/blobs/uploads/?digest=${digestOf(blob)}`, {
        headers: admin,
        body: blob,
      });
      expect(started.status).toBe(201);
    }
    expect(
      (
        await ask(app, 'PUT', manifestPath('v1'), {
          headers: { ...admin, 'content-type': image.mediaType },
          body: image.bytes,
        })
      ).status,
    ).toBe(201);
    const password = await makeToken(longshore, 'deleter', [`repositories/${repository}/content/delete`]);
    const deleter = { authorization: `Basic ${Buffer.from(`deleter:${password}`).toString('base64')}` };
    const refusal = await refusedDelete(app, blobPath(layerOf(image)), deleter);
    expect(refusal.status).toBe(405);
    expect(refusal.message).not.toContain(image.digest);
    expect((await refusedDelete(app, blobPath(layerOf(image)), admin)).message).toContain(image.digest);
    // In the bin it takes another right to know of it.
    expect((await ask(app, 'DELETE', manifestPath(image.digest), { headers: admin })).status).toBe(202);
    expect((await refusedDelete(app, blobPath(layerOf(image)), admin)).message).not.toContain(image.digest);
  });

  it('asks by one query of the repository, whatever it holds', async () => {
    const { app, memory } = timedLongshore();
    for (let n = 0; n < 30; n += 1) await pushImage(app, repository, `v${n}`, makeImage(`image ${n}`, 1));
    memory.calls.resetCounts();
    expect(await statusOf(app, blobPath(layerOf(makeImage('image 7', 1))), 'DELETE')).toBe(405);
    expect(memory.calls.list).toEqual(['documents.read', 'documents.query']);
  });

  it('goes by itself once the manifest is purged', async () => {
    const longshore = timedLongshore();
    const image = makeImage('purged', 1);
    await pushImage(longshore.app, repository, 'v1', image);
    await statusOf(longshore.app, manifestPath(image.digest), 'DELETE');
    for (let n = 0; n < 20; n += 1) {
      longshore.passTime(day + 1);
      await runDue(longshore);
    }
    expect(await statusOf(longshore.app, blobPath(layerOf(image)), 'DELETE')).toBe(404);
    expect(longshore.world.region().blobs.names()).toEqual([]);
  });
});

describe('deleting a blob that no manifest of the repository lists', () => {
  it('is done at once, takes it from this repository alone, and frees its bytes after the graces', async () => {
    const longshore = timedLongshore();
    const { app } = longshore;
    const bytes = Buffer.from('needed by nobody here');
    await pushBlob(app, repository, bytes);
    await pushBlob(app, 'team/other', bytes);
    expect(await statusOf(app, blobPath(bytes), 'DELETE')).toBe(202);
    for (const method of ['GET', 'HEAD', 'DELETE']) expect(await statusOf(app, blobPath(bytes), method)).toBe(404);
    expect(await statusOf(app, blobPath(bytes, 'team/other'))).toBe(307);
    expect(await statusOf(app, blobPath(bytes, 'team/other'), 'DELETE')).toBe(202);
    for (let n = 0; n < 3; n += 1) {
      longshore.passTime(day + 1);
      await runDue(longshore);
    }
    expect(longshore.world.region().blobs.names()).toEqual([]);
  });

  it('lets it neither be mounted nor be listed, and an upload brings it again', async () => {
    const { app } = timedLongshore();
    const image = makeImage('deleted first', 1);
    for (const blob of [image.config, ...image.layers]) await pushBlob(app, repository, blob);
    expect(await statusOf(app, blobPath(layerOf(image)), 'DELETE')).toBe(202);
    for (const from of ['', `&from=${repository}`])
      expect(
        await statusOf(app, `/v2/team/other/blobs/uploads/?mount=${digestOf(layerOf(image))}${from}`, 'POST'),
      ).toBe(202);
    expect((await putManifest(app, repository, 'v1', image)).status).toBe(404);
    await pushBlob(app, repository, layerOf(image));
    expect((await putManifest(app, repository, 'v1', image)).status).toBe(201);
    expect(await statusOf(app, blobPath(layerOf(image)))).toBe(307);
  });

  it('of two at once succeeds once', async () => {
    const { app } = timedLongshore();
    const bytes = Buffer.from('deleted twice');
    await pushBlob(app, repository, bytes);
    const statuses = await Promise.all(Array.from({ length: 5 }, () => statusOf(app, blobPath(bytes), 'DELETE')));
    expect(statuses.toSorted()).toEqual([202, 404, 404, 404, 404]);
  });
});

describe('a push that lists a blob while somebody deletes it', () => {
  /** The push has looked at the blob's link and is about to commit; then the deletion runs from beginning to end. */
  async function pushDuringDelete(ageMs: number) {
    const longshore = timedLongshore();
    const image = makeImage('raced', 1);
    for (const blob of [image.config, ...image.layers]) await pushBlob(longshore.app, repository, blob);
    longshore.passTime(ageMs);
    const deleter = longshore.another();
    let deleted: Promise<number> | undefined;
    const { documents: stored } = connectMemory(longshore.world);
    const documents = {
      ...stored,
      async commitDocuments(...args: Parameters<typeof stored.commitDocuments>) {
        if (args[0] === 'repositories') deleted ??= statusOf(deleter.app, blobPath(layerOf(image)), 'DELETE');
        await deleted;
        return stored.commitDocuments(...args);
      },
    };
    const pusher = composeForTest({ world: longshore.world, adapters: { documents } });
    const pushed = (await putManifest(pusher.app, repository, 'v1', image)).status;
    return { longshore, image, pushed, deleted: await deleted };
  }

  it.each([0, 5 * hour, 12 * hour, 23 * hour])('ends with a whole image when the blob is %i ms old', async (ageMs) => {
    const { longshore, image, pushed, deleted } = await pushDuringDelete(ageMs);
    expect([pushed, deleted]).toEqual([201, 202]);
    const whole = async () => {
      for (const app of [longshore.app, longshore.another().app]) {
        expect(await statusOf(app, manifestPath('v1'))).toBe(200);
        for (const method of ['GET', 'HEAD'])
          expect(await statusOf(app, blobPath(layerOf(image)), method)).toBe(method === 'GET' ? 307 : 200);
      }
      expect(await statusOf(longshore.app, blobPath(layerOf(image)), 'DELETE')).toBe(405);
    };
    await whole();
    for (let n = 0; n < 6; n += 1) {
      longshore.passTime(12 * hour + 1);
      await runDue(longshore);
      await whole();
    }
  });

  it('ends with a whole image also when nobody asks for it before the timers do', async () => {
    const { longshore, image } = await pushDuringDelete(hour);
    for (let n = 0; n < 6; n += 1) {
      longshore.passTime(day + 1);
      await runDue(longshore);
    }
    expect(await statusOf(longshore.app, blobPath(layerOf(image)))).toBe(307);
    expect(await binOf(longshore.app)).toEqual([]);
  });
});
