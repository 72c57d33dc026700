import { defined } from '../../../core/documents/defined.ts';
import type { ManifestDocument } from '../../../core/documents/manifest.ts';
import type { Judgement } from '../../../core/documents/verdict.ts';
import { maxEvidence, maxReasons } from '../../../core/documents/verdict.ts';
import { isIndexMediaType } from '../../../core/oci/media-types.ts';
import { pending, strictest } from '../../../core/verdicts/begin.ts';
import type { Covering } from '../../../core/verdicts/coverage.ts';
import type { Judge } from '../../../core/verdicts/judge.ts';
import type { VerdictPolicy } from '../../../core/verdicts/policies.ts';
import { asRule, listExceptions } from '../exceptions.ts';
import type { ScanPolicy, ScanSettings } from '../policy.ts';
import { scanPolicies } from '../policy.ts';
import type { JudgingPorts } from '../ports.ts';
import { askForScan } from '../scans/ask.ts';
import { shownText } from '../shown-text.ts';
import type { Decided, Evaluated } from './evaluate.ts';
import { evaluate, isScannable } from './evaluate.ts';

type Policy = VerdictPolicy<ScanSettings> & { readonly mode: 'audit' | 'enforce' };

/**
 * Judges a manifest by the last report about it, and asks for a scan where there is none. The last report counts until
 * a newer one is there, so a scan that is repeated closes nothing.
 */
export function scanJudge(ports: JudgingPorts): Judge<'scan'> {
  return {
    part: 'scan',
    async judge(key, manifest, covering) {
      const stored = await policiesOf(ports, covering);
      if (stored.length === 0) return undefined;
      const policies = stored.map(asPolicy);
      const exceptions = (await listExceptions(ports.documents, ports.registry)).map(asRule);
      const evaluated = await evaluate(ports, key, manifest, { policies, exceptions });
      const waiting = evaluated.filter(({ decided }) => decided.length === 0);
      const wantsScan = stored.find(({ settings }) => settings.scanOnPush);
      if (wantsScan !== undefined && isScannable(manifest) && waiting.length > 0)
        await askForScan(ports, key, manifest.digest, wantsScan.settings.scanner);
      const waits = pending('scan', covering, ports.clock.now());
      if (waiting.length === 0) return judgementOf(manifest, evaluated, waits, ports.clock.now());
      return isOpenBacklog(manifest, stored) ? undefined : waitingJudgement(manifest, waiting, waits);
    },
  };
}

/** Reads the policies that cover it; one that was just deleted is not asked for any more. */
async function policiesOf({ documents, registry }: JudgingPorts, covering: readonly Covering[]): Promise<Policy[]> {
  const found = await Promise.all(
    covering.map(async ({ name, mode }) => {
      const policy = await scanPolicies.find(documents, registry, name);
      return policy === undefined ? [] : [{ ...policy, mode }];
    }),
  );
  return found.flat();
}

function asPolicy({ name, settings, mode }: Policy): ScanPolicy {
  return { ...settings, mode, name };
}

/**
 * Says whether a manifest without a judgement stays open until its first report: it was there before every policy, and
 * none of them holds its backlog. One that was pushed later is held, also where an instance did not know of it yet.
 */
function isOpenBacklog({ verdict, createdAt }: ManifestDocument, policies: readonly Policy[]): boolean {
  return (
    verdict?.scan === undefined &&
    policies.every(({ settings, updatedAt }) => settings.backlog === 'open' && createdAt <= updatedAt)
  );
}

function waitingJudgement(manifest: ManifestDocument, waiting: readonly Evaluated[], waits: Judgement): Judgement {
  const before = manifest.verdict?.scan;
  const reasons = waiting.map((each) => `${nameIn(manifest, each)}${waitingReason(each)}`);
  return {
    ...waits,
    reasons: [...new Set(reasons)].slice(0, maxReasons).map(cut),
    ...defined({ passedAt: before?.passedAt, failingSince: before?.failingSince }),
  };
}

