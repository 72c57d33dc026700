import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { catalogue, eventTypes } from '../../../../shared/core/events/catalogue.ts';
import { globMatches } from '../../../../shared/core/rules/pattern.ts';
import type { HookEvent } from '../../../../shared/features/webhooks/scope.ts';
import {
  anchorOf,
  anchorsOf,
  concernOf,
  covers,
  hookActions,
  parseExclude,
  parseScope,
  routeAnchor,
} from '../../../../shared/features/webhooks/scope.ts';
import { eventOf, pushed } from './events.ts';

const hook = (scope: string, excludes: string[] = [], actions: string[] = ['push', 'delete']) => ({
  scope,
  excludes,
  actions,
});
const deleted = (repository: string) =>
  eventOf('Microsoft.ContainerRegistry.ImageDeleted', { repository, tag: undefined });

describe('the scope of a webhook', () => {
  it.each([
    ['', 'a/b', 'v1', true],
    ['', 'a', undefined, true],
    ['foo', 'foo', 'latest', true],
    ['foo', 'foo', 'v1', false],
    ['foo', 'foo', undefined, false],
    ['foo:latest', 'foo', 'latest', true],
    ['foo:*', 'foo', 'v1', true],
    ['foo:*', 'foo', undefined, true],
    ['foo:*', 'foo/bar', 'v1', false],
    ['foo:bar', 'foo', 'bar', true],
    ['foo:bar', 'foo', 'barn', false],
    ['foo:v*', 'foo', 'v1', true],
    ['foo:v*', 'foo', 'w1', false],
    ['foo:v*', 'foo', undefined, false],
    ['team/*', 'team/app', 'v1', true],
    ['team/*', 'team/app', undefined, true],
    ['team/*', 'team/app/web', 'v1', false],
    ['team/**', 'team/app/web', undefined, true],
    ['team/**', 'team', 'latest', false],
    ['team/**', 'teams/app', 'latest', false],
    ['team/**:v1', 'team/app', 'v1', true],
    ['team/**:v1', 'team/app', undefined, false],
    ['team/**:*', 'team/app', undefined, true],
    ['**/web', 'web', 'v1', true],
    ['**/web', 'a/b/web', 'v1', true],
    ['**/web', 'a/cobweb', 'v1', false],
    ['team/**/web', 'team/web', 'v1', true],
    ['team/**/web', 'team/a/b/web', 'v1', true],
    ['team/app-*', 'team/app-1', 'v1', true],
    ['team/app-*', 'team/app', 'v1', false],
    ['*', 'a', undefined, true],
    ['*', 'a/b', undefined, false],
    ['**', 'a/b/c', undefined, true],
  ])('%j and %s:%s: %s', (scope, repository, tag, expected) => {
    expect(covers(hook(scope), tag === undefined ? deleted(repository) : pushed(repository, tag))).toBe(expected);
  });

  it.each([
    'Foo',
    'foo:',
    ':v1',
    '/foo',
    'foo/',
    'foo//bar',
    'foo:a b',
    'foo:v1:v2',
    'foo bar',
    'föö',
    'team/**/',
    '*/',
    `a${'b'.repeat(300)}`,
  ])('is not %j', (text) => {
    expect(parseScope(text)).toBeUndefined();
    expect(parseExclude(text)).toBeUndefined();
  });

  it.each([
    [['team/scratch'], 'team/scratch', 'v1', false],
    [['team/scratch'], 'team/scratch', undefined, false],
    [['team/scratch:dev'], 'team/scratch', 'dev', false],
    [['team/scratch:dev'], 'team/scratch', undefined, true],
    [['team/**:dev-*'], 'team/a/b', 'dev-1', false],
    [['team/**:dev-*', 'team/a/**'], 'team/a/b', 'v1', false],
    [['team/**:dev-*', 'team/a/**'], 'team/b', 'v1', true],
  ])('leaves out what %j names: %s:%s', (excludes, repository, tag, expected) => {
    expect(covers(hook('team/**', excludes), tag === undefined ? deleted(repository) : pushed(repository, tag))).toBe(
      expected,
    );
  });

  it("has ACR's word for an action where ACR has one, and the type for others", () => {
    expect(
      eventTypes.filter((type) => type.startsWith('Microsoft.')).map((type) => concernOf(eventOf(type)).action),
    ).toEqual(['push', 'delete', 'chart_push', 'chart_delete']);
    for (const type of eventTypes) expect(hookActions).toContain(concernOf(eventOf(type)).action);
    expect(covers(hook('', [], ['push']), deleted('foo'))).toBe(false);
    expect(covers(hook('', [], ['Longshore.TagMoved']), eventOf('Longshore.TagMoved'))).toBe(true);
  });

  it("finds a chart by the tag that it was pushed by, and by its archive's name", () => {
    const chart = eventOf('Microsoft.ContainerRegistry.ChartPushed');
    const charts = (scope: string) => covers(hook(scope, [], ['chart_push']), chart);
    expect([
      charts('charts/mychart:1.0.0'),
      charts('charts/mychart:mychart-1.0.0.tgz'),
      charts('charts/mychart:2.0.0'),
      charts('charts/**'),
    ]).toEqual([true, true, false, true]);
  });

  it('covers events without a repository only when it is empty', () => {
    const failing = eventOf('Longshore.WebhookFailing');
    expect([
      covers(hook('', [], ['Longshore.WebhookFailing']), failing),
      covers(hook('**', [], ['Longshore.WebhookFailing']), failing),
    ]).toEqual([true, false]);
  });
});

