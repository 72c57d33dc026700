import { afterEach, describe, expect, it } from 'vitest';
import { outboundClient } from '../../../../../shared/core/outbound/outbound-client.ts';
import { loopbackNetworks, reachOf } from '../../../../../shared/core/outbound/public-address.ts';
import type { AskScanner } from '../../../../../shared/features/scanning/adapter/ask-scanner.ts';
import { guardedAsk } from '../../../../../shared/features/scanning/adapter/ask-scanner.ts';
import { registryAuthorization } from '../../../../../shared/features/scanning/adapter/authorization.ts';
import { mediaTypes } from '../../../../../shared/features/scanning/adapter/media-types.ts';
import { askMetadata, capabilityFor } from '../../../../../shared/features/scanning/adapter/metadata.ts';
import type { ScannerTarget } from '../../../../../shared/features/scanning/adapter/registration.ts';
import { scannerRegistrationSchema, targetOf } from '../../../../../shared/features/scanning/adapter/registration.ts';
import type { ReportOutcome, ScanUnderWay } from '../../../../../shared/features/scanning/adapter/report.ts';
import { askReport } from '../../../../../shared/features/scanning/adapter/report.ts';
import type { ScanRequest } from '../../../../../shared/features/scanning/adapter/scan.ts';
import { askScan, vulnerabilityReportOf } from '../../../../../shared/features/scanning/adapter/scan.ts';
import { maxReportBytes } from '../../../../../shared/features/scanning/formats/report-json.ts';
import type { Quirks, StandInAdapter } from './stand-in-adapter.ts';
import { startStandInAdapter } from './stand-in-adapter.ts';

const ask = guardedAsk(outboundClient({ reach: reachOf(loopbackNetworks) }));
const running: StandInAdapter[] = [];
afterEach(() => {
  for (const adapter of running.splice(0)) adapter.close();
});

async function adapterWith(quirks: Quirks = {}) {
  const adapter = await startStandInAdapter(quirks);
  running.push(adapter);
  const target: ScannerTarget = { url: adapter.url, headers: {}, timeoutMs: 20_000 };
  return { adapter, target };
}

const digest = `sha256:${'a'.repeat(64)}`;
const artifact = {
  repository: 'team/app',
  digest,
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  tag: '1.2',
};
const wanted = { reportType: mediaTypes.report };
const request: ScanRequest = {
  registryUrl: 'https://registry.example',
  authorization: 'Bearer token',
  artifact,
  wanted: [wanted],
};
const startedAt = new Date('2026-11-30T08:00:00Z');
const later = (seconds: number) => new Date(startedAt.getTime() + seconds * 1_000);

function underWay(id: string, more: Partial<ScanUnderWay> = {}): ScanUnderWay {
  return { id, artifact, wanted, startedAt, totalMs: 30 * 60_000, ...more };
}

async function reportWith(quirks: Quirks, prepare?: (adapter: StandInAdapter) => void): Promise<ReportOutcome> {
  const { adapter, target } = await adapterWith(quirks);
  prepare?.(adapter);
  const accepted = await askScan(ask, target, request);
  if (accepted.is !== 'accepted') throw new Error(`not accepted: ${accepted.reason}`);
  const waits = quirks.hangs === undefined && quirks.declaredLength === undefined;
  return askReport(bounded, { ...target, timeoutMs: waits ? 20_000 : 150 }, underWay(accepted.id), later(10));
}

/** Asks with the bound of the client, or a hundredth of it, so that no test sends 32 MiB. */
const bounded: AskScanner = {
  askScanner: (asked) => ask.askScanner({ ...asked, mostBytes: Math.min(asked.mostBytes, maxReportBytes) / 100 }),
};

