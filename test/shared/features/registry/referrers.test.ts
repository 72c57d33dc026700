import { describe, expect, it } from 'vitest';
import { composeForTest } from '../../../../shared/app/compose-for-test.ts';
import { mediaTypes } from '../../../../shared/core/oci/media-types.ts';
import { ask, makeImage, pushImage, putManifest } from '../../image.ts';

const repository = 'team/app';
const subject = makeImage('subject');
const path = `/v2/${repository}/referrers/${subject.digest}`;
const about = { mediaType: mediaTypes.ociManifest, digest: subject.digest, size: subject.bytes.length };

/** Images with one config and no layers, so that only their annotations make them many. */
async function withReferrers(count: number, annotation: string) {
  const longshore = composeForTest();
  await pushImage(longshore.app, repository, 'subject', makeImage('referrer', 0));
  for (let n = 0; n < count; n++) {
    const pushed = await putManifest(
      longshore.app,
      repository,
      `r${n}`,
      makeImage('referrer', 0, { subject: about, annotations: { n: String(n), annotation } }),
    );
    expect(pushed.status).toBe(201);
  }
  longshore.memory.calls.resetCounts();
  return longshore;
}

async function listed(answer: Response): Promise<{ annotations: { n: string; annotation: string } }[]> {
  return ((await answer.json()) as { manifests: { annotations: { n: string; annotation: string } }[] }).manifests;
}

describe('the referrers of a manifest', () => {
  it('are one query, however many', async () => {
    const { app, memory } = await withReferrers(30, 'small');
    expect(await listed(await ask(app, 'GET', path))).toHaveLength(30);
    expect(memory.calls.list).toEqual(['documents.query']);
  });

  it('come in pages that no client finds too large, each whole', async () => {
    const { app } = await withReferrers(6, 'x'.repeat(1_000_000));
    const seen: string[] = [];
    let pages = 0;
    for (let page: string | undefined = path; page !== undefined; pages++) {
      const answer = await ask(app, 'GET', page);
      expect(Number(answer.headers.get('content-length'))).toBeLessThan(4 * 1024 * 1024);
      const manifests = await listed(answer);
      expect(manifests.every(({ annotations }) => annotations.annotation.length === 1_000_000)).toBe(true);
      seen.push(...manifests.map(({ annotations }) => annotations.n));
      page = /^<([^>]+)>/.exec(answer.headers.get('link') ?? '')?.[1];
    }
    expect(pages).toBeGreaterThan(1);
    expect(seen.sort()).toEqual(['0', '1', '2', '3', '4', '5']);
  });

  it('are told of by a push, whose documents stay small whatever the manifest holds', async () => {
    const { world } = await withReferrers(1, 'x'.repeat(3_000_000));
    const sizes = [...world.documents.partitions('repositories', [])].flatMap(({ records }) =>
      [...records.values()].map(({ versions }) => JSON.stringify(versions.at(-1)?.document).length),
    );
    expect(Math.max(...sizes)).toBeLessThan(200_000);
  });
});
