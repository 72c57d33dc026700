import { describe, expect, it } from 'vitest';
import type { Finding } from '../../../../shared/features/scanning/findings.ts';
import type { VexDocument } from '../../../../shared/features/scanning/openvex.ts';
import { answerOf, maxVexBytes, readOpenVex } from '../../../../shared/features/scanning/openvex.ts';

const hex = 'a'.repeat(64);
const digest = `sha256:${hex}`;
const other = `sha256:${'b'.repeat(64)}`;
const image = (of = digest) => ({ '@id': `pkg:oci/app@${of.replace(':', '%3A')}?repository_url=registry.example/app` });
const finding: Finding = {
  id: 'GHSA-aaaa-bbbb-cccc',
  aliases: ['CVE-2026-1'],
  package: 'openssl',
  purl: 'pkg:deb/debian/openssl@3.0.11-1?arch=amd64&distro=debian-12',
  version: '3.0.11-1',
  severity: 'high',
  links: [],
};

const notAffected = {
  vulnerability: { name: 'cve-2026-1' },
  products: [image()],
  status: 'not_affected',
  justification: 'vulnerable_code_not_present',
};

function bytesOf(statements: unknown, more: object = {}): Uint8Array {
  return Buffer.from(
    JSON.stringify({
      '@context': 'https://openvex.dev/ns/v0.2.0',
      '@id': 'https://vex.example/1',
      author: 'Anybody',
      timestamp: '2026-11-01T00:00:00Z',
      version: 1,
      statements,
      ...more,
    }),
  );
}

function read(statements: unknown, more?: object): VexDocument {
  const reading = readOpenVex(bytesOf(statements, more));
  if (reading.is === 'refused') throw new Error(reading.reason);
  return reading.document;
}

const refusal = (bytes: Uint8Array) => {
  const reading = readOpenVex(bytes);
  return reading.is === 'refused' ? reading.reason : 'it was read';
};
const answer = (statements: unknown, of: Finding = finding, digests = [digest]) =>
  answerOf([read(statements)], digests, of)?.status;

