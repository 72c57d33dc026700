import { defined } from '../../core/documents/defined.ts';
import type { ManifestDocument } from '../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import type { Judgement } from '../../core/documents/verdict.ts';
import { maxEvidence, maxReasons } from '../../core/documents/verdict.ts';
import type { RegistryName } from '../../core/oci/name.ts';
import type { Clock } from '../../core/ports/clock.ts';
import { pending, strictest } from '../../core/verdicts/begin.ts';
import type { Covering } from '../../core/verdicts/coverage.ts';
import type { VerdictPolicy } from '../../core/verdicts/policies.ts';
import { unansweredTimes, verifiedAgainAt } from './again.ts';
import type { Found, GatherPorts, Subject } from './gather.ts';
import { gather } from './gather.ts';
import { demandsNothing } from './notation/authority.ts';
import type { Revocation } from './notation/revocation.ts';
import { boundedRevocation } from './notation/revocation.ts';
import { verifyNotation } from './notation/verify.ts';
import type { Outcome, SignedManifest, Verified } from './outcome.ts';
import type { TrustSettings } from './policy.ts';
import { trustPolicies } from './policy.ts';
import { faultsByRules } from './rules.ts';
import type { SigstoreTrust } from './sigstore/trusted-root.ts';
import { attestation, plainSignature, verifySigstore } from './sigstore/verify.ts';

export interface TrustPorts extends GatherPorts {
  readonly clock: Clock;
  readonly registry: RegistryName;
  /** Asks whether a certificate is revoked. */
  readonly revocation: Revocation;
  /** Reads a trusted root; `undefined` if there is none of this name, or it cannot be read. */
  readonly readRoot: (registry: RegistryName, name: string) => Promise<SigstoreTrust | undefined>;
}

/** The judgement by one policy. */
interface Met {
  readonly name: string;
  readonly mode: 'audit' | 'enforce';
  readonly isMet: boolean;
  /** False if there was nothing to verify. */
  readonly hasEvidence: boolean;
  /** True if a signature of somebody who is trusted meets it. */
  readonly isSigned: boolean;
  /** True if somebody who was asked gave no answer, by which it might have been met. */
  readonly isUnanswered: boolean;
  readonly reasons: readonly string[];
  readonly evidence: readonly string[];
  /** The time at which it is to be judged again. */
  readonly againAt: Date | undefined;
}

/** Judges a manifest by its signatures: every policy that covers it must be met, by one authority of each. */
export async function judgeTrust(
  given: TrustPorts,
  key: RepositoryKey,
  manifest: ManifestDocument,
  covering: readonly Covering[],
): Promise<Judgement> {
  const ports = { ...given, revocation: boundedRevocation(given.revocation) };
  const now = ports.clock.now();
  const policies = await policiesOf(ports, covering);
  const withIndexes = policies.some(({ settings }) => settings.subject === 'index-or-child');
  const subjects = await gather(ports, key, manifest, withIndexes);
  const met: Met[] = [];
  for (const policy of policies) met.push(await judgeBy(ports, policy, subjects, now));
  const waits = pending('trust', covering, now);
  const missing = met.filter(({ isMet }) => !isMet);
  const evidence = met.flatMap((each) => each.evidence).slice(0, maxEvidence);
  if (missing.length === 0) {
    const ends = met.flatMap(({ againAt }) => againAt ?? []).toSorted((a, b) => a.getTime() - b.getTime());
    const dueAt = ends[0]?.toISOString();
    const signed = met.some(({ isSigned }) => isSigned) || undefined;
    return { ...waits, state: 'passed', reasons: [], evidence, passedAt: waits.at, ...defined({ dueAt, signed }) };
  }
  const before = manifest.verdict?.trust;
  const isAllUnanswered = missing.every(({ isUnanswered }) => isUnanswered);
  const isAskedAgain = missing.some(({ isUnanswered }) => isUnanswered);
  return {
    ...waits,
    state: missing.some(({ hasEvidence }) => hasEvidence) ? 'failed' : 'pending',
    mode: strictest(missing),
    reasons: missing.flatMap(({ reasons }) => reasons).slice(0, maxReasons),
    evidence,
    ...defined({ passedAt: before?.passedAt }),
    ...(isAskedAgain ? unansweredTimes(before, { version: waits.version, isAllUnanswered, now }) : {}),
  };
}

/** Reads the policies that cover it; one that was just deleted is not asked for any more. */
async function policiesOf(
  { documents, registry }: TrustPorts,
  covering: readonly Covering[],
): Promise<(VerdictPolicy<TrustSettings> & { readonly mode: 'audit' | 'enforce' })[]> {
  const found = await Promise.all(
    covering.map(async ({ name, mode }) => {
      const policy = await trustPolicies.find(documents, registry, name);
      return policy === undefined ? [] : [{ ...policy, mode }];
    }),
  );
  return found.flat();
}

