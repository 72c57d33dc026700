import { describe, expect, it } from 'vitest';
import { originOf, parseReference } from '../../cli/registry/address.ts';

const digest = `sha256:${'a'.repeat(64)}`;

describe('a registry', () => {
  it.each([
    ['registry.example', 'https://registry.example'],
    ['registry.example:5000', 'https://registry.example:5000'],
    ['127.0.0.1:5000', 'http://127.0.0.1:5000'],
    ['localhost:5000', 'http://localhost:5000'],
    ['[::1]:5000', 'http://[::1]:5000'],
    ['http://registry.example', 'http://registry.example'],
    ['https://registry.example/', 'https://registry.example'],
    ['https://registry.example/v2/', 'https://registry.example'],
    ['https://registry.example/ui/repositories', 'https://registry.example'],
  ])('may be given as %s', (text, origin) => {
    expect(originOf(text)).toBe(origin);
  });

  it.each([
    ['ftp://registry.example', /must begin with https/],
    ['https://user:secret@registry.example', /had credentials/],
    ['https://registry.example/team/app', /has a path/],
    ['', /is no registry/],
    ['not a host', /is no registry/],
    ['file:///etc/passwd', /must begin with https/],
  ])('is refused as %s, and says what to give', (text, says) => {
    expect(() => originOf(text)).toThrow(says);
    expect(() => originOf(text)).not.toThrow(/secret/);
  });
});

describe('a reference', () => {
  it.each([
    ['team/app', { repository: 'team/app' }],
    ['app', { repository: 'app' }],
    ['team/app:1.0', { repository: 'team/app', tag: '1.0' }],
    [`team/app@${digest}`, { repository: 'team/app', digest }],
    [`team/app:1@${digest}`, { repository: 'team/app', tag: '1', digest }],
    ['registry.example/team/app:1', { origin: 'https://registry.example', repository: 'team/app', tag: '1' }],
    ['127.0.0.1:5000/app:1', { origin: 'http://127.0.0.1:5000', repository: 'app', tag: '1' }],
    ['docker://localhost:5000/app', { origin: 'http://localhost:5000', repository: 'app' }],
    ['http://registry.example/app', { origin: 'http://registry.example', repository: 'app' }],
  ])('may be given as %s', (text, reference) => {
    expect(parseReference(text)).toEqual(reference);
  });

  it.each([
    '',
    'Team/App',
    'team//app',
    '../etc',
    'team/app:',
    'team/app:a b',
    'team/app@sha256:1',
    `a@${digest}@${digest}`,
    'team/app?x=1',
    '/app',
    'a/\u001b[2J',
  ])('is refused as %j, and the message is harmless', (text) => {
    expect(() => parseReference(text)).toThrow(/^[ -~…]+$/);
  });
});
