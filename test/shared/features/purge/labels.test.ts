import { describe, expect, it } from 'vitest';
import type { App } from '../../../../shared/app/app.ts';
import { manifestRef } from '../../../../shared/core/documents/manifest.ts';
import { digestOf } from '../../../../shared/core/oci/digest.ts';
import { ask, makeImage, pushBlob, putManifest } from '../../image.ts';
import { approve, planOf, policed, putPolicy } from './policed.ts';

const repository = 'team/app';
const keepsAudited = {
  brakePercent: 100,
  remove: [{ name: 'old', olderThanDays: 10 }],
  keep: [{ name: 'audited', labels: { 'org.example.keep': 'y*' } }],
};

/** Pushes an image with this config, and gives its digest. */
async function pushWith(app: App, tag: string, config: string, extra: object = {}): Promise<string> {
  const bytes = Buffer.from(config);
  const image = makeImage(tag, 0, {
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: digestOf(bytes), size: bytes.length },
    ...extra,
  });
  await pushBlob(app, repository, bytes);
  expect((await putManifest(app, repository, tag, image)).status).toBe(201);
  return image.digest;
}

async function tagsAfterwards(longshore: ReturnType<typeof policed>): Promise<string[]> {
  await longshore.deliver();
  longshore.passDays(11);
  await longshore.timers['purge-mark']();
  return ((await (await ask(longshore.app, 'GET', `/v2/${repository}/tags/list`)).json()) as { tags: string[] }).tags;
}

async function policedBy(policy: object) {
  const longshore = policed();
  await putPolicy(longshore.app, policy);
  await approve(longshore.app, await planOf(longshore.app));
  return longshore;
}

describe('a rule that keeps images with a label', () => {
  it("finds it in the image's config, and among the manifest's annotations", async () => {
    const longshore = await policedBy(keepsAudited);
    const { app } = longshore;
    const config = (labels: object | null, seed: string) => JSON.stringify({ seed, config: { Labels: labels } });
    await pushWith(app, 'labelled', config({ 'org.example.keep': 'yes' }, 'a'));
    await pushWith(app, 'annotated', config({}, 'b'), { annotations: { 'org.example.keep': 'yes' } });
    // One of the two says so: keep wins.
    await pushWith(app, 'both', config({ 'org.example.keep': 'yes' }, 'c'), {
      annotations: { 'org.example.keep': 'no' },
    });
    await pushWith(app, 'otherwise', config({ 'org.example.keep': 'no' }, 'd'));
    await pushWith(app, 'unlabelled', config(null, 'e'));
    await pushWith(app, 'no-json', 'these bytes say nothing');
    expect(await tagsAfterwards(longshore)).toEqual(['annotated', 'both', 'labelled']);
  });

  it('keeps an image whose config is larger than is read, or whose labels are', async () => {
    const longshore = await policedBy(keepsAudited);
    await pushWith(longshore.app, 'large-config', JSON.stringify({ filler: 'x'.repeat(70_000) }));
    await pushWith(
      longshore.app,
      'large-labels',
      JSON.stringify({ config: { Labels: { filler: 'x'.repeat(20_000) } } }),
    );
    await pushWith(longshore.app, 'small', JSON.stringify({ config: {} }));
    expect(await tagsAfterwards(longshore)).toEqual(['large-config', 'large-labels']);
  });

  it('keeps an image that was pushed before labels were read', async () => {
    const longshore = await policedBy(keepsAudited);
    const digest = await pushWith(longshore.app, 'early', JSON.stringify({ config: {} }));
    const { documents } = longshore.memory;
    const ref = manifestRef({ registry: 'default' as never, repository: repository as never }, digest as never);
    const there = await documents.readDocument(ref);
    const { labels, ...early } = there?.document ?? { id: '', labels: undefined };
    expect(labels).toEqual({});
    await documents.commitDocuments(ref.container, ref.partition, [{ do: 'replace', document: early }]);
    expect(await tagsAfterwards(longshore)).toEqual(['early']);
  });

  it('does not mistake a property that every object has for a label', async () => {
    const longshore = await policedBy({ ...keepsAudited, keep: [{ name: 'odd', labels: { constructor: '*' } }] });
    await pushWith(longshore.app, 'plain', JSON.stringify({ config: {} }));
    await pushWith(longshore.app, 'own', JSON.stringify({ config: { Labels: { constructor: 'x' } } }));
    expect(await tagsAfterwards(longshore)).toEqual(['own']);
  });
});
