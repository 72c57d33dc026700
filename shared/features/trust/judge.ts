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
import type { Found, GatherPorts, Subject } from './gather.ts';
import { gather } from './gather.ts';
import { demandsNothing } from './notation/authority.ts';
import { verifyNotation } from './notation/verify.ts';
import type { Outcome, SignedManifest } from './outcome.ts';
import type { TrustSettings } from './policy.ts';
import { trustPolicies } from './policy.ts';
import type { SigstoreTrust } from './sigstore/trusted-root.ts';
import { attestation, plainSignature, verifySigstore } from './sigstore/verify.ts';

export interface TrustPorts extends GatherPorts {
  readonly clock: Clock;
  readonly registry: RegistryName;
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
  readonly reasons: readonly string[];
  readonly evidence: readonly string[];
  readonly expiresAt: Date | undefined;
}

/** Judges a manifest by its signatures: every policy that covers it must be met, by one authority of each. */
export async function judgeTrust(
  ports: TrustPorts,
  key: RepositoryKey,
  manifest: ManifestDocument,
  covering: readonly Covering[],
): Promise<Judgement> {
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
    const ends = met.flatMap(({ expiresAt }) => expiresAt ?? []).toSorted((a, b) => a.getTime() - b.getTime());
    const dueAt = ends[0]?.toISOString();
    return { ...waits, state: 'passed', reasons: [], evidence, passedAt: waits.at, ...defined({ dueAt }) };
  }
  return {
    ...waits,
    state: missing.some(({ hasEvidence }) => hasEvidence) ? 'failed' : 'pending',
    mode: strictest(missing),
    reasons: missing.flatMap(({ reasons }) => reasons).slice(0, maxReasons),
    evidence,
    ...defined({ passedAt: manifest.verdict?.trust?.passedAt }),
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
  const base = { name, mode, reasons: [], evidence: [], expiresAt: undefined };
  if (settings.attestation === undefined && settings.notation.some(demandsNothing))
    return { ...base, isMet: true, hasEvidence: false, evidence: [`The policy ${name} demands no signature.`] };
  const counted = settings.subject === 'itself' ? subjects.slice(0, 1) : subjects;
  const refusals: string[] = [];
  let tried = 0;
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
          evidence: [cut(`${name}: ${each.in} is signed by the ${outcome.signer.kind} ${outcome.signer.name}`)],
          expiresAt: outcome.expiresAt,
        };
      refusals.push(outcome.reason);
    }
  }
  return { ...base, isMet: false, hasEvidence: tried > 0, reasons: reasonsFor(name, settings, tried, refusals) };
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
    for (const authority of settings.notation) {
      last = await verifyNotation({ mediaType: found.mediaType, bytes: found.bytes }, authority, manifest, now);
      if (last.is === 'verified') return last;
    }
    return last;
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
    if (last.is === 'verified') return last;
  }
  return last;
}

function cut(text: string): string {
  return text.length <= 500 ? text : `${text.slice(0, 499)}…`;
}