describe('a statement of OpenVEX', () => {
  it('answers for a finding by its name or an alias, in any case, with its justification', () => {
    expect(answerOf([read([notAffected])], [digest], finding)).toEqual({
      status: 'not_affected',
      justification: 'vulnerable_code_not_present',
      document: 'https://vex.example/1',
    });
    expect(answer([{ ...notAffected, vulnerability: { name: 'OTHER-1', aliases: [finding.id] } }])).toBe(
      'not_affected',
    );
    expect(answer([{ ...notAffected, vulnerability: { name: 'CVE-2026-11' } }])).toBeUndefined();
  });

  it('is about an image by its digest alone', () => {
    const about = (product: object) => answer([{ ...notAffected, products: [product] }]);
    expect(about(image(other))).toBeUndefined();
    for (const id of ['pkg:oci/app@1.2', 'pkg:oci/app', 'pkg:oci/app?tag=1.2', 'pkg:docker/app@1.2', 'https://x/app'])
      expect(about({ '@id': id })).toBeUndefined();
    expect(about({ '@id': `pkg:generic/app@${digest}` })).toBeUndefined();
    expect(about({ identifiers: { purl: `pkg:oci/other@${digest}` } })).toBe('not_affected');
    expect(about({ hashes: { 'sha-256': hex.toUpperCase() } })).toBe('not_affected');
    expect(about({ hashes: { md5: hex } })).toBeUndefined();
    expect(answer([{ ...notAffected, products: [image(other)] }], finding, [digest, other])).toBe('not_affected');
    expect(answer([{ ...notAffected, products: undefined }])).toBeUndefined();
  });

  it.each([
    [[{ '@id': 'pkg:deb/debian/openssl@3.0.11-1' }], 'not_affected'],
    [[{ '@id': 'pkg:deb/debian/openssl' }], 'not_affected'],
    [[{ '@id': 'pkg:deb/debian/openssl?arch=amd64' }], 'not_affected'],
    [[{ '@id': 'pkg:deb/debian/openssl?arch=arm64' }], undefined],
    [[{ '@id': 'pkg:deb/debian/openssl@3.0.12-1' }], undefined],
    [[{ '@id': 'pkg:npm/openssl@3.0.11-1' }], undefined],
    [[{ '@id': 'not a purl' }], undefined],
    [[{ '@id': 'pkg:deb/debian/openssl@%zz' }], undefined],
    [[{ '@id': 'pkg:deb/debian/zlib' }, { identifiers: { purl: 'pkg:deb/debian/openssl' } }], 'not_affected'],
    [[], 'not_affected'],
  ])('with the subcomponents %j answers %s', (subcomponents, status) => {
    expect(answer([{ ...notAffected, products: [{ ...image(), subcomponents }] }])).toBe(status);
  });

  it('knows a package without a package URL by its name and version', () => {
    const { purl: _, ...plain } = finding;
    const of = (id: string) =>
      answer([{ ...notAffected, products: [{ ...image(), subcomponents: [{ '@id': id }] }] }], plain);
    expect(of('pkg:deb/debian/openssl@3.0.11-1')).toBe('not_affected');
    expect(of('pkg:deb/debian/openssl@3.0.12-1')).toBeUndefined();
    expect(of('pkg:deb/debian/libssl@3.0.11-1')).toBeUndefined();
  });

  it('gives way to a later one, in any order and from any document', () => {
    const affected = { ...notAffected, status: 'affected', justification: undefined, action_statement: 'Update.' };
    const late = { ...affected, timestamp: '2026-11-02T01:00:00+02:00' };
    expect(answer([notAffected, late])).toBe('affected');
    expect(answer([late, notAffected])).toBe('affected');
    const later = read([notAffected], { timestamp: '2026-11-03T00:00:00Z' });
    expect(answerOf([later, read([late])], [digest], finding)?.status).toBe('not_affected');
    expect(answerOf([read([late]), later], [digest], finding)?.status).toBe('not_affected');
    expect(answer([notAffected, affected])).toBe('affected');
    expect(answer([affected, notAffected])).toBe('affected');
  });
});

describe('an OpenVEX document', () => {
  it.each<[string, unknown, object, RegExp]>([
    ['another context', [notAffected], { '@context': 'https://openvex.dev/ns/v0.3.0' }, /at @context: is not OpenVEX/],
    ['no statements', [], {}, /at statements/],
    ['no time', [notAffected], { timestamp: undefined }, /at timestamp/],
    ['an unknown status', [{ ...notAffected, status: 'ignored' }], {}, /at statements\.0\.status/],
    ['no justification', [{ ...notAffected, justification: undefined }], {}, /must have a justification/],
    ['an empty impact', [{ ...notAffected, justification: undefined, impact_statement: ' ' }], {}, /must have a just/],
    ['no action', [{ ...notAffected, status: 'affected' }], {}, /must have an action statement/],
    [
      'too many pairs',
      Array.from({ length: 11 }, () => ({
        ...notAffected,
        products: Array.from({ length: 4_999 }, () => ({ '@id': 'x' })),
      })),
      {},
      /more than 50000 pairs/,
    ],
  ])('with %s is refused', (_, statements, more, reason) => {
    const said = refusal(bytesOf(statements, more));
    expect(said).toMatch(reason);
    expect(said).toMatch(/^The OpenVEX document .*\.$/);
  });

  it('is refused before it is parsed when it is too large or too deep, and when it is no JSON', () => {
    expect(refusal(Buffer.alloc(maxVexBytes + 1))).toMatch(/larger than 4 MiB/);
    expect(refusal(Buffer.from('['.repeat(10_000)))).toMatch(/nested/);
    expect(refusal(Buffer.from('{"secret'))).toBe('The OpenVEX document is not JSON.');
  });
});
