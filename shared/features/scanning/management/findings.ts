import { defined } from '../../../core/documents/defined.ts';
import type { ManifestDocument } from '../../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../../core/documents/names.ts';
import { scans } from '../documents.ts';
import { asRule, listExceptions } from '../exceptions.ts';
import type { Finding } from '../findings.ts';
import { noCounts } from '../findings.ts';
import type { Evaluated } from '../judging/evaluate.ts';
import { evaluate, isScannable } from '../judging/evaluate.ts';
import type { ScanException, ScanPolicy } from '../policy.ts';
import { scanPolicies } from '../policy.ts';
import { shownText } from '../shown-text.ts';
import type { Suppression } from '../suppress.ts';
import { suppressor } from '../suppress.ts';
import type { ScanningHttpPorts } from './ports.ts';
import { showScan } from './scans-http.ts';

/** Returns the findings of an image, or of each image of an index, as the API shows them. Throws `StoreFailure`. */
export async function findingsOf(ports: ScanningHttpPorts, key: RepositoryKey, manifest: ManifestDocument) {
  const { documents, registry, coverage } = ports;
  const [covering, exceptions] = await Promise.all([coverage.of(key), listExceptions(documents, registry)]);
  const policies = await Promise.all(
    covering
      .filter(({ part }) => part === 'scan')
      .map(async ({ name, mode }): Promise<ScanPolicy[]> => {
        const found = await scanPolicies.find(documents, registry, name);
        return found === undefined ? [] : [{ ...found.settings, mode, name }];
      }),
  );
  const rules = { policies: policies.flat(), exceptions: exceptions.map(asRule) };
  const evaluated = await evaluate(ports, key, manifest, rules);
  return Promise.all(
    evaluated.map(async (each) => {
      const { digest } = each.manifest;
      const scan = each.scan ?? (await scans.find(documents, { ...key, digest }))?.document;
      return { ...shown(key, each, rules.exceptions, ports.clock.now()), ...defined({ scan: scan && showScan(scan) }) };
    }),
  );
}

function shown(key: RepositoryKey, each: Evaluated, exceptions: readonly ScanException[], now: Date) {
  const { manifest, digests, result, scan, decided } = each;
  const { os, architecture } = manifest.platform ?? {};
  const state: 'reported' | 'waiting' | 'unscannable' =
    result !== undefined
      ? 'reported'
      : isScannable(manifest) && scan?.outcome !== 'unscannable'
        ? 'waiting'
        : 'unscannable';
  // Statements that only one of several policies believes are shown with the first one that does.
  const vex = decided.flatMap((one) => one.vex);
  const taken = suppressor({ repository: key.repository, digests }, exceptions, vex, now);
  return {
    digest: manifest.digest,
    state,
    counts: result?.result.counts ?? noCounts(),
    findings: (result?.result.findings ?? []).map((finding) => showFinding(finding, taken(finding))),
    policies: decided.map(({ policy, decision }) => ({
      name: policy.name,
      mode: policy.mode,
      effect: decision.effect,
      counts: decision.counts,
      reasons: [...decision.reasons],
      notes: [...decision.notes],
      ...defined({ graceUntil: decision.graceUntil, nextChangeAt: decision.nextChangeAt }),
    })),
    ...defined({
      platform: os === undefined || architecture === undefined ? undefined : `${os}/${architecture}`,
      report: result && showReport(result),
    }),
  };
}

function showFinding(finding: Finding, taken: Suppression) {
  const { aliases, purl, fixedIn, fixedSince, cvss, ...rest } = finding;
  return { ...rest, ...defined({ aliases, purl, fixedIn, fixedSince, cvss, taken: showTaken(taken) }) };
}

function showTaken(taken: Suppression) {
  if (taken.by === 'nothing') return undefined;
  if (taken.by === 'vex')
    return {
      by: taken.by,
      reason: shownText(taken.justification),
      policy: taken.author,
      document: shownText(taken.document),
    };
  const { id, expiresAt, owner, reason } = taken.exception;
  return { by: taken.by, exception: id, expiresAt, owner, reason };
}

function showReport({ by, format, scannedAt, receivedAt, result, report, sbom }: NonNullable<Evaluated['result']>) {
  return {
    by,
    format,
    scanner: result.scanner,
    scannedAt,
    receivedAt,
    notes: [...result.notes],
    ...defined({ report, sbom: sbom?.digest }),
  };
}
