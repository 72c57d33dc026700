import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scanResultSchema } from '../../../../../shared/features/scanning/findings.ts';
import type { ReportFormat, ReportReading } from '../../../../../shared/features/scanning/formats/read-report.ts';
import { readReport } from '../../../../../shared/features/scanning/formats/read-report.ts';
import { maxReportBytes } from '../../../../../shared/features/scanning/formats/report-json.ts';
import { hostileText } from '../../../../hostile.ts';
import { cyclonedxReport, digest, grypeReport, sarifReport, scannerApiReport, trivyReport } from './reports.ts';

const bytesOf = (value: unknown) => Buffer.from(JSON.stringify(value));

function read(value: unknown): Extract<ReportReading, { is: 'read' }> {
  const reading = readReport(bytesOf(value));
  if (reading.is === 'refused') throw new Error(reading.reason);
  return reading;
}

function refusal(bytes: Uint8Array, format?: ReportFormat): string {
  const reading = readReport(bytes, format);
  return reading.is === 'refused' ? reading.reason : 'it was read';
}

const reports: [ReportFormat, object][] = [
  ['trivy', trivyReport],
  ['grype', grypeReport],
  ['sarif', sarifReport],
  ['cyclonedx', cyclonedxReport],
  ['scanner-api', scannerApiReport],
];

