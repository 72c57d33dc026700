import { defined } from '../documents/defined.ts';
import type { ManifestDocument } from '../documents/manifest.ts';
import type { Judgement, Verdict, VerdictPart } from '../documents/verdict.ts';
import { verdictParts, withParts } from '../documents/verdict.ts';
import { isImageConfigMediaType, isIndexMediaType } from '../oci/media-types.ts';
import type { Covering } from './coverage.ts';
import { versionOfAll } from './coverage.ts';

const pendingReasons: Readonly<Record<VerdictPart, string>> = {
  trust: 'no signature that a policy accepts has arrived yet',
  scan: 'its scan has not ended yet',
  quarantine: 'it is in quarantine until somebody with quarantine/write passes it',
};

/** The layers of signatures and attestations whose manifest has the config of an image, as cosign's older ones have. */
const evidenceLayers: ReadonlySet<string> = new Set([
  'application/vnd.dev.cosign.simplesigning.v1+json',
  'application/vnd.dsse.envelope.v1+json',
  'application/vnd.in-toto+json',
  'application/spdx+json',
  'text/spdx+json',
  'application/vnd.cyclonedx+json',
]);

/**
 * Says whether a manifest is about another one and is nothing that runs: a signature, an attestation, an SBOM. Those
 * are never held, or nothing could be signed. To name a subject, or to have such a tag, is not enough: an image that
 * does would run unsigned. An index may do so, for what it lists is judged by itself.
 */
export function isEvidence({
  subject,
  about,
  references,
  mediaType,
}: Pick<ManifestDocument, 'subject' | 'about' | 'references' | 'mediaType'>): boolean {
  if (subject === undefined && about === undefined) return false;
  if (isIndexMediaType(mediaType)) return true;
  const config = references.find(({ role }) => role === 'config');
  if (config === undefined || !isImageConfigMediaType(config.mediaType)) return true;
  const layers = references.filter(({ role }) => role === 'layer');
  return layers.length > 0 && layers.every((layer) => evidenceLayers.has(layer.mediaType));
}

/**
 * Makes the verdict that a push begins with. A new manifest that policies cover starts held, in the push's own
 * transaction: nobody pulls it before it is judged. One that was there keeps what it had, none included, so that a
 * repeated push closes nothing that is open, and opens nothing that is held.
 */
export function beginVerdict(covering: readonly Covering[], now: Date): Verdict | undefined {
  if (covering.length === 0) return undefined;
  const parts = Object.fromEntries(
    verdictParts.flatMap((part) => {
      const of = covering.filter((policy) => policy.part === part);
      if (of.length === 0) return [];
      return [[part, part === 'quarantine' ? waiting(of, now, undefined) : pending(part, of, now)]];
    }),
  );
  return withParts(undefined, parts, now);
}

/** Makes the judgement of a part that nothing is known of yet. */
export function pending(part: VerdictPart, covering: readonly Covering[], now: Date): Judgement {
  return {
    state: 'pending',
    mode: strictest(covering),
    policies: covering.map(({ name }) => name),
    version: versionOfAll(covering),
    reasons: [pendingReasons[part]],
    evidence: [],
    at: now.toISOString(),
  };
}

/**
 * Makes the judgement of what waits for somebody to pass it. It counts the time from the beginning of the wait, so that
 * a new judgement of the same wait begins none anew. A time-out stays noted, and is told once.
 */
export function waiting(covering: readonly Covering[], now: Date, before: Judgement | undefined): Judgement {
  const base = pending('quarantine', covering, now);
  const waitingSince = before?.waitingSince ?? base.at;
  const ends = covering.flatMap(({ timeout }) => {
    if (timeout === undefined) return [];
    return [{ ...timeout, at: Date.parse(waitingSince) + timeout.hours * 3_600_000 }];
  });
  const over = ends.filter(({ at }) => at <= now.getTime());
  const [longest] = over.toSorted((a, b) => b.hours - a.hours);
  const next = ends.filter(({ at }) => at > now.getTime()).toSorted((a, b) => a.at - b.at)[0];
  const dueAt = next && new Date(next.at).toISOString();
  if (longest === undefined) return { ...base, waitingSince, ...defined({ dueAt }) };
  const timedOutAt = before?.timedOutAt ?? base.at;
  const why = `nobody has passed it since ${waitingSince}, and the policy allows ${longest.hours} hours`;
  const failed = over.some(({ then }) => then === 'fail');
  return {
    ...base,
    state: failed ? 'failed' : 'pending',
    reasons: [why],
    waitingSince,
    timedOutAt,
    ...defined({ dueAt }),
  };
}

export function strictest(covering: readonly { readonly mode: 'audit' | 'enforce' }[]): 'audit' | 'enforce' {
  return covering.some(({ mode }) => mode === 'enforce') ? 'enforce' : 'audit';
}
