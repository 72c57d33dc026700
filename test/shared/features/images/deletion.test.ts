import { describe, expect, it } from 'vitest';
import type { App } from '../../../../shared/app/app.ts';
import { composeForTest } from '../../../../shared/app/compose-for-test.ts';
import { ask } from '../../image.ts';
import { timedLongshore } from '../recycle-bin/binned.ts';
import { api, pushIndex, pushReferrer, pushWith, repository } from './viewed.ts';

interface Deletion {
  readonly digest: string;
  readonly goes: {
    readonly tags: readonly string[];
    readonly manifests: readonly { readonly digest: string; readonly why: string }[];
    readonly more?: boolean;
  };
  readonly stays: readonly { readonly digest: string; readonly why: string }[];
  readonly bytes: { readonly freed: number; readonly shared: number; readonly isAtLeast?: boolean };
  readonly purgedAt?: string;
  readonly freedAt?: string;
  readonly blockedBy?: readonly { readonly what: string; readonly why: string }[];
}

export const deletionOf = (app: App, reference: string) =>
  api<Deletion>(app, '/images/deletion', { repository, reference });

async function lock(app: App, what: string) {
  const answer = await ask(app, 'PATCH', `/acr/v1/${repository}${what}`, {
    body: JSON.stringify({ deleteEnabled: false }),
    headers: { 'content-type': 'application/json' },
  });
  if (answer.status !== 200) throw new Error(await answer.text());
}

const amd64 = { os: 'linux', architecture: 'amd64' };

