import { describe, expect, it } from 'vitest';
import { linkTo, linkToImage } from '../../portal/src/kit/links.ts';
import { destinationOf, formatReference, parseReference } from '../../portal/src/kit/reference.ts';
import type { Digest } from '../../shared/core/oci/digest.ts';
import { pullCommands } from '../../shared/features/images/pull-commands.ts';

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
    ['  - image: team/app:1.0', { repository: 'team/app', tag: '1.0' }],
    ['image:1.0', { repository: 'image', tag: '1.0' }],
    ['docker', { repository: 'docker' }],
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
    [
      '\tdocker pull docker.io/library/php:7.2.1-apache\r\n',
      { to: 'image', repository: 'library/php', reference: '7.2.1-apache' },
    ],
    [
      'sudo docker run -it --rm localhost:5000/php:7.2.1-apache bash',
      { to: 'image', repository: 'php', reference: '7.2.1-apache' },
    ],
    ['docker push registry.example/team/app:1.0', { to: 'image', repository: 'team/app', reference: '1.0' }],
    ['HTTPS://Registry.Example/team/app:1.0', { to: 'image', repository: 'team/app', reference: '1.0' }],
    [`SHA256:${'AB'.repeat(32)}`, { to: 'repositories', search: `SHA256:${'AB'.repeat(32)}` }],
    [' nginx ', { to: 'repositories', search: 'nginx' }],
    [digest, { to: 'repositories', search: digest }],
  ])('of %s leads to the right place', (text, expected) => {
    expect(destinationOf(text)).toEqual(expected);
  });
});

describe('a command that the page of an image offers', () => {
  const named = { host: 'registry.example:5000', repository: 'charts/app', digest: digest as Digest };
  const offered = [
    ['an image', 'application/vnd.oci.image.config.v1+json', '7.2.1-apache'],
    ['an artifact', 'application/x.files', '1.0'],
    ['a chart', 'application/vnd.cncf.helm.config.v1+json', '1.2.3_build'],
  ] as const;

  it.each(offered)('leads the search back to it, by tag and by digest: %s', (_, artifactType, reference) => {
    const commands = pullCommands({ ...named, isIndex: false, artifactType, reference });
    expect(commands.length).toBeGreaterThan(3);
    for (const { command, pinned } of commands) {
      expect([command, destinationOf(`  ${command}\n`)]).toEqual([
        command,
        { to: 'image', repository: 'charts/app', reference },
      ]);
      expect([pinned, destinationOf(`$ ${pinned}`)]).toEqual([
        pinned,
        { to: 'image', repository: 'charts/app', reference: digest },
      ]);
    }
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