describe.each(reports)('a report of the format %s', (format, report) => {
  it('is recognized, and read into findings of packages with their fixes', () => {
    const reading = read(report);
    expect(reading.format).toBe(format);
    expect(scanResultSchema.parse(reading.result)).toEqual(reading.result);
    expect(reading.result.findings.map(({ package: name, version }) => `${name} ${version}`)).toEqual(
      expect.arrayContaining(['openssl 3.0.11-1']),
    );
    const ssl = reading.result.findings.find(({ package: name }) => name === 'openssl');
    expect([ssl?.id, ...(ssl?.aliases ?? [])]).toContain('CVE-2026-1');
    expect(ssl).toMatchObject({ severity: format === 'sarif' ? 'critical' : 'high' });
    expect(ssl?.fixedIn?.startsWith('3.0.15-1')).toBe(true);
    expect(ssl?.cvss).toBe(format === 'sarif' ? 9.8 : 7.5);
    expect(reading.digests).toEqual(format === 'sarif' ? [] : [digest]);
    expect(reading.result.scanner.name.toLowerCase()).toMatch(/trivy|grype/);
    for (const { links } of reading.result.findings)
      for (const link of links) expect(link).toMatch(/^https?:\/\/[^@]*$/);
  });

  it('is read or refused by a whole sentence, whatever is changed in it', () => {
    const text = JSON.stringify(report);
    const places = [...text.matchAll(/"(?:[^"\\]|\\.)*"(?=[,}\]])|\d+|null|\[\]/g)].map((each) => each);
    const values = fc.oneof(
      fc.constantFrom('null', '[]', '{}', '-1', '1e400', 'true', '"\\u0000\\n\\u202e"', '[[null]]', '{"__proto__":[]}'),
      fc.string({ minLength: 0, maxLength: 3_000 }).map((each) => JSON.stringify(each)),
    );
    fc.assert(
      fc.property(fc.nat(), values, (pick, value) => {
        const place = places[pick % places.length];
        if (place === undefined) return;
        const changed = text.slice(0, place.index) + value + text.slice(place.index + place[0].length);
        const reading = readReport(Buffer.from(changed), format);
        if (reading.is === 'refused') expect(reading.reason).toMatch(/^The [^\n]+\.$/);
        else expect(scanResultSchema.safeParse(reading.result).success).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('is refused wherever it is cut off', () => {
    const bytes = bytesOf(report);
    for (let at = 0; at < bytes.length; at += 1 + Math.floor(bytes.length / 50))
      expect(refusal(bytes.subarray(0, at), format)).toBe('The report is not JSON, or is cut off.');
  });

  it('gives the same result in any order of its findings', () => {
    const turned = JSON.parse(JSON.stringify(report), (_, value: unknown) =>
      Array.isArray(value) && value.every((each) => typeof each === 'object') ? value.toReversed() : value,
    ) as unknown;
    const { findings, counts } = read(turned).result;
    expect(counts).toEqual(read(report).result.counts);
    expect(findings.map(({ id }) => id)).toEqual(read(report).result.findings.map(({ id }) => id));
  });
});

describe('the facts that one format alone has', () => {
  it('are since when there is a fix and the time of the database, in Grype', () => {
    const { findings, scanner, notes } = read(grypeReport).result;
    expect(findings[0]).toMatchObject({ fixedIn: '3.0.15-1, 3.1.2', fixedSince: '2026-11-10T00:00:00.000Z' });
    expect(findings[1]).not.toHaveProperty('fixedIn');
    expect(scanner.databaseUpdatedAt).toBe('2026-11-29T01:00:00.000Z');
    expect(notes).toEqual(['Grype left out 2 matches by rules of its own, such as a VEX document.']);
  });

  it("are GitHub's severities and levels, in SARIF, where a suppressed result counts", () => {
    const { findings } = read(sarifReport).result;
    expect(findings.map(({ id, package: name, severity }) => [id, name, severity])).toEqual([
      ['CVE-2026-1', 'openssl', 'critical'],
      ['rule', 'usr/lib/x.so', 'high'],
      ['CVE-2026-2', 'zlib1g', 'medium'],
    ]);
  });

  it.each([
    ['9.0', 'critical'],
    ['8.9', 'high'],
    ['7.0', 'high'],
    ['6.9', 'medium'],
    ['4.0', 'medium'],
    ['3.9', 'low'],
    ['0.0', 'medium'],
    ['eleven', 'medium'],
    ['11', 'medium'],
  ])('are security-severity %s for %s in SARIF', (score, severity) => {
    const rule = { id: 'a', properties: { 'security-severity': score } };
    const run = { tool: { driver: { name: 'x', rules: [rule] } }, results: [{ ruleId: 'a' }] };
    expect(read({ version: '2.1.0', runs: [run] }).result.findings[0]?.severity).toBe(severity);
  });

  it('are an analysis that takes a vulnerability away, in CycloneDX', () => {
    const { findings, notes } = read(cyclonedxReport).result;
    expect(findings.map(({ id, package: name, severity }) => [id, name, severity])).toEqual([
      ['CVE-2026-1', 'openssl', 'high'],
      ['CVE-2026-2', 'zlib1g', 'negligible'],
    ]);
    expect(notes).toEqual(['The document says of 1 vulnerabilities that they do not affect the image.']);
  });

  it('are no vulnerabilities at all in a CycloneDX document of packages, which is no clean report', () => {
    const { vulnerabilities: _, ...sbom } = cyclonedxReport;
    expect(refusal(bytesOf(sbom))).toMatch(/no list of vulnerabilities/);
    expect(refusal(bytesOf({ ...sbom, vulnerabilities: null }))).toMatch(/not valid at vulnerabilities/);
  });

  it('are lists that are left out when a scan of Trivy found nothing', () => {
    const { Results: _, ...clean } = trivyReport;
    expect(read(clean).result.findings).toEqual([]);
  });
});

describe('a report', () => {
  const item = (more: object) => ({ id: 'CVE-1', package: 'a', version: '1', severity: 'Low', ...more });
  const withItems = (vulnerabilities: unknown) => ({ ...scannerApiReport, vulnerabilities });

  it('is refused when it is of no known format', () => {
    for (const value of [{}, [], null, 1, 'text', { vulnerabilities: [] }, { spdxVersion: 'SPDX-2.3' }])
      expect(refusal(bytesOf(value))).toMatch(/^The report is of none of the formats/);
  });

  it('is refused for names that would be cut or hide something', () => {
    for (const more of [
      { id: 'x'.repeat(201) },
      { id: '' },
      { id: hostileText },
      { package: 'a\nb' },
      { package: 'x'.repeat(501) },
      { version: '\u0000' },
    ])
      expect(refusal(bytesOf(withItems([item(more)])))).toMatch(
        /^The scanner API's .* is not valid at vulnerabilities\.0/,
      );
  });

  it('is refused before it is parsed when it is too large, too deep, or has too many values', () => {
    expect(refusal(Buffer.alloc(maxReportBytes + 1, 0x20))).toBe('The report is larger than 32 MiB.');
    expect(refusal(Buffer.from('['.repeat(1_000_000)))).toMatch(/nested more than 64 levels/);
    expect(refusal(Buffer.from(`[${'[],'.repeat(600_000)}0]`))).toMatch(/more than 1000000 members/);
    expect(refusal(Buffer.from([0x22, 0xff, 0x22]))).toBe('The report is not encoded in UTF-8.');
  });

  it('has no brackets or commas in its strings, whatever escapes they hold', () => {
    const text = `"${'[,{'.repeat(400_000)}\\\\\\""`;
    const report = `{"artifact":{},"scanner":{"name":"x"},"pad":${text},"vulnerabilities":[]}`;
    expect(readReport(Buffer.from(report)).is).toBe('read');
    expect(readReport(Buffer.concat([Buffer.from('\ufeff'), Buffer.from(report)])).is).toBe('read');
  });

  it('is refused with more findings than are compared', () => {
    const many = Array.from({ length: 20_001 }, (_, at) => item({ id: `CVE-${at}` }));
    expect(refusal(bytesOf(withItems(many)))).toBe('The report has 20001 findings: at most 20000 are read.');
  });

  it('counts each vulnerability of a package once, and keeps the worst as rows', () => {
    const many = Array.from({ length: 5_000 }, (_, at) =>
      item({
        id: `CVE-${at % 2_500}`,
        severity: at % 2_500 === 7 ? 'Critical' : 'Low',
        fix_version: at % 2 ? '2' : '',
      }),
    );
    const { findings, counts } = read(withItems(many)).result;
    expect(counts).toMatchObject({
      low: { withFix: 1_249, withoutFix: 1_250 },
      critical: { withFix: 1, withoutFix: 0 },
    });
    expect(findings).toHaveLength(1_000);
    expect(findings[0]).toMatchObject({ id: 'CVE-7', severity: 'critical' });
    expect(findings.every(({ fixedIn }) => fixedIn === '2')).toBe(true);
  });

  it('keeps rows of at most a mebibyte', () => {
    const links = Array.from({ length: 5 }, (_, at) => `https://a.example/${at}${'x'.repeat(480)}`);
    const many = Array.from({ length: 1_000 }, (_, at) => item({ id: `CVE-${at}`, package: 'p'.repeat(500), links }));
    const { findings, counts } = read(withItems(many)).result;
    expect(Buffer.byteLength(JSON.stringify(findings))).toBeLessThan(1.01 * 1024 * 1024);
    expect(counts.low.withoutFix).toBe(1_000);
  });
});
