import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RegistryError } from '../../../../shared/core/oci/faults.ts';
import type { RepositoryName } from '../../../../shared/core/oci/name.ts';
import type { RepositoryAction } from '../../../../shared/core/ports/authorize.ts';
import { grantsOfActions } from '../../../../shared/features/identity/actions.ts';
import {
  allGrants,
  decidingRule,
  grantsOfAccess,
  intersect,
  noGrants,
  permits,
  readable,
  repositoryActions,
  union,
} from '../../../../shared/features/identity/grants.ts';
import type { RepositoryPattern } from '../../../../shared/features/identity/pattern.ts';
import { isRepositoryPattern, matchesPattern } from '../../../../shared/features/identity/pattern.ts';
import { parseScopes } from '../../../../shared/features/identity/scope.ts';

const names = ['team', 'team/app', 'team/app/deep', 'teams/app', 'other'] as RepositoryName[];
const patterns = ['*', 'team/*', 'team*', 'team/app', 'other'];
const verbs = [
  'content/read',
  'content/write',
  'content/delete',
  'metadata/read',
  'metadata/write',
  'deleted/read',
  'deleted/restore',
  'quarantine/read',
  'quarantine/write',
];

const anyActions = fc.array(
  fc
    .tuple(fc.constantFrom(...patterns), fc.constantFrom(...verbs))
    .map(([pattern, verb]) => `repositories/${pattern}/${verb}`),
  { maxLength: 6 },
);
const anyAsked = fc.array(
  fc.record({
    type: fc.constantFrom('repository', 'registry', 'management', 'plugin'),
    name: fc.constantFrom<string>(...names, 'catalog', 'api', 'in-use', 'in-use/west', '*', 'team/*'),
    actions: fc.subarray([...repositoryActions, '*', 'read', 'write', '__proto__']),
  }),
  { maxLength: 5 },
);

function may(grants: Parameters<typeof permits>[0], name: RepositoryName, action: RepositoryAction): boolean {
  return permits(grants, { type: 'repository', name, action });
}

describe('a pattern', () => {
  it.each([
    ['*', ['team', 'team/app', 'other']],
    ['team/*', ['team/app', 'team/app/deep']],
    ['team*', ['team', 'team/app', 'team/app/deep', 'teams/app']],
    ['**', ['team', 'team/app', 'other', 'team/app/deep', 'teams/app']],
    ['team/**', ['team/app', 'team/app/deep']],
    ['*/app', ['team/app', 'teams/app']],
    ['team/*/deep', ['team/app/deep']],
    ['team/app', ['team/app']],
  ])('%s matches what it names', (pattern, matched) => {
    expect(isRepositoryPattern(pattern)).toBe(true);
    const all = [...names];
    for (const name of matched) expect(matchesPattern(pattern as RepositoryPattern, name)).toBe(true);
    for (const name of all.filter((each) => pattern !== '*' && !matched.includes(each)))
      expect(matchesPattern(pattern as RepositoryPattern, name)).toBe(false);
  });

  it.each(['', 'Team/*', '/team', 'team//x*', 'team/..', 'a'.repeat(256), '*/*/*/*/*/app'])('is not %j', (text) => {
    expect(isRepositoryPattern(text)).toBe(false);
  });
});

