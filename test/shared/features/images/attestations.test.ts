import { describe, expect, it } from 'vitest';
import { composeForTest } from '../../../../shared/app/compose-for-test.ts';
import type { Json } from './viewed.ts';
import { api, pushIndex, pushWith, repository, viewOf } from './viewed.ts';

const marked = { 'vnd.docker.reference.type': 'attestation-manifest' };
const amd64 = { os: 'linux', architecture: 'amd64' };
const unknown = { os: 'unknown', architecture: 'unknown' };

interface Row {
  readonly digest: string;
  readonly bytes: number;
  readonly platforms: readonly { readonly digest?: string }[];
  readonly attestations: number;
  readonly badges: Json;
}

describe('an attestation in an index', () => {
  it.each([
    ['by its annotation and its platform, as BuildKit does', { platform: unknown, annotations: marked }],
    ['by its platform alone', { platform: unknown }],
    ['by its annotation alone', { annotations: marked }],
    ['by its annotation, beside the platform that it is about', { platform: amd64, annotations: marked }],
  ])('is one to the list of tags and to the image alike when it is marked %s', async (_, as) => {
    const { app } = composeForTest();
    const image = await pushWith(app, undefined);
    const attestation = await pushWith(app, undefined, { layers: ['{"predicate":{}}'], config: unknown });
    const entries = [
      { of: image, platform: amd64 },
      { of: attestation, ...as },
    ];
    await pushIndex(app, 'attested', [...entries, { of: attestation, ...as }]);
    const view = await viewOf(app, 'attested');
    expect(view.platforms.map(({ digest }) => digest)).toEqual([image.digest]);
    expect(view.attestations.map(({ digest }) => digest)).toEqual([attestation.digest]);
    expect(view.children).toEqual([]);
    const { items } = await api<{ items: Row[] }>(app, '/repositories/tags', { repository });
    expect(items).toHaveLength(1);
    const [row] = items;
    expect(row?.platforms.map(({ digest }) => digest)).toEqual([image.digest]);
    expect(row).toMatchObject({ attestations: 1, bytes: view.bytes, badges: { attested: true } });
  });

  it('runs on nothing where manifests are listed by their digests either', async () => {
    const { app } = composeForTest();
    const attestation = await pushWith(app, undefined, { config: unknown });
    const { items } = await api<{ items: Row[] }>(app, '/repositories/manifests', { repository });
    expect(items.map(({ digest, platforms }) => [digest, platforms])).toEqual([[attestation.digest, []]]);
  });
});
