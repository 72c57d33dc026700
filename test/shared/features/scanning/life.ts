import type { Life, Look } from '../../app/life.ts';
import { pushImage } from '../../app/life.ts';
import { build } from '../builds/bases/building.ts';

const image = build('scanned/app', 'scanned');

export async function grow(life: Life): Promise<void> {
  const params = { name: 'block' };
  const goes = { params: { name: 'goes' } };
  await life.api('putScanPolicy', { params, body: { mode: 'audit', repositories: { include: ['scanned/*'] } } });
  await life.api('updateScanPolicy', { params, body: { graceHours: 72 } });
  await life.api('putScanPolicy', { ...goes, body: { mode: 'off' } });
  await life.api('deleteScanPolicy', goes);
  const exception = { vulnerability: 'CVE-2026-1', owner: 'team', reason: 'unused', expiresAt: '2099-01-01T00:00:00Z' };
  await life.api('putScanException', { params: { name: 'unused' }, body: exception });
  await life.api('putScanException', { ...goes, body: exception });
  await life.api('deleteScanException', goes);
  // Nothing listens there, so that a scan waits for another try.
  const scanner = {
    url: 'http://127.0.0.1:9',
    authentication: { type: 'bearer', secret: 'a secret of the scanner' },
    registryUrl: 'http://registry.test',
  };
  await life.api('putScanner', { params: { name: 'trivy' }, body: scanner });
  await life.api('checkScanner', { params: { name: 'trivy' } });
  await life.api('putScanner', { ...goes, body: { url: 'http://127.0.0.1:9' } });
  await life.api('deleteScanner', goes);
  await pushImage(life, image, '1');
  await life.api('scanImage', { body: { repository: 'scanned/app', reference: '1' } });
  const report = { SchemaVersion: 2, ArtifactName: 'app', Results: [] };
  await life.api('putImageReport', { query: { repository: 'scanned/app', digest: image.digest }, body: report });
}

export async function look(api: Look): Promise<void> {
  for (const list of ['listScanPolicies', 'listScanExceptions', 'listScanners', 'listScans']) await api(list);
  await api('getScanPolicy', { name: 'block' });
  await api('getScanException', { name: 'unused' });
  await api('getScanner', { name: 'trivy' });
  await api('getImageFindings', {}, { repository: 'scanned/app', reference: '1' });
}
