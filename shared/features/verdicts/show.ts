import { defined } from '../../core/documents/defined.ts';
import type { ManifestDocument } from '../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import type { Judgement, Verdict, VerdictPart } from '../../core/documents/verdict.ts';
import { gracesOf, isHeld, objectionsTo, verdictParts } from '../../core/documents/verdict.ts';
import type { Covering } from '../../core/verdicts/coverage.ts';
import { versionOfAll } from '../../core/verdicts/coverage.ts';

/** Shows the verdict on a manifest; `covering` are the policies that cover its repository now. */
export function showVerdict(
  { repository }: Pick<RepositoryKey, 'repository'>,
  digest: string,
  verdict: Verdict | undefined,
  covering: readonly Covering[],
  now: Date,
) {
  const judgements = verdictParts.flatMap((part) => {
    const judgement = verdict?.[part];
    return judgement === undefined ? [] : [showJudgement(part, judgement, covering)];
  });
  return {
    repository,
    digest,
    held: isHeld(verdict, now),
    judgements,
    ...defined({ release: verdict?.release }),
  };
}

function showJudgement(part: VerdictPart, judgement: Judgement, covering: readonly Covering[]) {
  const { version, ...shown } = judgement;
  const of = covering.filter((policy) => policy.part === part);
  return { part, ...shown, isCurrent: of.length > 0 && version === versionOfAll(of) };
}

/** Says the verdict in one sentence, with the next step. */
export function explain(manifest: ManifestDocument, covering: readonly Covering[], now: Date): string {
  const { verdict } = manifest;
  const release = verdict?.release;
  if (release !== undefined && Date.parse(release.until) > now.getTime())
    return `${release.by} has released it until ${release.until}: ${release.reason}.`;
  if (covering.length === 0 && verdict === undefined) return 'No policy covers it, so everybody who may pull gets it.';
  if (verdict === undefined)
    return 'It was there before the policies that cover it, and is open until it was judged by them.';
  const objections = objectionsTo(verdict, now);
  const [enforced] = objections.filter(({ judgement }) => judgement.mode === 'enforce');
  if (enforced !== undefined) {
    const { part, judgement } = enforced;
    return `It is held by ${reasonOf(judgement)}. ${nextSteps[part]}`;
  }
  const [noted] = objections;
  if (noted !== undefined) return `It is served with a warning, and would be held by ${reasonOf(noted.judgement)}.`;
  const [graced] = gracesOf(verdict, now).filter(({ judgement }) => judgement.mode === 'enforce');
  if (graced !== undefined) {
    const { part, judgement } = graced;
    const until = judgement.graceUntil ?? '';
    return `It passed once, and is open until ${until}; then it is held by ${reasonOf(judgement)}. ${nextSteps[part]}`;
  }
  return 'It passes every policy that covers it.';
}

function reasonOf({ policies, reasons }: Judgement): string {
  return `${policies.join(', ')}: ${reasons[0] ?? 'nothing is proven yet'}`;
}

const nextSteps: Readonly<Record<VerdictPart, string>> = {
  trust: 'Sign it as the policy asks, or release it by hand.',
  scan: 'Push a version without these findings, add an exception, or release it by hand.',
  quarantine: 'Somebody with quarantine/write passes it, or releases it by hand.',
};