function waitingReason({ scan }: Evaluated): string {
  if (scan === undefined) return 'there is no report about it yet';
  if (scan.outcome === 'failed')
    return `the scan by "${scan.scanner}" failed: ${scan.reason ?? 'the scanner gave no reason'}`;
  const again = scan.reason === undefined ? '' : `, and is tried again: ${scan.reason}`;
  return `its scan by "${scan.scanner}" has not ended yet${again}`;
}

/** Joins the decisions of all policies about all images. Each enforced policy closes at its own time, the first decides. */
function judgementOf(
  manifest: ManifestDocument,
  evaluated: readonly Evaluated[],
  waits: Judgement,
  now: Date,
): Judgement {
  const all = evaluated.flatMap((image) => image.decided.map((each) => ({ ...each, image })));
  const failing = all.filter(({ decision }) => decision.effect !== 'open');
  const evidence = evaluated.map((each) => `${nameIn(manifest, each)}${evidenceOf(each)}`);
  const common = {
    ...waits,
    evidence: [...new Set(evidence)].slice(0, maxEvidence).map(cut),
    ...defined({ dueAt: earliest(all.map(({ decision }) => decision.nextChangeAt)) }),
  };
  const before = manifest.verdict?.scan;
  if (failing.length === 0) return { ...common, state: 'passed', reasons: [], passedAt: waits.at };
  const reasons = failing
    .toSorted((a, b) => Number(b.decision.effect === 'closed') - Number(a.decision.effect === 'closed'))
    .flatMap(({ decision, image }) => decision.reasons.map((reason) => `${nameIn(manifest, image)}${reason}`));
  return {
    ...common,
    state: 'failed',
    mode: strictest(failing.flatMap(({ policy }) => (policy.mode === 'off' ? [] : [{ mode: policy.mode }]))),
    reasons: [...new Set(reasons)].slice(0, maxReasons).map(cut),
    failingSince: before?.failingSince ?? now.toISOString(),
    ...defined({ passedAt: before?.passedAt, graceUntil: graceOf(failing) }),
  };
}

/** Returns the end of the grace; `undefined` where one enforced policy has none, or its grace is over. */
function graceOf(failing: readonly Decided[]): string | undefined {
  const enforced = failing.filter(({ policy }) => policy.mode === 'enforce');
  return enforced.every(({ decision }) => decision.graceUntil !== undefined)
    ? earliest(enforced.map(({ decision }) => decision.graceUntil))
    : undefined;
}

function earliest(times: readonly (string | undefined)[]): string | undefined {
  return times.filter((each) => each !== undefined).toSorted()[0];
}

function evidenceOf({ result, decided }: Evaluated): string {
  if (result === undefined) return 'no scanner can scan it';
  const { scanner } = result.result;
  const database = scanner.databaseUpdatedAt === undefined ? '' : `, database of ${scanner.databaseUpdatedAt}`;
  const by = `${shownText(scanner.name, 60)} ${shownText(scanner.version, 40)}`.trim();
  const from = result.by.is === 'caller' ? `, put by ${shownText(result.by.name, 100)}` : ` (${result.by.name})`;
  const taken = decided.reduce(
    (sum, { decision }) => Math.max(sum, decision.exceptions.length + decision.vex.length),
    0,
  );
  const less = taken === 0 ? '' : `; ${taken} exceptions or VEX statements applied`;
  return `report of ${by}${from} of ${result.scannedAt}${database}${less}`;
}

/** Names the image of an index that a sentence is about. */
function nameIn({ digest, mediaType }: ManifestDocument, image: Evaluated): string {
  if (!isIndexMediaType(mediaType) || image.manifest.digest === digest) return '';
  const { os, architecture } = image.manifest.platform ?? {};
  const platform =
    os === undefined || architecture === undefined ? '' : `${shownText(os, 30)}/${shownText(architecture, 30)} `;
  return `${platform}${image.manifest.digest.slice(0, 19)}: `;
}

function cut(text: string): string {
  return text.slice(0, 500);
}
