import { describe, expect, it } from 'vitest';
import { shownFindings } from '../../portal/src/pages/image/findings-order.ts';

const findings = [
  { id: 'CVE-1', package: 'zlib', severity: 'low', fixedIn: '2' },
  { id: 'CVE-2', package: 'openssl', severity: 'critical', cvss: 9, taken: { by: 'exception' } },
  { id: 'CVE-3', package: 'openssl', severity: 'critical', cvss: 8.5, fixedIn: '3' },
  { id: 'CVE-4', package: 'bash', severity: 'critical', cvss: 9.8 },
  { id: 'CVE-5', package: 'bash', severity: 'a new word' },
];
const named = (text: string, which: string) => shownFindings(findings, text, which).map(({ id }) => id);

describe('the findings of an image', () => {
  it('stand from the worst on, and what something takes away stands behind its like', () => {
    expect(named('', 'all')).toEqual(['CVE-4', 'CVE-3', 'CVE-2', 'CVE-1', 'CVE-5']);
  });

  it('are filtered by a part of their name or package, by their fix, and by what takes them away', () => {
    expect(named(' OpenSSL ', 'all')).toEqual(['CVE-3', 'CVE-2']);
    expect(named('cve-1', 'all')).toEqual(['CVE-1']);
    expect(named('', 'fixable')).toEqual(['CVE-3', 'CVE-1']);
    expect(named('', 'open')).not.toContain('CVE-2');
  });
});