describe('a scan by an adapter', () => {
  it('goes from the request over questions to the report', async () => {
    const { adapter, target } = await adapterWith();
    adapter.polls = 1;
    adapter.vulnerabilities = [
      {
        id: 'CVE-2026-1',
        package: 'openssl',
        version: '3.0.11-1',
        fix_version: '3.0.15-1',
        severity: 'High',
        links: [],
      },
    ];
    expect(await askScan(ask, target, request)).toEqual({ is: 'accepted', id: 'scan-1' });
    expect(await askReport(ask, target, underWay('scan-1'), later(2))).toEqual({
      is: 'running',
      askAgainAt: later(3),
    });
    const outcome = await askReport(ask, target, underWay('scan-1'), later(7));
    expect(outcome).toMatchObject({
      is: 'report',
      result: {
        scanner: { name: 'Stand-in', vendor: 'Tests', version: '1.0' },
        findings: [{ id: 'CVE-2026-1', package: 'openssl', fixedIn: '3.0.15-1', severity: 'high' }],
      },
    });
    expect(adapter.seen.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'POST /api/v1/scan',
      'GET /api/v1/scan/scan-1/report',
      'GET /api/v1/scan/scan-1/report',
    ]);
  });

  it('asks with the body and the media types of the specification', async () => {
    const { adapter, target } = await adapterWith();
    const sbom = { reportType: mediaTypes.sbomReport, sbomMediaType: 'application/vnd.cyclonedx+json' };
    await askScan(ask, target, { ...request, wanted: [wanted, sbom] });
    expect(adapter.seen[0]?.headers['content-type']).toBe(
      'application/vnd.scanner.adapter.scan.request+json; version=1.1',
    );
    expect(JSON.parse(adapter.seen[0]?.body ?? '')).toEqual({
      registry: { url: 'https://registry.example', authorization: 'Bearer token' },
      artifact: { repository: 'team/app', digest, mime_type: artifact.mediaType, tag: '1.2' },
      enabled_capabilities: [
        {
          type: 'vulnerability',
          produces_mime_types: ['application/vnd.security.vulnerability.report; version=1.1'],
        },
        {
          type: 'sbom',
          produces_mime_types: ['application/vnd.security.sbom.report+json; version=1.0'],
          parameters: { sbom_media_types: ['application/vnd.cyclonedx+json'] },
        },
      ],
    });
    expect(await askReport(ask, target, underWay('scan-1', { wanted: sbom }), later(3))).toEqual({
      is: 'sbom',
      mediaType: 'application/vnd.cyclonedx+json',
      sbom: { bomFormat: 'CycloneDX', components: [] },
    });
    expect(adapter.seen[1]?.path).toBe('/api/v1/scan/scan-1/report?sbom_media_type=application%2Fvnd.cyclonedx%2Bjson');
  });

  it('is clean when the report has no list at all', async () => {
    expect(await reportWith({})).toMatchObject({ is: 'report', result: { findings: [] } });
  });

  it.each([
    [422, false],
    [400, false],
    [401, false],
    [429, true],
    [500, true],
    [503, true],
  ])('fails by the answer %s, which may be retried: %s', async (status, mayRetry) => {
    const { target } = await adapterWith({ scanFault: { status, message: 'no\nroom' } });
    expect(await askScan(ask, target, request)).toEqual({
      is: 'failed',
      reason: `The scanner answered the request for a scan with ${status}: no\\u{a}room.`,
      mayRetry,
    });
  });

  it('is impossible for a type that the scanner does not know', async () => {
    const { target } = await adapterWith();
    const chart = { ...artifact, mediaType: 'application/vnd.cncf.helm.config.v1+json' };
    expect(await askScan(ask, target, { ...request, artifact: chart })).toMatchObject({ is: 'unscannable' });
  });

  it.each(['.', '..', '', 'a b', 'x'.repeat(301)])('is not believed with the id %j', async (id) => {
    const { target } = await adapterWith({ id });
    expect(await askScan(ask, target, request)).toMatchObject({ is: 'failed', mayRetry: false });
  });

  it('keeps an id that would lead elsewhere within its path', async () => {
    const { adapter, target } = await adapterWith({ id: '../../metadata?x=#y' });
    const accepted = await askScan(ask, target, request);
    expect(accepted).toMatchObject({ is: 'accepted' });
    expect(await askReport(ask, target, underWay('../../metadata?x=#y'), later(3))).toMatchObject({ is: 'report' });
    expect(adapter.seen[1]?.path).toBe('/api/v1/scan/..%2F..%2Fmetadata%3Fx%3D%23y/report');
  });
});