describe('what is granted of what is asked', () => {
  it('is never more than the grants, nor than what was asked', () => {
    fc.assert(
      fc.property(anyActions, anyAsked, (actions, asked) => {
        const grants = grantsOfActions(actions, 'a map');
        const granted = intersect(grants, asked);
        const usable = grantsOfAccess(granted);
        for (const name of names) {
          for (const action of repositoryActions) {
            const wanted = asked.some(
              (each) => each.type === 'repository' && each.name === name && each.actions.includes(action),
            );
            expect(may(usable, name, action)).toBe(wanted && may(grants, name, action));
          }
        }
        expect(usable.catalog).toBe(false);
        expect([usable.management, usable.inUse]).toEqual(['none', []]);
      }),
    );
  });

  it('is all of it for the administrator, where it is anything', () => {
    const asked = [
      { type: 'repository', name: 'team/app', actions: [...repositoryActions] },
      { type: 'registry', name: 'catalog', actions: ['*'] },
      { type: 'management', name: 'api', actions: ['read', 'write'] },
    ];
    expect(intersect(allGrants, asked)).toEqual(asked);
    expect(
      intersect(allGrants, [
        { type: 'repository', name: 'UPPER', actions: ['pull'] },
        { type: 'plugin', name: 'x', actions: ['pull'] },
      ]),
    ).toEqual([]);
  });

  it('is nothing without grants', () => {
    fc.assert(
      fc.property(anyAsked, (asked) => {
        expect(intersect(noGrants, asked)).toEqual([]);
      }),
    );
  });

  it('shows in lists what may be read, and to a token for the catalog what its holder may read, which it may not use', () => {
    const grants = grantsOfActions(['repositories/team/*/content/read', 'repositories/other/content/delete'], 'a map');
    const sees = (holder: typeof grants, name: RepositoryName) =>
      permits(holder, { type: 'listing', name, action: 'read' });
    expect(names.filter((name) => sees(grants, name))).toEqual(['team/app', 'team/app/deep']);
    const token = { ...grantsOfAccess([]), listing: readable(grants) };
    for (const name of names) expect(sees(token, name)).toBe(sees(grants, name));
    expect(names.some((name) => may(token, name, 'pull'))).toBe(false);
    expect(names.every((name) => sees(allGrants, name))).toBe(true);
  });

  it('is together what each grants alone', () => {
    fc.assert(
      fc.property(anyActions, anyActions, (one, other) => {
        const [a, b] = [grantsOfActions(one, 'a'), grantsOfActions(other, 'b')];
        for (const name of names)
          for (const action of repositoryActions)
            expect(may(union([a, b]), name, action)).toBe(may(a, name, action) || may(b, name, action));
      }),
    );
  });
});

describe('a scope', () => {
  it.each([
    ['repository:team/app:pull,push', [{ type: 'repository', name: 'team/app', actions: ['pull', 'push'] }]],
    ['repository:host:5000/app:pull', [{ type: 'repository', name: 'host:5000/app', actions: ['pull'] }]],
    ['repository(plugin):team/app:pull', [{ type: 'repository', name: 'team/app', actions: ['pull'] }]],
    ['artifact-repository:charts/app:pull', [{ type: 'repository', name: 'charts/app', actions: ['pull'] }]],
    [
      'repository:app:metadataRead,metadataWrite,metadata_read',
      [{ type: 'repository', name: 'app', actions: ['metadata_read', 'metadata_write'] }],
    ],
    ['repository:app:*', [{ type: 'repository', name: 'app', actions: [...repositoryActions] }]],
    ['registry:catalog:*', [{ type: 'registry', name: 'catalog', actions: ['*'] }]],
    ['nonsense', []],
    ['repository:pull', []],
    ['', []],
  ])('%j asks for what it says', (scope, asked) => {
    expect(parseScopes([scope])).toEqual(asked);
  });

  it('of any text asks for something or nothing, and never fails', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 80 }), { maxLength: 10 }), (scopes) => {
        for (const { type, actions } of parseScopes(scopes))
          expect([typeof type, Array.isArray(actions)]).toEqual(['string', true]);
      }),
    );
  });
});

