import { describe, expect, it } from 'vitest';
import { mediaTypes } from '../../../../../shared/core/oci/media-types.ts';
import { ask } from '../../../image.ts';
import type { Built, Registry } from './building.ts';
import { build, host, registry } from './building.ts';

/** Pushes an index of images that are there already. */
async function pushIndex(of: Registry, repository: string, children: readonly Built[]): Promise<void> {
  const manifests = children.map(({ bytes, digest, config: { os, architecture } }) => ({
    mediaType: mediaTypes.ociManifest,
    digest,
    size: bytes.length,
    platform: { os, architecture },
  }));
  const answer = await ask(of.app, 'PUT', `/v2/${repository}/manifests/1`, {
    body: JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }),
    headers: { 'content-type': mediaTypes.ociIndex },
  });
  expect(answer.status).toBe(201);
}

/** A base for two platforms, of which the first is pushed alone too, under a tag of its own. */
async function pushBase(of: Registry, version: string): Promise<Built> {
  const [amd64, arm64] = ['amd64', 'arm64'].map((architecture) =>
    build('base', `base ${version} ${architecture}`, { platform: { os: 'linux', architecture } }),
  ) as [Built, Built];
  await of.push(amd64, 'amd64');
  await of.push(arm64, 'arm64');
  await pushIndex(of, 'base', [amd64, arm64]);
  await of.settle();
  return amd64;
}

async function shownOf(of: Registry) {
  const tree = (await of.api('GET', '/bases/tree?image=base:1')).body;
  const { bases } = (await of.api('GET', '/bases?image=app:1')).body as { bases: { image: string }[] };
  const { base } = (await of.api('GET', '/images?repository=app&reference=1')).body;
  return { tree, base, bases: bases.filter(({ image }) => image === 'base:1') };
}

describe('an image on one of the platforms of its base', () => {
  it('is current until the base is pushed anew, for all who ask', async () => {
    const of = registry();
    const base = await pushBase(of, 'one');
    // As buildah does, it names the image of its own platform and not the index.
    await of.push(build('app', 'app', { base, says: `${host}/base:1` }), '1');
    await of.settle();
    expect(await shownOf(of)).toMatchObject({
      tree: { image: 'base:1', dependents: [{ image: 'app:1', isCurrent: true }] },
      bases: [{ image: 'base:1', isCurrent: true }],
      base: { image: 'base:1', isCurrent: true },
    });
    await of.api('PUT', '/builds/policies/all', { mode: 'rebase' });
    expect((await of.api('GET', '/builds/explain?image=app:1&base=base:1')).body).toMatchObject({
      reason: 'up-to-date',
    });
    await of.api('DELETE', '/builds/policies/all');
    await pushBase(of, 'two');
    expect(await shownOf(of)).toMatchObject({
      tree: { dependents: [{ image: 'app:1', isCurrent: false }] },
      bases: [{ image: 'base:1', isCurrent: false }],
      base: { image: 'base:1', isCurrent: false },
    });
    await of.api('PUT', '/builds/policies/all', { mode: 'rebase' });
    await pushBase(of, 'three');
    await of.settle();
    expect(await shownOf(of)).toMatchObject({
      tree: { dependents: [{ image: 'app:1', isCurrent: true }] },
      bases: [{ image: 'base:1', isCurrent: true }],
      base: { image: 'base:1', isCurrent: true },
    });
  });

  it('is not said to be current where no digest of its base is known', async () => {
    const of = registry();
    await pushBase(of, 'one');
    const app = build('app', 'app', { says: `${host}/base:1` });
    await of.push(app, '1');
    await of.settle();
    const { tree, bases } = await shownOf(of);
    expect(tree).toEqual({ image: 'base:1', dependents: [{ image: 'app:1', dependents: [] }] });
    expect(bases).toMatchObject([{ image: 'base:1' }]);
    expect(bases[0]).not.toHaveProperty('isCurrent');
  });
});