describe('the preview of a deletion', () => {
  it('lists every tag, child and referrer that goes with an index, and what stays and why', async () => {
    const { app } = composeForTest();
    const [alone, tagged, shared] = [
      await pushWith(app, undefined, { layers: ['alone'] }),
      await pushWith(app, 'tagged', { layers: ['tagged'] }),
      await pushWith(app, undefined, { layers: ['shared'] }),
    ];
    const index = await pushIndex(app, 'one', [
      { of: alone, platform: amd64 },
      { of: tagged, platform: amd64 },
      { of: shared, platform: amd64 },
    ]);
    await ask(app, 'PUT', `/v2/${repository}/manifests/two`, {
      body: index.bytes,
      headers: { 'content-type': index.mediaType },
    });
    await pushIndex(app, 'other', [{ of: shared, platform: amd64 }]);
    const signature = await pushReferrer(app, alone, 'application/vnd.cncf.notary.signature');
    const tag = `${index.digest.replace(':', '-')}.sig`;
    const cosign = await pushWith(app, tag, { layers: ['cosign'] });
    const { goes, stays, blockedBy } = await deletionOf(app, index.digest);
    expect([...goes.tags].sort()).toEqual(['one', tag, 'two'].sort());
    expect(goes.manifests).toEqual([
      { digest: index.digest, why: 'itself' },
      { digest: cosign.digest, why: 'tag-signature' },
      { digest: alone.digest, why: 'child' },
      { digest: signature.digest, why: 'referrer' },
    ]);
    expect([...stays].sort((a, b) => a.why.localeCompare(b.why))).toEqual([
      { digest: shared.digest, why: 'index' },
      { digest: tagged.digest, why: 'tag' },
    ]);
    expect(blockedBy).toBeUndefined();
  });

  it('names all 200 tags of a digest, which go with it', async () => {
    const { app } = composeForTest();
    const names = Array.from({ length: 200 }, (_, n) => `v${n}`);
    const image = await pushWith(app, 'v0');
    for (const name of names.slice(1))
      await ask(app, 'PUT', `/v2/${repository}/manifests/${name}`, {
        body: image.bytes,
        headers: { 'content-type': image.mediaType },
      });
    const { goes } = await deletionOf(app, image.digest);
    expect(goes.tags.toSorted()).toEqual(names.toSorted());
    expect(goes).not.toHaveProperty('more');
  });

  it('of a tag is that tag alone: its twin and its manifest stay', async () => {
    const { app } = composeForTest();
    const image = await pushWith(app, 'one');
    await ask(app, 'PUT', `/v2/${repository}/manifests/two`, {
      body: image.bytes,
      headers: { 'content-type': image.mediaType },
    });
    expect(await deletionOf(app, 'one')).toMatchObject({
      digest: image.digest,
      goes: { tags: ['one'], manifests: [] },
      stays: [{ digest: image.digest, why: 'tag-alone' }],
      bytes: { freed: 0, shared: 0 },
    });
  });

  it('says what is freed and on which date, after the bin; layers of other images are not', async () => {
    const longshore = timedLongshore();
    const { app } = longshore;
    const image = await pushWith(app, '1', { layers: ['only here', 'shared'] });
    await pushWith(app, '2', { layers: ['shared'], config: { os: 'linux', architecture: 'arm64' } });
    for (const event of longshore.world.region().events.log) await longshore.events['usage-record'](event);
    const { bytes, purgedAt, freedAt } = await deletionOf(app, image.digest);
    expect(bytes).toEqual({ freed: 'only here'.length + JSON.stringify(amd64).length, shared: 'shared'.length });
    expect(purgedAt).toBe('2026-01-15T00:00:00.000Z');
    const stored = () => longshore.world.region().blobs.names().length;
    expect((await ask(app, 'DELETE', `/v2/${repository}/manifests/${image.digest}`)).status).toBe(202);
    const before = stored();
    const day = 24 * 3600 * 1000;
    const days = Math.floor((Date.parse(freedAt ?? '') - Date.parse('2026-01-01T00:00:00Z')) / day);
    expect(days).toBeGreaterThanOrEqual(14);
    for (let passed = 1; passed < days; passed += 1) {
      longshore.passTime(day);
      await longshore.runDue();
      expect(stored()).toBe(before);
    }
    for (let more = 0; more < 4; more += 1) {
      longshore.passTime(day);
      await longshore.runDue();
    }
    expect(stored()).toBe(before - 2);
  });

  it('says that nothing can be restored where soft delete is off', async () => {
    const { app } = composeForTest();
    await ask(app, 'PUT', '/api/v1/soft-delete', {
      body: JSON.stringify({ enabled: false, retentionDays: 7, restoreOnPull: false }),
      headers: { 'content-type': 'application/json' },
    });
    const image = await pushWith(app, '1');
    expect((await deletionOf(app, image.digest)).purgedAt).toBeUndefined();
  });

  it('names the lock that refuses it: of the tag, the manifest or the repository; then nothing goes', async () => {
    const { app } = composeForTest();
    const image = await pushWith(app, '1');
    await lock(app, '/_tags/1');
    const nothing = { goes: { tags: [], manifests: [] }, bytes: { freed: 0 } };
    expect(await deletionOf(app, image.digest)).toMatchObject({
      ...nothing,
      blockedBy: [{ what: 'tag 1', why: 'its deleteEnabled is false: set it to true first' }],
    });
    expect((await ask(app, 'DELETE', `/v2/${repository}/manifests/${image.digest}`)).status).toBe(405);
    const other = await pushWith(app, '2', { layers: ['other'] });
    await lock(app, `/_manifests/${other.digest}`);
    expect(await deletionOf(app, other.digest)).toMatchObject({
      blockedBy: [{ what: `manifest ${other.digest}` }],
    });
    expect((await deletionOf(app, '2')).blockedBy).toBeUndefined();
    await lock(app, '');
    expect(await deletionOf(app, '2')).toMatchObject({ ...nothing, blockedBy: [{ what: `repository ${repository}` }] });
  });

  it('keeps what a lock holds, and says so', async () => {
    const { app } = composeForTest();
    const child = await pushWith(app, undefined);
    const index = await pushIndex(app, 'i', [{ of: child, platform: amd64 }]);
    await lock(app, `/_manifests/${child.digest}`);
    const { goes, stays } = await deletionOf(app, index.digest);
    expect(goes.manifests).toEqual([{ digest: index.digest, why: 'itself' }]);
    expect(stays).toEqual([{ digest: child.digest, why: 'locked' }]);
  });

  it('changes nothing, and is bounded: of two thousand referrers it lists five hundred and says that more go', async () => {
    const longshore = composeForTest();
    const { app } = longshore;
    const image = await pushWith(app, '1');
    const { documents } = longshore.memory;
    const edges = Array.from({ length: 2_000 }, (_, n) => `sha256:${String(n).padStart(64, '0')}`);
    for (let at = 0; at < edges.length; at += 50) {
      const some = edges.slice(at, at + 50);
      const key = { schemaVersion: 1, registry: 'default', repository };
      const outcome = await documents.commitDocuments(
        'repositories',
        ['default', repository],
        some.flatMap((digest) => [
          { do: 'create' as const, document: edgeOf(key, image.digest, digest) },
          { do: 'create' as const, document: referrerOf(key, image.digest, digest) },
        ]),
      );
      expect(outcome.committed).toBe(true);
    }
    longshore.memory.calls.resetCounts();
    const { goes } = await deletionOf(app, image.digest);
    expect(goes.manifests.length).toBeGreaterThanOrEqual(500);
    expect(goes.manifests.length).toBeLessThan(520);
    expect(goes.more).toBe(true);
    expect(longshore.memory.calls.count('documents.commit')).toBe(0);
  }, 60_000);
});

function edgeOf(key: object, subject: string, digest: string) {
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  return { id: `referrer:${subject}:${digest}`, type: 'referrer', ...key, subject, digest, mediaType, size: 1 };
}

function referrerOf(key: object, subject: string, digest: string) {
  const at = '2026-01-01T00:00:00.000Z';
  return {
    ...edgeOf(key, subject, digest),
    id: `manifest:${digest}`,
    type: 'manifest',
    content: { text: '{}' },
    references: [],
    attributes: { deleteEnabled: true, writeEnabled: true, listEnabled: true, readEnabled: true },
    createdAt: at,
    updatedAt: at,
    byTime: `manifest:${at}:${digest}`,
  };
}
