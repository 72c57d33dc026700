import { describe, expect, it } from 'vitest';
import { allHostNamesOf, hostNamesOf, parseConfig } from '../../../../shared/app/config/config.ts';

const base = {
  LONGSHORE_UPLOAD_KEY: Buffer.alloc(32, 1).toString('base64'),
  LONGSHORE_SECRET_KEY: Buffer.alloc(32, 2).toString('base64'),
  LONGSHORE_AUTH: 'required',
  COSMOS_ENDPOINT: 'http://127.0.0.1:8081',
  BLOB_CONNECTION_STRING: 'x',
  QUEUE_CONNECTION_STRING: 'x',
  EVENTGRID_ENDPOINT: 'http://127.0.0.1/api/events',
};

const parsed = (registries: unknown, more: Record<string, string> = {}) =>
  parseConfig({ ...base, LONGSHORE_REGISTRIES: JSON.stringify(registries), ...more });

function faultOf(registries: unknown, more: Record<string, string> = {}): string {
  try {
    parsed(registries, more);
  } catch (error) {
    return (error as Error).message;
  }
  return 'none';
}

describe('LONGSHORE_REGISTRIES', () => {
  it('lists registries with their hosts, in lower case, and URLs', () => {
    const config = parsed([
      { name: 'a', hosts: ['A.Example'] },
      { name: 'b', publicUrl: 'https://b.example' },
    ]);
    expect(config.LONGSHORE_REGISTRIES?.map(({ name, hosts }) => [name, hosts])).toEqual([
      ['a', ['a.example']],
      ['b', []],
    ]);
    expect(config.LONGSHORE_REGISTRIES?.[1]?.publicUrl?.host).toBe('b.example');
  });

  it('names every fault at once, and no value', () => {
    const fault = faultOf([
      { name: 'A!', hosts: ['secret.example:5000'] },
      { name: 'b', hosts: 'no list' },
      { name: 'c', hosts: ['c.example'], surprise: 1 },
    ]);
    for (const part of ['0.name', '0.hosts.0 must be a name without a port', '1.hosts', '2 Unrecognized key'])
      expect(fault).toContain(part);
    expect(fault).not.toContain('secret.example');
  });

  it.each([
    ['no JSON', '[', 'must be a JSON array'],
    ['no registry', [], 'must be a JSON array'],
    [
      'a name twice',
      [
        { name: 'a', hosts: ['a.x'] },
        { name: 'a', hosts: ['b.x'] },
      ],
      '1.name is also the name of 0',
    ],
    [
      'a host twice',
      [
        { name: 'a', hosts: ['a.x'] },
        { name: 'b', hosts: ['A.X'] },
      ],
      '1 has a host that 0 has too',
    ],
    [
      "another's public URL",
      [
        { name: 'a', publicUrl: 'https://a.x:8443' },
        { name: 'b', hosts: ['a.x'] },
      ],
      '1 has a host that 0 has too',
    ],
    ['a registry without a host', [{ name: 'a' }], '0 has no host'],
  ])('refuses %s', (_, registries, why) => {
    expect(faultOf(registries)).toContain(why);
  });

  it('refuses a host that other settings give to LONGSHORE_REGISTRY, and its own entry with more than hosts', () => {
    const more = { LONGSHORE_PUBLIC_URL: 'https://own.example', LONGSHORE_HOST_NAMES: 'own,also.example' };
    expect(faultOf([{ name: 'a', hosts: ['own.example'] }], more)).toContain('gives 0 a host');
    expect(faultOf([{ name: 'a', hosts: ['also.example'] }], more)).toContain('gives 0 a host');
    expect(faultOf([{ name: 'default', hosts: ['own.example'] }], more)).toBe('none');
    expect(faultOf([{ name: 'default', publicUrl: 'https://x.example' }])).toContain('must list only the hosts of 0');
  });

  it('is told of beside the faults of other settings', () => {
    const fault = faultOf('no list', { LONGSHORE_HOST_NAMES: 'no names', LONGSHORE_PUBLIC_URL: 'no url' });
    for (const name of ['LONGSHORE_REGISTRIES', 'LONGSHORE_HOST_NAMES', 'LONGSHORE_PUBLIC_URL'])
      expect(fault).toContain(name);
  });

  it('leaves LONGSHORE_REGISTRY the names of this machine and its own, unless any is asked for', () => {
    const registries = [
      { name: 'a', hosts: ['a.example'] },
      { name: 'default', hosts: ['d.example'] },
    ];
    const names = hostNamesOf(parsed(registries));
    expect(['localhost', 'd.example', 'a.example', 'evil.test'].map((name) => names?.has(name))).toEqual([
      true,
      true,
      false,
      false,
    ]);
    expect(allHostNamesOf(parsed(registries))?.has('a.example')).toBe(true);
    expect(hostNamesOf(parsed(registries, { LONGSHORE_HOST_NAMES: 'any' }))).toBeUndefined();
    expect(hostNamesOf(parseConfig(base))).toBeUndefined();
  });
});
