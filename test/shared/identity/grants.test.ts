import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { grantsOfActions } from '../../../shared/identity/actions.ts';
import { allGrants, grantsOfAccess, intersect, noGrants, permits, readable, repositoryActions, union } from '../../../shared/identity/grants.ts';
import { isRepositoryPattern, matchesPattern } from '../../../shared/identity/pattern.ts';
import type { RepositoryPattern } from '../../../shared/identity/pattern.ts';
import { parseScopes } from '../../../shared/identity/scope.ts';
import type { RepositoryName } from '../../../shared/oci/name.ts';
import type { RepositoryAction } from '../../../shared/ports/authorize.ts';

const names = ['team', 'team/app', 'team/app/deep', 'teams/app', 'other'] as RepositoryName[];
const patterns = ['*', 'team/*', 'team*', 'team/app', 'other'];
const verbs = ['content/read', 'content/write', 'content/delete', 'metadata/read', 'metadata/write', 'deleted/read', 'deleted/restore'];

const anyActions = fc.array(fc.tuple(fc.constantFrom(...patterns), fc.constantFrom(...verbs)).map(([pattern, verb]) => `repositories/${pattern}/${verb}`), { maxLength: 6 });
const anyAsked = fc.array(
  fc.record({ type: fc.constantFrom('repository', 'registry', 'management', 'plugin'), name: fc.constantFrom<string>(...names, 'catalog', 'api', 'in-use', 'in-use/west', '*', 'team/*'), actions: fc.subarray([...repositoryActions, '*', 'read', 'write', '__proto__']) }),
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
    ['team/app', ['team/app']],
  ])('%s matches what it names', (pattern, matched) => {
    expect(isRepositoryPattern(pattern)).toBe(true);
    const all = [...names];
    for (const name of matched) expect(matchesPattern(pattern as RepositoryPattern, name)).toBe(true);
    for (const name of all.filter((each) => pattern !== '*' && !matched.includes(each))) expect(matchesPattern(pattern as RepositoryPattern, name)).toBe(false);
  });

  it.each(['', '**', '*/app', 'team/*/app', 'Team/*', '/team', 'team//x*', 'team/..', 'a'.repeat(256)])('is not %j', (text) => {
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
            const wanted = asked.some((each) => each.type === 'repository' && each.name === name && each.actions.includes(action));
            expect(may(usable, name, action)).toBe(wanted && may(grants, name, action));
          }
        }
        expect(usable.catalog).toBe(false);
        expect([usable.management, usable.inUse]).toEqual(['none', []]);
      }),
    );
  });

  it('is all of it for the administrator, where it is anything', () => {
    const asked = [{ type: 'repository', name: 'team/app', actions: [...repositoryActions] }, { type: 'registry', name: 'catalog', actions: ['*'] }, { type: 'management', name: 'api', actions: ['read', 'write'] }];
    expect(intersect(allGrants, asked)).toEqual(asked);
    expect(intersect(allGrants, [{ type: 'repository', name: 'UPPER', actions: ['pull'] }, { type: 'plugin', name: 'x', actions: ['pull'] }])).toEqual([]);
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
    const sees = (holder: typeof grants, name: RepositoryName) => permits(holder, { type: 'listing', name, action: 'read' });
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
        for (const name of names) for (const action of repositoryActions) expect(may(union([a, b]), name, action)).toBe(may(a, name, action) || may(b, name, action));
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
    ['repository:app:metadataRead,metadataWrite,metadata_read', [{ type: 'repository', name: 'app', actions: ['metadata_read', 'metadata_write'] }]],
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
        for (const { type, actions } of parseScopes(scopes)) expect([typeof type, Array.isArray(actions)]).toEqual(['string', true]);
      }),
    );
  });
});
