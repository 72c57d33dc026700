import { describe, expect, it } from 'vitest';
import { linkTo, linkToImage } from '../../portal/src/kit/links.ts';
import { destinationOf, formatReference, parseReference } from '../../portal/src/kit/reference.ts';

const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;

describe('a reference that is pasted', () => {
  it.each([
    ['php:7.2.1-apache', { repository: 'php', tag: '7.2.1-apache' }],
    ['team/app', { repository: 'team/app' }],
    ['registry.example/team/app:1.0', { host: 'registry.example', repository: 'team/app', tag: '1.0' }],
    ['localhost:5000/app', { host: 'localhost:5000', repository: 'app' }],
    ['127.0.0.1:5117/app:a_B-1', { host: '127.0.0.1:5117', repository: 'app', tag: 'a_B-1' }],
    ['[::1]:5000/app:1', { host: '[::1]:5000', repository: 'app', tag: '1' }],
    [`team/app@${digest}`, { repository: 'team/app', digest }],
    [`team/app:1.0@${digest}`, { repository: 'team/app', tag: '1.0', digest }],
    ['https://registry.example/team/app:1.0', { host: 'registry.example', repository: 'team/app', tag: '1.0' }],
    ['oci://registry.example/charts/app:1.0', { host: 'registry.example', repository: 'charts/app', tag: '1.0' }],
    ['docker pull registry.example/app:1', { host: 'registry.example', repository: 'app', tag: '1' }],
    [
      'docker pull --platform=linux/arm64 registry.example/app:1',
      { host: 'registry.example', repository: 'app', tag: '1' },
    ],
    ['FROM registry.example/app:1 AS build', { host: 'registry.example', repository: 'app', tag: '1' }],
    ['  image: "team/app:1.0" ', { repository: 'team/app', tag: '1.0' }],
  ])('%s is understood', (text, expected) => {
    expect(parseReference(text)).toEqual(expected);
  });

  it.each([
    '',
    ':',
    '@',
    'Team/App',
    'team//app',
    'team/app:',
    'a@b@c',
    'team/app@sha256:12',
    'x'.repeat(300),
    '../../x',
    'app:-1',
  ])('%j is none', (text) => {
    expect(parseReference(text)).toBeUndefined();
  });
});

describe('the search', () => {
  it.each([
    ['php:7.2.1-apache', { to: 'image', repository: 'php', reference: '7.2.1-apache' }],
    [`registry.example/team/app:1.0@${digest}`, { to: 'image', repository: 'team/app', reference: digest }],
    ['registry.example/team/app', { to: 'tags', repository: 'team/app' }],
    ['team/app', { to: 'repositories', search: 'team/app' }],
    [' nginx ', { to: 'repositories', search: 'nginx' }],
    [digest, { to: 'repositories', search: digest }],
  ])('of %s leads to the right place', (text, expected) => {
    expect(destinationOf(text)).toEqual(expected);
  });
});

describe('an address of the portal', () => {
  it('keeps slashes and colons readable, and everything else as data', () => {
    expect(linkToImage('team/app', digest)).toBe(`/image?repository=team/app&reference=${digest}`);
    expect(linkTo('/tags', { repository: 'a&b=c#d', search: undefined, all: true })).toBe(
      '/tags?repository=a%26b%3Dc%23d&all=true',
    );
    expect(linkTo('/')).toBe('/');
  });

  it('is not a reference, which clients take', () => {
    expect(formatReference('team/app', '1.0', 'registry.example')).toBe('registry.example/team/app:1.0');
    expect(formatReference('team/app', digest)).toBe(`team/app@${digest}`);
  });
});