const part = fc.stringMatching(/^[ab]{1,2}$/);
const repositories = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
const starred = fc
  .array(fc.oneof(part, fc.constantFrom('*', '**', 'a*', '*b', 'a**')), { minLength: 1, maxLength: 4 })
  .map((parts) => parts.join('/'));
const tags = fc.stringMatching(/^[v1]{1,2}$/);
const scopes = fc.oneof(
  fc.constant(''),
  starred,
  fc.tuple(starred, fc.oneof(tags, fc.constantFrom('*', 'v*'))).map((parts) => parts.join(':')),
);
const events: fc.Arbitrary<HookEvent> = fc.oneof(
  repositories.map(deleted),
  fc.tuple(repositories, tags).map(([repository, tag]) => pushed(repository, tag)),
);

describe('anchors', () => {
  it('lose no event: a scope that covers it has one of its anchors', () => {
    fc.assert(
      fc.property(scopes, events, (text, event) => {
        const scope = parseScope(text);
        if (scope === undefined || !covers(hook(text), event)) return;
        expect(anchorsOf(event)).toContain(routeAnchor(concernOf(event).action, anchorOf(scope)));
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    ['', 'all'],
    ['foo', 'tag:foo:latest'],
    ['a/b:v1', 'tag:a/b:v1'],
    ['a/b:*', 'repo:a/b'],
    ['a/b:v*', 'repo:a/b'],
    ['a/**', 'under:a/'],
    ['a/b/c*:v1', 'under:a/b/'],
    ['a*/b', 'all'],
    ['**/web', 'all'],
  ])('of %j: %s', (text, anchor) => {
    expect(parseScope(text)).toBeDefined();
    expect(anchorOf(parseScope(text) ?? { is: 'everything' })).toBe(anchor);
  });

  it('of an event are as many as its path is deep, whatever hooks there are', () => {
    expect(anchorsOf(pushed('a/b/c', 'v1'))).toEqual([
      'push|all',
      'push|tag:a/b/c:v1',
      'push|repo:a/b/c',
      'push|under:a/',
      'push|under:a/b/',
    ]);
    expect(
      anchorsOf({
        ...pushed('a', 'v1'),
        data: catalogue['Longshore.WebhookFailing'].example,
        type: 'Longshore.WebhookFailing',
      }),
    ).toEqual(['Longshore.WebhookFailing|all']);
  });
});

describe('a pattern', () => {
  it('means what the same regular expression means', () => {
    const expression = (pattern: string) =>
      new RegExp(
        `^${pattern.replaceAll(/(?<=^|\/)\*\*\/|\*+/g, (wild) => (wild === '**/' ? '(?:[^/]+/)*' : wild === '*' ? '[^/]*' : '.*'))}$`,
      );
    fc.assert(
      fc.property(starred, repositories, (pattern, text) => {
        expect(globMatches(pattern, text)).toBe(expression(pattern).test(text));
      }),
      { numRuns: 5_000 },
    );
  });

  it('of many stars takes no longer than its length demands', () => {
    const started = performance.now();
    expect(globMatches(`${'*a'.repeat(120)}b`, 'a'.repeat(255))).toBe(false);
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});