describe('a question for a report', () => {
  it.each([
    [undefined, 1],
    ['15', 15],
    ['0', 1],
    ['100000', 60],
    ['-3', 1],
    ['soon', 1],
  ])('is repeated with Refresh-After %j after %s seconds', async (refreshAfter, seconds) => {
    const outcome = await reportWith(refreshAfter === undefined ? {} : { refreshAfter }, (adapter) => {
      adapter.polls = 1;
    });
    expect(outcome).toEqual({ is: 'running', askAgainAt: later(10 + seconds) });
  });

  it('never follows where the adapter leads', async () => {
    const { adapter: other } = await adapterWith();
    const outcome = await reportWith({ redirectsTo: `${other.url}/secret` }, (adapter) => {
      adapter.polls = 1;
    });
    expect(outcome).toMatchObject({ is: 'running' });
    expect(other.seen).toEqual([]);
    expect(await reportWith({ reportStatus: 307 })).toMatchObject({ is: 'failed', mayRetry: false });
  });

  it('ends when the time for the scan is over, whether the adapter is busy or hangs', async () => {
    const { adapter, target } = await adapterWith();
    adapter.polls = 9;
    await askScan(ask, target, request);
    const scan = underWay('scan-1', { totalMs: 60_000 });
    expect(await askReport(ask, target, scan, later(59))).toMatchObject({ is: 'running' });
    const over = { is: 'failed', mayRetry: false };
    expect(await askReport(ask, target, scan, later(60))).toMatchObject(over);
    adapter.quirks.hangs = ['report'];
    expect(await askReport(ask, { ...target, timeoutMs: 100 }, scan, later(60))).toMatchObject(over);
  });

  it('may be repeated when the adapter hangs', async () => {
    expect(await reportWith({ hangs: ['report'] })).toEqual({
      is: 'failed',
      reason: 'The scanner could not be asked: it gave no whole answer in 150 ms.',
      mayRetry: true,
    });
  });

  it('says that an unknown scan is gone, and that a failed one has failed for good', async () => {
    const { target } = await adapterWith();
    expect(await askReport(ask, target, underWay('other'), later(3))).toMatchObject({ is: 'gone' });
    expect(await reportWith({ reportStatus: 500 })).toEqual({
      is: 'failed',
      reason: 'The scanner answered the question for a report with 500: the scan failed.',
      mayRetry: false,
    });
    expect(await reportWith({ reportStatus: 503 })).toMatchObject({ is: 'failed', mayRetry: true });
  });

  it.each<[string, Quirks, RegExp]>([
    ['another digest', { answersFor: { digest: `sha256:${'b'.repeat(64)}` } }, /about another image/],
    ['another repository', { answersFor: { repository: 'team/other' } }, /about another image: team\/other@/],
    ['no image', { answersFor: 'nothing' }, /does not name the image/],
    ['too many bytes', { paddedBy: 340_000 }, /larger than 335544/],
    ['a longer declared length', { declaredLength: 100_000_000 }, /could not be asked/],
    ['a shorter declared length', { declaredLength: 40 }, /.+/],
    ['another content type', { contentType: 'text/html' }, /has the type text\/html instead of/],
    ['another version', { contentType: 'application/vnd.security.vulnerability.report; version=2.0' }, /has the type/],
    ['a packed body', { contentEncoding: 'gzip' }, /packed/],
    ['no JSON', { body: '{"artifact":' }, /is not JSON/],
    ['deep nesting', { body: '['.repeat(100_000) }, /nested more than/],
  ])('does not believe a report with %s', async (_, quirks, reason) => {
    const outcome = await reportWith(quirks);
    expect(outcome).toMatchObject({ is: 'failed', reason: expect.stringMatching(reason) as string });
    expect('reason' in outcome && /^[A-Z].*\.$/.test(outcome.reason)).toBe(true);
  });
});

