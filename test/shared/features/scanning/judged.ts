import type { Decision, DecisionTimes, ScanRules } from '../../../../shared/features/scanning/decide.ts';
import { decide } from '../../../../shared/features/scanning/decide.ts';
import type { Finding, ScanResult } from '../../../../shared/features/scanning/findings.ts';
import { gatherFindings } from '../../../../shared/features/scanning/findings.ts';
import { readOpenVex } from '../../../../shared/features/scanning/openvex.ts';
import type { ScanException, ScanPolicy } from '../../../../shared/features/scanning/policy.ts';
import { exceptionSchema, scanPolicySchema } from '../../../../shared/features/scanning/policy.ts';

const dayMs = 24 * 3600 * 1000;
export const day = (number: number) => new Date(Date.UTC(2026, 0, 1) + number * dayMs);
const digest = `sha256:${'a'.repeat(64)}`;
const image = { repository: 'team/app', digests: [digest] };

export const policy = (more: object = {}): ScanPolicy =>
  scanPolicySchema.parse({ name: 'production', mode: 'enforce', block: { severity: 'high' }, ...more });
export const exception = (more: object = {}): ScanException => ({
  ...exceptionSchema.parse({
    vulnerability: 'CVE-1',
    owner: 'team',
    reason: 'not reachable',
    expiresAt: day(10).toISOString(),
    ...more,
  }),
  id: 'one',
});
export const finding = (more: Partial<Finding> = {}): Finding => ({
  id: 'CVE-1',
  package: 'openssl',
  version: '3.0.11-1',
  severity: 'high',
  links: [],
  ...more,
});
export const resultOf = (...findings: Finding[]): ScanResult => ({
  scanner: { name: 'x', vendor: '', version: '' },
  ...gatherFindings(findings),
  notes: [],
});

export function vex(author: string, status: string, name = 'CVE-1') {
  const statement = {
    vulnerability: { name },
    products: [{ '@id': `pkg:oci/app@${digest}` }],
    status,
    ...(status === 'not_affected' ? { justification: 'component_not_present' } : {}),
    ...(status === 'affected' ? { action_statement: 'Update.' } : {}),
  };
  const text = JSON.stringify({
    '@context': 'https://openvex.dev/ns/v0.2.0',
    '@id': 'https://vex.example/1',
    author: 'x',
    timestamp: '2025-01-01T00:00:00Z',
    statements: [statement],
  });
  const reading = readOpenVex(Buffer.from(text));
  if (reading.is === 'refused') throw new Error(reading.reason);
  return { author, documents: [reading.document] };
}

export function decided(
  result: ScanResult | 'unscannable',
  rules: Partial<ScanRules> = {},
  times: Partial<DecisionTimes> = {},
): Decision {
  return decide(result, { policies: [policy()], exceptions: [], vex: [], ...rules }, image, { now: day(0), ...times });
}
