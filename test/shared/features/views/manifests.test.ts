import { describe, expect, it } from 'vitest';
import { CallPlan } from '../../../../shared/adapters/memory/calls.ts';
import { composeForTest } from '../../../../shared/app/compose-for-test.ts';
import { everythingEnabled } from '../../../../shared/core/documents/attributes.ts';
import { inBatches } from '../../../../shared/core/documents/batches.ts';
import { timeKey } from '../../../../shared/core/documents/manifest.ts';
import { digestOf } from '../../../../shared/core/oci/digest.ts';
import { mediaTypes } from '../../../../shared/core/oci/media-types.ts';
import { makeImage, pushImage } from '../../image.ts';
import { naming } from '../recycle-bin/binned.ts';
import type { Page } from './viewing.ts';
import { allPages, view } from './viewing.ts';

interface Row {
  readonly digest: string;
  readonly subject?: string;
  readonly tags: readonly string[];
  readonly tagCount: number;
}

const path = (repository: string, kind: string) => `/repositories/manifests?repository=${repository}&kind=${kind}`;

/** A manifest as a push writes it, without blobs. */
function manifestDocument(repository: string, n: number) {
  const updatedAt = new Date(Date.parse('2026-01-01T00:00:00Z') + n * 1_000).toISOString();
  const digest = digestOf(Buffer.from(`${repository} ${n}`));
  return {
    id: `manifest:${digest}`,
    type: 'manifest',
    schemaVersion: 1,
    registry: 'default',
    repository,
    digest,
    mediaType: mediaTypes.ociManifest,
    size: 2,
    content: { text: '{}' },
    references: [],
    ...(n % 2 === 0 ? {} : { subject: digestOf(Buffer.from('subject')) }),
    attributes: everythingEnabled,
    createdAt: updatedAt,
    updatedAt,
    byTime: timeKey('manifest', updatedAt, digest),
  };
}

describe('the manifests of a repository', () => {
  it('are in lists of their own where they have no tag, or refer to another', async () => {
    const { app } = composeForTest();
    const repository = 'team/app';
    const [first, second] = [makeImage('first', 1), makeImage('second', 1)];
    await pushImage(app, repository, 'v1', first);
    await pushImage(app, repository, 'v1', second);
    const signature = makeImage('signature', 1, naming(second));
    await pushImage(app, repository, signature.digest, signature);
    const rows = async (kind: string) =>
      (await allPages<Row>(app, `${path(repository, kind)}&order=asc&limit=1`)).flatMap(({ items }) => items);
    expect((await rows('untagged')).map(({ digest }) => digest)).toEqual([first.digest]);
    expect((await rows('referrers')).map(({ digest, subject }) => [digest, subject])).toEqual([
      [signature.digest, second.digest],
    ]);
    expect((await rows('all')).map(({ digest, tags }) => [digest, tags])).toEqual([
      [first.digest, []],
      [second.digest, ['v1']],
      [signature.digest, []],
    ]);
  });

  it('cost a page no more calls of the store where there are thousands', async () => {
    const calls = new CallPlan();
    const { app, memory } = composeForTest({ connection: { calls, chance: 'none' } });
    for (const [repository, count] of [
      ['team/few', 60],
      ['team/many', 4_000],
    ] as const) {
      await pushImage(app, repository, 'v1', makeImage('one', 1));
      const all = Array.from({ length: count }, (_, n) => manifestDocument(repository, n));
      for (const some of inBatches(all, 100))
        await memory.documents.commitDocuments(
          'repositories',
          ['default', repository],
          some.map((document) => ({ do: 'create', document })),
        );
    }
    const callsOf = async (repository: string, kind: string) => {
      calls.resetCounts();
      const { items } = await view<Page<Row>>(app, `${path(repository, kind)}&limit=20`);
      expect(items).toHaveLength(20);
      return calls.total();
    };
    for (const kind of ['all', 'untagged', 'referrers']) {
      const few = await callsOf('team/few', kind);
      expect([kind, few <= 20]).toEqual([kind, true]);
      expect([kind, await callsOf('team/many', kind)]).toEqual([kind, few]);
    }
  });
});
