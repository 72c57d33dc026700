import { describe, expect, it } from 'vitest';
import type { RepositoryName } from '../../../../shared/core/oci/name.ts';
import { isWithin, takesEveryTag, takesEverything } from '../../../../shared/features/replication/filters.ts';
import { manifest } from '../recycle-bin/stored.ts';

type Filters = Parameters<typeof isWithin>[0];

const all = { include: ['**'], exclude: [] };
const everyTag = { include: ['*'], exclude: [] };
const filters = (own: Partial<Filters> = {}): Filters => ({ repositories: all, tags: everyTag, ...own });
const image = { ...manifest('filtered'), repository: 'team/app' as RepositoryName };
const config = (mediaType: string) =>
  ({
    ...image,
    references: [
      { ...image.references[1], role: 'layer', mediaType: 'application/layer' },
      { ...image.references[0], role: 'config', mediaType },
    ],
  }) as typeof image;

describe('the filters of a region', () => {
  it('match every tag, and everything, only where they leave nothing out', () => {
    expect(
      [
        filters(),
        filters({ tags: { include: ['v*', '*'], exclude: [] } }),
        filters({ tags: { include: ['v*'], exclude: [] } }),
        filters({ tags: { include: ['*'], exclude: ['x'] } }),
      ].map(takesEveryTag),
    ).toEqual([true, true, false, false]);
    expect(
      [filters(), filters({ artifactTypes: ['a'] }), filters({ tags: { include: ['v*'], exclude: [] } })].map(
        takesEverything,
      ),
    ).toEqual([true, false, false]);
  });

  it.each([
    ['**', [], true],
    ['team/**', [], true],
    ['other/**', [], false],
    ['**', ['team/app'], false],
    ['**', ['other'], true],
  ])('take an image by its repository: %s without %j is %s', (include, exclude, taken) => {
    expect(isWithin(filters({ repositories: { include: [include], exclude } }), image, [])).toBe(taken);
  });

  it.each([
    [['v*'], [], ['v1'], true],
    [['v*'], [], ['latest'], false],
    [['v*'], [], [], false],
    [['v*', 'latest'], [], ['latest'], true],
    [['*'], ['v*-rc'], ['v1-rc'], false],
    // One tag that is taken is enough.
    [['*'], ['v*-rc'], ['v1-rc', 'v1'], true],
    [['*'], [], [], true],
  ])('take an image by one of its tags: %j without %j of %j is %s', (include, exclude, tags, taken) => {
    expect(isWithin(filters({ tags: { include, exclude } }), image, tags)).toBe(taken);
  });

  it("match an image by its artifact type, its config's media type, or its own", () => {
    const types = (...artifactTypes: string[]) => filters({ artifactTypes });
    expect(isWithin(types('application/sbom'), { ...image, artifactType: 'application/sbom' }, [])).toBe(true);
    expect(isWithin(types('application/sbom'), image, [])).toBe(false);
    expect(isWithin(types('x', image.mediaType), image, [])).toBe(true);
    expect(isWithin(types('application/config'), config('application/config'), [])).toBe(true);
    expect(isWithin(types('application/layer'), config('application/config'), [])).toBe(false);
    expect(isWithin(types('application/sbom'), { ...image, references: [] }, [])).toBe(false);
    expect(
      isWithin(
        filters({ artifactTypes: ['application/sbom'], repositories: { include: ['other'], exclude: [] } }),
        { ...image, artifactType: 'application/sbom' },
        [],
      ),
    ).toBe(false);
  });
});
