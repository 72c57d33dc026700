import { describe, expect, it } from 'vitest';
import {
  allGrants,
  grantsOfAccess,
  intersect,
  noGrants,
  permits,
} from '../../../../shared/features/identity/grants.ts';

describe('the catalog and the deleted catalog', () => {
  const everything = ['*', 'read', 'write', 'pull'];

  it.each([
    ['catalog', { ...noGrants, catalog: true }],
    ['deleted_catalog', { ...noGrants, deletedCatalog: true }],
  ] as const)('are granted apart: %s alone', (name, grants) => {
    const asked = ['catalog', 'deleted_catalog'].map((each) => ({ type: 'registry', name: each, actions: everything }));
    expect(intersect(grants, asked)).toEqual([{ type: 'registry', name, actions: ['*'] }]);
    for (const each of ['catalog', 'deleted_catalog'] as const)
      expect(permits(grants, { type: 'registry', name: each, action: '*' })).toBe(each === name);
  });

  it.each(['catalog', 'deleted_catalog', 'in-use/cluster', 'api', 'other'])(
    'and other things are nothing under another type: %s',
    (name) => {
      const types = {
        catalog: 'registry',
        deleted_catalog: 'registry',
        'in-use/cluster': 'management',
        api: 'management',
      };
      const own = types[name as keyof typeof types];
      for (const type of ['registry', 'management', 'listing', 'other'].filter((each) => each !== own)) {
        expect(grantsOfAccess([{ type, name, actions: everything }])).toEqual(noGrants);
        expect(intersect(allGrants, [{ type, name, actions: everything }])).toEqual([]);
      }
    },
  );
});
