import type { ManifestDocument } from '../documents/manifest.ts';
import type { RepositoryKey } from '../documents/names.ts';
import type { Judgement, Verdict, VerdictPart } from '../documents/verdict.ts';
import type { Digest } from '../oci/digest.ts';
import type { Covering } from './coverage.ts';

/** A judge of one part of the verdict: a feature gives it to those behind it. */
export interface Judge<P extends VerdictPart = VerdictPart> {
  readonly part: P;
  /**
   * Judges a manifest by the policies that cover it, of which there is at least one; `undefined` leaves it without a
   * judgement, and so open. Throws `StoreFailure`: then what was there counts on.
   */
  judge(key: RepositoryKey, manifest: ManifestDocument, covering: readonly Covering[]): Promise<Judgement | undefined>;
}

/** Judges a manifest by everything that covers it. */
export interface JudgeManifest {
  /** Returns the verdict as it is then; `'absent'` if there is no such manifest. Throws as `recordVerdict` does. */
  judgeManifest(key: RepositoryKey, digest: Digest): Promise<Verdict | 'absent' | undefined>;
}