/** The refusals that a policy's reasons repeat. */
const refusalsShown = 4;

async function judgeBy(
  ports: TrustPorts,
  { name, settings, mode }: VerdictPolicy<TrustSettings> & { readonly mode: 'audit' | 'enforce' },
  subjects: readonly Subject[],
  now: Date,
): Promise<Met> {
  const base = { name, mode, reasons: [], evidence: [], againAt: undefined, isUnanswered: false, isSigned: false };
  if (settings.attestation === undefined && settings.rules.length > 0)
    return {
      ...base,
      isMet: false,
      hasEvidence: false,
      reasons: [`the policy ${name} has rules, and names no attestation`],
    };
  if (settings.attestation === undefined && settings.notation.some(demandsNothing))
    return { ...base, isMet: true, hasEvidence: false, evidence: [`The policy ${name} demands no signature.`] };
  const counted = settings.subject === 'itself' ? subjects.slice(0, 1) : subjects;
  const refusals: string[] = [];
  let [tried, isUnanswered] = [0, false];
  for (const { manifest, found, notes } of counted) {
    refusals.push(...notes);
    for (const each of found) {
      tried += 1;
      const outcome = await verify(ports, each, settings, manifest, now);
      if (outcome.is === 'verified')
        return {
          ...base,
          isMet: true,
          hasEvidence: true,
          isSigned: outcome.isUntrusted !== true,
          evidence: evidenceOf(name, each, outcome),
          againAt: verifiedAgainAt(outcome, now),
        };
      refusals.push(outcome.reason, ...(outcome.more ?? []));
      isUnanswered ||= outcome.isUnanswered === true;
    }
  }
  const reasons = reasonsFor(name, settings, tried, refusals);
  return { ...base, isMet: false, hasEvidence: tried > 0, isUnanswered, reasons };
}

/** The notes of a signature that a verdict repeats. */
const notesShown = 3;

function evidenceOf(name: string, found: Found, { signer, notes }: Verified): string[] {
  const whole = `${name}: ${found.in} is signed by the ${signer.kind} ${signer.name}`;
  return [whole, ...notes.slice(0, notesShown).map((note) => `${name}: ${note}`)].map(cut);
}

function reasonsFor(name: string, settings: TrustSettings, tried: number, refusals: readonly string[]): string[] {
  const wanted = settings.attestation === undefined ? 'signature' : `attestation of the type ${settings.attestation}`;
  const first =
    tried === 0
      ? `the policy ${name} asks for a ${wanted}, and there is none yet`
      : `the policy ${name} asks for a ${wanted} by one of its authorities, and none of ${tried} counts`;
  return [first, ...new Set(refusals)].slice(0, refusalsShown + 1).map(cut);
}

/** Asks each authority that can judge a signature of this kind; the reason is that of the last one. */
async function verify(
  ports: TrustPorts,
  found: Found,
  settings: TrustSettings,
  manifest: SignedManifest,
  now: Date,
): Promise<Outcome> {
  let last: Outcome = { is: 'refused', reason: `No authority of the policy judges the signature in ${found.in}.` };
  if (found.is === 'notation') {
    if (settings.attestation !== undefined) return last;
    const envelope = { mediaType: found.mediaType, bytes: found.bytes };
    let unanswered: Outcome | undefined;
    for (const authority of settings.notation) {
      last = await verifyNotation(envelope, authority, manifest, now, ports.revocation);
      if (last.is === 'verified') return last;
      if (last.isUnanswered === true) unanswered = last;
    }
    return unanswered ?? last;
  }
  const authorities = [
    ...settings.sigstoreKeys.map((authority) => ({ is: 'key' as const, ...authority })),
    ...settings.sigstoreIdentities.map((authority) => ({ is: 'identity' as const, ...authority })),
  ];
  for (const authority of authorities) {
    const { trustedRoot } = authority;
    const root = trustedRoot === undefined ? undefined : await ports.readRoot(ports.registry, trustedRoot);
    const outcome = await verifySigstore(found.candidate, authority, root, manifest, now);
    last = settings.attestation === undefined ? plainSignature(outcome) : attestation(outcome, settings.attestation);
    last = byRules(last, settings);
    if (last.is === 'verified') return last;
  }
  return last;
}

/** Refuses an attestation whose content is not as the policy asks, with each rule that it does not meet. */
function byRules(outcome: Outcome, { rules }: TrustSettings): Outcome {
  if (outcome.is === 'refused') return outcome;
  const [reason, ...more] = faultsByRules(outcome.statement, rules);
  return reason === undefined ? outcome : { is: 'refused', reason, more };
}

function cut(text: string): string {
  return text.length <= 500 ? text : `${text.slice(0, 499)}…`;
}
