import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { methodName, routeName } from '../../../../shared/core/telemetry/route-name.ts';
import { parseRoute } from '../../../../shared/features/registry/route.ts';

const digest = `sha256:${'a'.repeat(64)}`;

describe('the name of a route', () => {
  it.each([
    ['/v2', 'base', 'v2'],
    ['/v2/', 'base', 'v2'],
    ['/v2/_catalog', 'catalog', 'catalog'],
    ['/v2/blobs/uploads/manifests/v1', 'manifest', 'manifest'],
    [`/v2/tags/list/blobs/${digest}`, 'blob', 'blob'],
    ['/v2/team/app/blobs/uploads', 'uploads', 'uploads'],
    ['/v2/team/app/blobs/uploads/', 'uploads', 'uploads'],
    ['/v2/team/app/blobs/uploads/some-id', 'upload', 'upload'],
    ['/v2/manifests/tags/list', 'tags', 'tags'],
    [`/v2/team/app/referrers/${digest}`, 'referrers', 'referrers'],
  ])('%s is what the router takes it for', (path, to, name) => {
    expect([parseRoute(path, 'GET').to, routeName(path)]).toEqual([to, name]);
  });

  it.each([
    ['/acr/v1/_catalog', 'acr'],
    ['/oauth2/token', 'oauth2'],
    ['/api/v1/usage', 'api'],
    ['/healthz', 'health'],
    ['/metrics', 'metrics'],
    ['/constructor', 'unknown'],
    ['/v2/a/constructor/b', 'unknown'],
    ['', 'unknown'],
  ])('%s is %s', (path, name) => {
    expect(routeName(path)).toBe(name);
  });

  it('is one of a fixed set, whatever is asked', () => {
    const names = new Set([
      'v2',
      'catalog',
      'manifest',
      'blob',
      'uploads',
      'upload',
      'tags',
      'referrers',
      'acr',
      'oauth2',
      'api',
      'health',
      'metrics',
      'unknown',
    ]);
    const part = fc.oneof(
      fc.string(),
      fc.constantFrom('v2', 'blobs', 'uploads', 'manifests', 'tags', '__proto__', 'toString'),
    );
    fc.assert(fc.property(fc.array(part), (parts) => names.has(routeName(`/${parts.join('/')}`))));
  });
});

it('a method that no route has is "other"', () => {
  expect(['GET', 'PROPFIND', 'get', '__proto__'].map(methodName)).toEqual(['GET', 'other', 'other', 'other']);
});
