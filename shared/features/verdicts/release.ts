import type { RepositoryKey } from '../../core/documents/names.ts';
import type { Verdict } from '../../core/documents/verdict.ts';
import { isHeld, withParts } from '../../core/documents/verdict.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { imageUnknown, RegistryError } from '../../core/oci/faults.ts';
import { recordVerdict } from '../../core/verdicts/record.ts';
import type { VerdictPorts } from './ports.ts';

/** The most hours that a release by hand may last: one that never ends is an exception of the policy. */
export const maxReleaseHours = 720;

export interface Releasing {
  readonly by: string;
  readonly reason: string;
  readonly hours: number;
}

/**
 * Releases a held manifest by hand, for some hours; afterwards its judgements count again. The events name the actor
 * and the reason. Throws `RegistryError`: `thing-unknown`, `conflict` if it is not held.
 */
export async function release(
  ports: VerdictPorts,
  key: RepositoryKey,
  digest: Digest,
  { by, reason, hours }: Releasing,
): Promise<Verdict> {
  const verdict = await recordVerdict(ports, key, digest, (manifest) => {
    const now = ports.clock.now();
    const until = new Date(now.getTime() + hours * 3_600_000).toISOString();
    const { verdict } = manifest;
    if (!isHeld(verdict && withParts(verdict, { release: undefined }, now), now)) throw notHeld(key, digest);
    return { release: { by, reason, at: now.toISOString(), until } };
  });
  return known(verdict, key, digest);
}

/** Ends a release before its time. Throws `RegistryError`: `thing-unknown`, `conflict` if there is none. */
export async function endRelease(ports: VerdictPorts, key: RepositoryKey, digest: Digest): Promise<Verdict> {
  const verdict = await recordVerdict(ports, key, digest, (manifest) => {
    if (manifest.verdict?.release === undefined) throw notReleased(key, digest);
    return { release: undefined };
  });
  return known(verdict, key, digest);
}

function known(verdict: Verdict | 'absent' | undefined, { repository }: RepositoryKey, digest: Digest): Verdict {
  if (verdict === 'absent' || verdict === undefined) throw imageUnknown(repository, digest);
  return verdict;
}

function notHeld({ repository }: RepositoryKey, digest: Digest): RegistryError {
  return new RegistryError({
    is: 'conflict',
    code: 'imageNotHeld',
    why: `${repository}@${digest} is not held: there is nothing to release it from`,
  });
}

function notReleased({ repository }: RepositoryKey, digest: Digest): RegistryError {
  return new RegistryError({
    is: 'conflict',
    code: 'imageNotReleased',
    why: `${repository}@${digest} was not released by hand: its policies alone say whether it is held`,
  });
}
