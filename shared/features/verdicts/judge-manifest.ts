import type { ManifestDocument } from '../../core/documents/manifest.ts';
import type { RepositoryKey } from '../../core/documents/names.ts';
import type { Verdict } from '../../core/documents/verdict.ts';
import { isSigned, verdictParts } from '../../core/documents/verdict.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { isEvidence } from '../../core/verdicts/begin.ts';
import { withGrace } from '../../core/verdicts/grace.ts';
import type { NewParts } from '../../core/verdicts/record.ts';
import { recordVerdict } from '../../core/verdicts/record.ts';
import { markTags } from './mark-tags.ts';
import type { VerdictPorts } from './ports.ts';

/**
 * Judges a manifest by everything that covers it now, and records what has changed. A part that nothing covers any more
 * goes; one that is judged anew counts as it was until the new judgement is there.
 */
export async function judgeManifest(
  ports: VerdictPorts,
  key: RepositoryKey,
  digest: Digest,
): Promise<Verdict | 'absent' | undefined> {
  const verdict = await recordVerdict(ports, key, digest, (manifest) => partsOf(ports, key, manifest));
  if (verdict !== undefined && verdict !== 'absent') await markTags(ports, key, digest, isSigned(verdict));
  return verdict;
}

async function partsOf(
  ports: VerdictPorts,
  key: RepositoryKey,
  manifest: ManifestDocument,
): Promise<NewParts | undefined> {
  const covering = isEvidence(manifest) ? [] : await ports.coverage.of(key);
  if (covering.length === 0 && manifest.verdict === undefined) return undefined;
  const judged = await Promise.all(
    verdictParts.map(async (part) => {
      const of = covering.filter((policy) => policy.part === part);
      const judge = ports.judges.find((each) => each.part === part);
      const judged = of.length === 0 ? undefined : await judge?.judge(key, manifest, of);
      const before = manifest.verdict?.[part];
      return [part, judged && withGrace(judged, before, of, manifest, ports.clock.now())] as const;
    }),
  );
  if (manifest.verdict === undefined && judged.every(([, judgement]) => judgement === undefined)) return undefined;
  return Object.fromEntries(judged);
}