describe('what an access claim grants', () => {
  const claim = (type: string, name: string, ...actions: string[]) => grantsOfAccess([{ type, name, actions }]);
  const manages = (grants: Parameters<typeof permits>[0], action: 'read' | 'write') =>
    permits(grants, { type: 'management', name: 'api', action });
  const pins = (grants: Parameters<typeof permits>[0], source: string) =>
    permits(grants, { type: 'management', name: `in-use/${source}`, action: 'write' });
  const catalog = (grants: Parameters<typeof permits>[0]) =>
    permits(grants, { type: 'registry', name: 'catalog', action: '*' });

  it('is the catalog, by its star alone', () => {
    expect(
      [
        claim('registry', 'catalog', '*'),
        claim('registry', 'catalog', 'pull'),
        claim('registry', 'other', '*'),
        claim('repository', 'catalog', '*'),
      ].map(catalog),
    ).toEqual([true, false, false, false]);
    expect(
      intersect(allGrants, [
        { type: 'registry', name: 'catalog', actions: ['*', 'pull'] },
        { type: 'registry', name: 'other', actions: ['*'] },
      ]),
    ).toEqual([{ type: 'registry', name: 'catalog', actions: ['*'] }]);
  });

  it('is the management API, to read or to write, and who writes reads', () => {
    const claims = [
      claim('management', 'api', 'read'),
      claim('management', 'api', 'write'),
      claim('management', 'api', 'read', 'write'),
      claim('management', 'api', 'pull'),
      claim('management', 'other', 'write'),
      claim('plugin', 'api', 'write'),
    ];
    expect(claims.map((each) => [manages(each, 'read'), manages(each, 'write')])).toEqual([
      [true, false],
      [true, true],
      [true, true],
      [false, false],
      [false, false],
      [false, false],
    ]);
    expect(claims.map(({ management }) => management)).toEqual(['read', 'write', 'write', 'none', 'none', 'none']);
    expect(
      intersect(claims[0] ?? noGrants, [{ type: 'management', name: 'api', actions: ['read', 'write', 'delete'] }]),
    ).toEqual([{ type: 'management', name: 'api', actions: ['read'] }]);
    expect(
      intersect(allGrants, [
        { type: 'management', name: 'other', actions: ['read', 'write'] },
        { type: 'management', name: 'api', actions: ['pull', '*'] },
      ]),
    ).toEqual([]);
  });

  it('is to say what is in use for the one source that it names, and a writer to the API says it for all', () => {
    const west = claim('management', 'in-use/west', 'write');
    expect([
      pins(west, 'west'),
      pins(west, 'east'),
      pins(allGrants, 'east'),
      pins(noGrants, 'west'),
      manages(west, 'read'),
      manages(west, 'write'),
    ]).toEqual([true, false, true, false, false, false]);
    expect([
      claim('management', 'in-use/west', 'read').inUse,
      claim('management', 'in-use/', 'write').inUse,
      claim('management', 'in-use', 'write').inUse,
      claim('management', 'x/in-use/west', 'write').inUse,
      west.inUse,
    ]).toEqual([[], [], [], [], ['west']]);
    expect(pins(claim('management', 'api', 'read'), 'west')).toBe(false);
    const asked = [
      { type: 'management', name: 'in-use/west', actions: ['write', 'read'] },
      { type: 'management', name: 'in-use/east', actions: ['write'] },
      { type: 'management', name: 'in-use/', actions: ['write'] },
    ];
    expect(intersect(west, asked)).toEqual([{ type: 'management', name: 'in-use/west', actions: ['write'] }]);
    expect(intersect(allGrants, asked)).toEqual([
      { type: 'management', name: 'in-use/west', actions: ['write'] },
      { type: 'management', name: 'in-use/east', actions: ['write'] },
    ]);
  });

  it('is of a repository that name alone, and what is an action', () => {
    const { rules } = claim('repository', 'team/app', 'pull', 'fly', 'push');
    expect(rules.map(({ pattern, actions, from }) => [pattern, [...actions], from])).toEqual([
      ['team/app', ['pull', 'push'], 'an access token'],
    ]);
    expect([
      claim('repository', 'team/*', 'pull').rules,
      claim('repository', 'Team', 'pull').rules,
      claim('plugin', 'team/app', 'pull'),
    ]).toEqual([[], [], noGrants]);
    expect(may(claim('repository', 'team/app', 'pull'), 'team/app/deep' as RepositoryName, 'pull')).toBe(false);
  });

  it('of another type is nothing, whatever it names', () => {
    for (const name of ['catalog', 'in-use/west', 'api', 'team/app']) {
      expect(claim('plugin', name, '*', 'read', 'write', 'pull')).toEqual(noGrants);
      expect(intersect(allGrants, [{ type: 'plugin', name, actions: ['*', 'read', 'write', 'pull'] }])).toEqual([]);
    }
  });

  it('is together the most of all, and each source once', () => {
    const all = union([
      claim('management', 'api', 'read'),
      claim('management', 'in-use/west', 'write'),
      claim('registry', 'catalog', '*'),
      claim('registry', 'deleted_catalog', '*'),
      claim('management', 'in-use/west', 'write'),
      { ...noGrants, listing: ['team/*' as RepositoryPattern] },
    ]);
    expect(all).toEqual({
      rules: [],
      catalog: true,
      deletedCatalog: true,
      listing: ['team/*'],
      management: 'read',
      inUse: ['west'],
    });
    expect([
      union([claim('management', 'api', 'read'), claim('management', 'api', 'write')]).management,
      union([]).management,
      union([noGrants, noGrants]),
    ]).toEqual(['write', 'none', noGrants]);
  });

  it('of the administrator is everything', () => {
    expect(allGrants).toEqual({
      rules: [{ pattern: '*', actions: new Set(repositoryActions), from: 'the administrator' }],
      catalog: true,
      deletedCatalog: true,
      listing: [],
      management: 'write',
      inUse: [],
    });
    expect(noGrants).toEqual({
      rules: [],
      catalog: false,
      deletedCatalog: false,
      listing: [],
      management: 'none',
      inUse: [],
    });
    expect(repositoryActions).toEqual([
      'pull',
      'push',
      'delete',
      'metadata_read',
      'metadata_write',
      'deleted_read',
      'deleted_restore',
      'quarantine_read',
      'quarantine_write',
    ]);
  });

  it('shows in lists what may be pulled or whose metadata may be read, once each, and nothing else', () => {
    const grants = grantsOfActions(
      [
        'repositories/a/content/read',
        'repositories/a/metadata/read',
        'repositories/b/metadata/read',
        'repositories/c/content/write',
        'repositories/d/content/delete',
      ],
      'a map',
    );
    expect(readable({ ...grants, listing: ['z', 'a'] as RepositoryPattern[] })).toEqual(['z', 'a', 'b']);
    const lists = (name: string) =>
      permits(
        { ...grants, listing: ['z'] as RepositoryPattern[] },
        { type: 'listing', name: name as RepositoryName, action: 'read' },
      );
    expect(['a', 'b', 'c', 'd', 'z'].map(lists)).toEqual([true, true, false, false, true]);
  });

  it('is decided by the first rule that allows it, which says where it is from', () => {
    const grants = union([
      grantsOfActions(['repositories/team/*/content/read'], 'one'),
      grantsOfActions(['repositories/team/app/content/read', 'repositories/team/app/content/delete'], 'two'),
    ]);
    expect([
      decidingRule(grants, 'team/app', 'pull')?.from,
      decidingRule(grants, 'team/app', 'delete')?.from,
      decidingRule(grants, 'other', 'pull'),
    ]).toEqual([expect.stringContaining('one') as string, expect.stringContaining('two') as string, undefined]);
  });
});