describe('the metadata of a scanner', () => {
  it('name its abilities, its database and the settings that make a report mean less', async () => {
    const { target } = await adapterWith({
      properties: {
        'harbor.scanner-adapter/registry-authorization-type': 'Basic',
        'harbor.scanner-adapter/vulnerability-database-next-update-at': 'never',
        'env.SCANNER_TRIVY_IGNORE_UNFIXED': 'true',
        'env.SCANNER_TRIVY_SEVERITY': 'HIGH,CRITICAL',
        'env.SCANNER_TRIVY_GITHUB_TOKEN': 'secret',
        'env.SCANNER_TRIVY_VULN_TYPE': 'os',
      },
    });
    const answer = await askMetadata(ask, target);
    if (answer.is !== 'metadata') throw new Error(answer.reason);
    const { metadata } = answer;
    expect(metadata.scanner.databaseUpdatedAt).toBe('2026-11-30T06:00:00.000Z');
    expect(metadata).not.toHaveProperty('databaseNextUpdateAt');
    expect(metadata.registryAuthorization).toBe('Basic');
    expect(JSON.stringify(metadata)).not.toContain('secret');
    expect(metadata.notes).toEqual([
      'The scanner leaves out findings for which there is no fix.',
      'The scanner leaves out findings of severity unknown, low, medium.',
      'The scanner leaves out libraries of languages.',
    ]);
    const capability = capabilityFor(metadata, 'vulnerability', artifact.mediaType);
    expect(capability && vulnerabilityReportOf(capability)).toEqual({ reportType: mediaTypes.report });
    expect(capabilityFor(metadata, 'sbom', artifact.mediaType)?.sbomMediaTypes).toContain('application/spdx+json');
    expect(capabilityFor(metadata, 'vulnerability', 'application/vnd.oci.image.index.v1+json')).toBeUndefined();
  });

  it('are not waited for when the adapter hangs', async () => {
    const { target } = await adapterWith({ hangs: ['metadata'] });
    expect(await askMetadata(ask, { ...target, timeoutMs: 100 })).toMatchObject({ is: 'failed', mayRetry: true });
  });
});

describe('a registered scanner', () => {
  it('is not asked at a private address unless that is opened', async () => {
    const { adapter, target } = await adapterWith();
    const closed = guardedAsk(outboundClient({ reach: reachOf([]) }));
    expect(await askMetadata(closed, target)).toMatchObject({ is: 'failed', mayRetry: false });
    expect(await askScan(closed, target, request)).toMatchObject({ is: 'failed', mayRetry: false });
    const open = await askMetadata(closed, { ...target, url: 'http://8.8.8.8' });
    expect(open).toMatchObject({ is: 'failed', reason: expect.stringContaining('must begin with https') as string });
    expect(adapter.seen).toEqual([]);
  });

  it.each([
    [{ type: 'basic', username: 'scan', secret: 'a' } as const, 'authorization', 'Basic c2NhbjpzM2NyM3Q='],
    [{ type: 'bearer', secret: 'a' } as const, 'authorization', 'Bearer s3cr3t'],
    [{ type: 'apiKey', secret: 'a' } as const, 'x-scanneradapter-api-key', 's3cr3t'],
  ])('gets the credential of %j', async (authentication, header, value) => {
    const { adapter } = await adapterWith({ demands: { header, value } });
    const registration = scannerRegistrationSchema.parse({ name: 'one', url: `${adapter.url}/`, authentication });
    expect(await askMetadata(ask, targetOf(registration, 's3cr3t'))).toMatchObject({ is: 'metadata' });
    expect(await askMetadata(ask, targetOf(registration, 'wrong'))).toMatchObject({ is: 'failed' });
  });

  it.each([
    'ftp://scanner.example',
    'https://user:password@scanner.example',
    'https://scanner.example/?a',
    'https://scanner.example/#a',
    'https://scanner.example/a b',
    'scanner',
  ])('is refused at %s', (url) => {
    expect(scannerRegistrationSchema.safeParse({ name: 'one', url }).success).toBe(false);
  });

  it('gets the credential for the registry in the form that it wants', () => {
    expect(registryAuthorization('t', { registryAuthorization: 'Bearer' })).toBe('Bearer t');
    expect(registryAuthorization('t', { registryAuthorization: 'Basic' })).toBe(
      `Basic ${Buffer.from('00000000-0000-0000-0000-000000000000:t').toString('base64')}`,
    );
  });
});
