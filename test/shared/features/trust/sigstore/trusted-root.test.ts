import { generateKeyPairSync } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { maxTrustedRootBytes, readTrustedRoot } from '../../../../../shared/features/trust/sigstore/trusted-root.ts';
import type { Instance } from './instance.ts';
import { base64, startInstance } from './instance.ts';

let instance: Instance;

beforeAll(async () => {
  instance = await startInstance();
});

type Json = Record<string, unknown>;

const read = (root: unknown) => readTrustedRoot(Buffer.from(JSON.stringify(root)), 'own');

function notesOn(root: Json): readonly string[] {
  const reading = read(root);
  return reading.is === 'read' ? reading.trust.notes : [reading.reason];
}

const partOf = (kind: string): Json => structuredClone((instance.root[kind] as Json[])[0] ?? {});

describe('a trusted root', () => {
  it('is read, with the time in which its parts can be used', () => {
    const reading = read(instance.root);
    expect(reading).toMatchObject({
      is: 'read',
      trust: {
        name: 'own',
        notes: [],
        validity: {
          logs: { from: new Date('2020-01-01T00:00:00Z') },
          // The certificates of an authority end, even where its entry says no end.
          certificates: { from: new Date('2020-01-01T00:00:00Z'), until: expect.any(Date) as Date },
        },
      },
    });
  });

  it('says until when the last of several logs signs', () => {
    const [one, other] = [partOf('tlogs'), partOf('tlogs')];
    (one['publicKey'] as Json)['validFor'] = { start: '2020-01-01T00:00:00Z', end: '2021-01-01T00:00:00Z' };
    (other['publicKey'] as Json)['validFor'] = { start: '2021-01-01T00:00:00Z', end: '2022-01-01T00:00:00Z' };
    expect(read({ ...instance.root, tlogs: [one, other] })).toMatchObject({
      trust: {
        validity: { logs: { from: new Date('2020-01-01T00:00:00Z'), until: new Date('2022-01-01T00:00:00Z') } },
      },
    });
  });

  it.each([
    ['too large', Buffer.alloc(maxTrustedRootBytes + 1, ' '), 'may have'],
    ['not JSON', Buffer.from('{'), 'not JSON'],
    ['nested too deep', Buffer.from('['.repeat(100_000)), 'nested too deep'],
    ['of another type', Buffer.from('{"mediaType":"text/plain"}'), 'mediaType'],
    ['empty', Buffer.from('{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}'), 'no part'],
  ])('is refused when it is %s', (_, bytes, named) => {
    const reading = readTrustedRoot(bytes, 'own');
    expect(reading.is === 'refused' ? reading.reason : '').toContain(named);
  });

  it('is refused when it has too many parts', () => {
    expect(notesOn({ ...instance.root, tlogs: Array(51).fill(partOf('tlogs')) })[0]).toContain('tlogs');
  });

  it('loses a log that has no beginning or no key, and keeps the others', () => {
    const endless = partOf('tlogs');
    (endless['publicKey'] as Json)['validFor'] = {};
    const keyless = partOf('tlogs');
    (keyless['publicKey'] as Json)['rawBytes'] = base64('no key');
    const notes = notesOn({ ...instance.root, tlogs: [endless, partOf('tlogs'), keyless] });
    expect(notes).toEqual([
      expect.stringContaining('tlogs[0] is left out: it has no beginning'),
      expect.stringContaining('tlogs[2] is left out: "'),
    ]);
    expect(read({ ...instance.root, tlogs: [endless, partOf('tlogs')] })).toMatchObject({
      trust: { trusted: { tlogs: [{}] } },
    });
  });

  it('loses an authority whose chain is empty, too long, or downwards', () => {
    const chained = (certificates: unknown[]) => ({ ...partOf('timestampAuthorities'), certChain: { certificates } });
    const { certificates } = partOf('timestampAuthorities')['certChain'] as { certificates: unknown[] };
    const withChain = (chain: unknown[]) =>
      notesOn({ ...instance.root, timestampAuthorities: [chained(chain)] }).join();
    expect(withChain(certificates)).toBe('');
    expect(withChain([])).toContain('no certificates');
    expect(withChain(Array(6).fill(certificates[0]))).toContain('6 certificates');
    expect(withChain(certificates.toReversed())).toContain('not in order');
    expect(
      withChain([
        { rawBytes: base64(generateKeyPairSync('ed25519').publicKey.export({ format: 'der', type: 'spki' })) },
      ]),
    ).toContain('left out');
  });
});
