import type { DerItem } from './der.ts';
import { contextTag, derItem, membersOf, membersOfTag, oidOf, smallNumberOf, tags, timeOf, withTag } from './der.ts';
import { NotationFault } from './fault.ts';
import type { Hash } from './keys.ts';

/** SHA-2 by its object identifiers: hashes that are older are refused by not being here. */
export const hashes: Readonly<Record<string, Hash>> = {
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
};

/** The statement that a time-stamping authority signs (RFC 3161, section 2.4.2). */
export interface TimeStampInfo {
  readonly hash: Hash;
  readonly imprint: Buffer;
  readonly at: Date;
  /** The time lies at most so far from `at`, in milliseconds. */
  readonly accuracyMs: number;
}

/** The baseline policy (RFC 3628, section 5.2), which promises a second where the token says nothing. */
const baselinePolicy = '0.4.0.2023.1.1';

export function timeStampInfoIn(content: Uint8Array): TimeStampInfo {
  const [version, policy, messageImprint, serial, time, ...optional] = membersOfTag(derItem(content), tags.sequence);
  if (smallNumberOf(version) !== 1) throw new NotationFault('The time-stamp has a version that is not known.');
  withTag(serial, tags.integer);
  withTag(time, tags.generalizedTime);
  const [algorithm, imprint] = membersOfTag(messageImprint, tags.sequence);
  const hash = hashes[oidOf(membersOfTag(algorithm, tags.sequence)[0])];
  if (hash === undefined)
    throw new NotationFault('The time-stamp is over a hash that is not allowed: SHA-2 is needed.');
  const accuracy = optional.find(({ tag }) => tag === tags.sequence);
  return {
    hash,
    imprint: withTag(imprint, tags.octetString).body,
    at: timeOf(time),
    accuracyMs: accuracy === undefined ? (oidOf(policy) === baselinePolicy ? 1_000 : 0) : millisecondsOf(accuracy),
  };
}

function millisecondsOf(accuracy: DerItem): number {
  let milliseconds = 0;
  for (const each of membersOf(accuracy)) {
    if (each.tag === tags.integer) milliseconds += smallNumberOf(each) * 1_000;
    else if (each.tag === contextTag(0, 'primitive')) milliseconds += smallNumberOf(each, each.tag);
    // A part of a millisecond counts as a whole one: the range must not become smaller than it is.
    else if (each.tag === contextTag(1, 'primitive')) milliseconds += Math.ceil(smallNumberOf(each, each.tag) / 1_000);
  }
  return milliseconds;
}