describe('many scopes', () => {
  it('are parted by spaces, in one parameter or several, up to fifty', () => {
    expect(parseScopes(['repository:a:pull  repository:b:pull', 'repository:c:pull']).map(({ name }) => name)).toEqual([
      'a',
      'b',
      'c',
    ]);
    const many = (count: number) => [Array.from({ length: count }, (_, n) => `repository:r${n}:pull`).join(' ')];
    expect(parseScopes(many(50))).toHaveLength(50);
    expect(parseScopes([' '.repeat(80), ''])).toEqual([]);
    expect(() => parseScopes(many(51))).toThrow(RegistryError);
    try {
      parseScopes(many(51));
    } catch (error) {
      expect((error as RegistryError).fault).toEqual({
        is: 'request-invalid',
        why: '51 scopes are requested, and at most 50 are allowed',
      });
    }
  });

  it('of more than 600 letters, without a name or with an unknown type ask for nothing more than they say', () => {
    const name = (length: number) => `repository:${'a'.repeat(length - 'repository::pull'.length)}:pull`;
    expect([parseScopes([name(600)]).length, parseScopes([name(601)]).length]).toEqual([1, 0]);
    expect(parseScopes(['other:a:*', 'repository(x):a:*', 'x(y)z:a:pull', 'repository:a:pull,pull,*'])).toEqual([
      { type: 'other', name: 'a', actions: ['*'] },
      { type: 'repository', name: 'a', actions: [...repositoryActions] },
      { type: 'x(y)z', name: 'a', actions: ['pull'] },
      { type: 'repository', name: 'a', actions: [...repositoryActions] },
    ]);
    expect(parseScopes(['repository:a:pull,pull,push'])[0]?.actions).toEqual(['pull', 'push']);
  });
});
