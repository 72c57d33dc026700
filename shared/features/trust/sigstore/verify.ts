import type { KeyObject } from 'node:crypto';
import { RFC3161Timestamp } from '@sigstore/core';
import type { SignedEntity, TrustMaterial, VerifierOptions } from '@sigstore/verify';
import { VerificationError, Verifier } from '@sigstore/verify';
import { defined } from '../../../core/documents/defined.ts';
import type { Outcome, SignedManifest, SignedStatement } from '../outcome.ts';
import type { SigstoreAuthority, SigstoreIdentity, SigstoreKey } from './authority.ts';
import { keysOf } from './authority.ts';
import type { LogEntry, SigstoreCandidate, Unreadable } from './candidate.ts';
import type { Leaf } from './certificate.ts';
import { CertificateWithoutLogs, readLeaf } from './certificate.ts';
import { contentOf, signedBytes } from './content.ts';
import { identityOf } from './identity.ts';
import { isSignedBy } from './keys.ts';
import { logsCertificate, logsKey } from './logged-signer.ts';
import { quoted } from './quoted.ts';
import { saidAbout } from './subject.ts';
import type { SigstoreTrust } from './trusted-root.ts';

/** The clocks of logs and of this machine may differ by so much. */
const clockSkew = 5 * 60_000;

/** Thrown inside of this file, where the reason ends the verification. */
class Refusal extends Error {}

/**
 * Verifies one signature about a manifest by one authority. `trust` is the trusted root that the authority names;
 * `undefined` when there is none. Whatever is wrong with the signature is a reason of the refusal: nothing is thrown.
 */
export async function verifySigstore(
  candidate: SigstoreCandidate | Unreadable,
  authority: SigstoreAuthority,
  trust: SigstoreTrust | undefined,
  manifest: SignedManifest,
  now: Date,
): Promise<Outcome> {
  try {
    if (candidate.is === 'unreadable') return { is: 'refused', reason: candidate.reason };
    // The comparison of digests costs nothing, and a signature over another image needs no more.
    const said = saidAbout(candidate.signed, manifest);
    if (said.is === 'refused') return said;
    return await Promise.resolve(
      authority.is === 'key'
        ? byKey(candidate, said.statement, authority, trust, now)
        : byIdentity(candidate, said.statement, authority, trust, now),
    );
  } catch (error) {
    return { is: 'refused', reason: error instanceof Refusal ? error.message : reasonOf(error) };
  }
}

/**
 * Takes an outcome as one about a plain signature. An attestation says something else than "this is mine": a scanner
 * that may sign SBOMs with a key may not sign releases.
 */
export function plainSignature(outcome: Outcome): Outcome {
  if (outcome.is === 'refused' || outcome.statement === undefined) return outcome;
  const { predicateType } = outcome.statement;
  return { is: 'refused', reason: `It is an attestation of the type ${quoted(predicateType)}, and not a signature.` };
}

/** Takes an outcome as one about an attestation of a type. */
export function attestation(outcome: Outcome, predicateType: string): Outcome {
  if (outcome.is === 'refused' || outcome.statement?.predicateType === predicateType) return outcome;
  const found =
    outcome.statement === undefined
      ? 'a plain signature'
      : `an attestation of the type ${quoted(outcome.statement.predicateType)}`;
  return { is: 'refused', reason: `It is ${found}, and not an attestation of the type ${quoted(predicateType)}.` };
}

function byKey(
  candidate: SigstoreCandidate,
  statement: SignedStatement | undefined,
  authority: SigstoreKey,
  trust: SigstoreTrust | undefined,
  now: Date,
): Outcome {
  const bytes = signedBytes(candidate.signed);
  const keys = keysOf(authority);
  const key = keys.find((each) => isSignedBy(each, bytes, candidate.signature));
  if (key === undefined)
    throw new Refusal(
      keys.length === 1
        ? `The signature was not made by the key of ${authority.name}, or not over this content.`
        : `The signature was made by none of the ${keys.length} keys of ${authority.name}, or not over this content.`,
    );
  // Entries and timestamps that nobody asks for are not looked at: without a trusted root none could be verified.
  const signedAt = authority.requireLog ? loggedAt(candidate, key, authority, trust, now) : undefined;
  return defined({
    is: 'verified' as const,
    signer: { kind: 'key' as const, name: authority.name },
    statement,
    signedAt,
    notes: [],
  });
}

/** Verifies that a signature by a key is in a log. Returns the time that the log promises, where it promises one. */
function loggedAt(
  candidate: SigstoreCandidate,
  key: KeyObject,
  authority: SigstoreKey,
  trust: SigstoreTrust | undefined,
  now: Date,
): Date | undefined {
  const { trusted } = needed(trust, authority);
  const entries = neededEntries(candidate, authority);
  const material = { ...trusted, publicKey: () => ({ publicKey: key, validFor: () => true }) };
  const entity = { ...entityOf(candidate, entries), key: { $case: 'public-key' as const, hint: '' } };
  verified(entity, material, { ctlogThreshold: 0, tlogThreshold: 1, timestampThreshold: 0 });
  if (!entries.every((entry) => logsKey(entry, key)))
    throw new Refusal('The entry of the transparency log was made for another key than the one that signed.');
  return earliest(promisedTimes(entries), now);
}

function byIdentity(
  candidate: SigstoreCandidate,
  statement: SignedStatement | undefined,
  authority: SigstoreIdentity,
  trust: SigstoreTrust | undefined,
  now: Date,
): Outcome {
  if (candidate.certificate === undefined)
    throw new Refusal(`The signature was made by a bare key, but ${authority.name} trusts an identity.`);
  const leaf = readLeaf(candidate.certificate);
  if ('fault' in leaf) throw new Refusal(leaf.fault);
  const identity = identityOf(leaf, authority);
  if (identity.is === 'refused') throw new Refusal(identity.reason);
  const { trusted } = needed(trust, authority);
  const entries = authority.insecureIgnoreLog ? [] : neededEntries(candidate, authority);
  // The log's time is the one that counts where the root has no timestamp authority.
  const stamps = trusted.timestampAuthorities.length === 0 ? [] : candidate.timestamps;
  const proven = [
    ...promisedTimes(entries),
    ...stamps.map((each) => RFC3161Timestamp.parse(Buffer.from(each)).signingTime),
  ];
  const isJudgedNow = proven.length === 0 && authority.insecureIgnoreLog;
  if (proven.length === 0 && !isJudgedNow)
    throw new Refusal('Nothing proves the time of the signature: neither a promise of a log nor a trusted timestamp.');
  checkValidity(leaf, isJudgedNow ? [now] : proven);
  const entity: SignedEntity = {
    ...entityOf(candidate, entries),
    key: { $case: 'certificate', certificate: chosenCertificate(leaf, authority) },
    timestamps: isJudgedNow ? [timeOf(now)] : timesOf(entries, stamps),
  };
  verified(
    entity,
    { ...trusted, publicKey: noKey },
    {
      ctlogThreshold: authority.insecureIgnoreSct ? 0 : 1,
      tlogThreshold: authority.insecureIgnoreLog ? 0 : 1,
      timestampThreshold: 1,
    },
  );
  const certificate = candidate.certificate;
  if (!entries.every((entry) => logsCertificate(entry, certificate)))
    throw new Refusal(
      'The entry of the transparency log was made for another certificate than the one that came with it.',
    );
  return defined({
    is: 'verified' as const,
    signer: defined({
      kind: 'identity' as const,
      name: identity.subject,
      issuer: leaf.issuer,
      thumbprint: leaf.thumbprint,
    }),
    statement,
    signedAt: isJudgedNow ? undefined : earliest(proven, now),
    expiresAt: isJudgedNow ? leaf.notAfter : undefined,
    notes: notesOn(authority, isJudgedNow),
  });
}

function notesOn(authority: SigstoreIdentity, isJudgedNow: boolean): string[] {
  const notes: string[] = [];
  if (authority.insecureIgnoreLog)
    notes.push(`The transparency log was not looked at, because ${authority.name} says so.`);
  if (authority.insecureIgnoreSct)
    notes.push(`The log of certificates was not looked at, because ${authority.name} says so.`);
  if (isJudgedNow)
    notes.push('Nothing proves the time of the signature, so its certificate is judged by the time of the check.');
  return notes;
}

function needed(
  trust: SigstoreTrust | undefined,
  authority: SigstoreAuthority | SigstoreKey | SigstoreIdentity,
): SigstoreTrust {
  if (trust === undefined)
    throw new Refusal(`The trusted root ${authority.trustedRoot ?? ''} of ${authority.name} is not there.`);
  return trust;
}

function neededEntries(candidate: SigstoreCandidate, authority: { readonly name: string }): readonly LogEntry[] {
  if (candidate.logEntries.length === 0)
    throw new Refusal(`The signature comes with no entry of a transparency log, which ${authority.name} asks for.`);
  return candidate.logEntries;
}

type Times = SignedEntity['timestamps'];

function entityOf(candidate: SigstoreCandidate, entries: readonly LogEntry[]): Omit<SignedEntity, 'key'> {
  return {
    signature: contentOf(candidate.signed, candidate.signature, candidate.stamped),
    tlogEntries: [...entries],
    timestamps: [],
  };
}

/** An entry's time is proven by the log's promise alone: no proof of inclusion covers it. */
function isPromised({ inclusionPromise, integratedTime }: LogEntry): boolean {
  return inclusionPromise !== undefined && integratedTime !== '' && integratedTime !== '0';
}

function promisedTimes(entries: readonly LogEntry[]): Date[] {
  return entries.filter(isPromised).map(({ integratedTime }) => new Date(Number(integratedTime) * 1000));
}

function timesOf(entries: readonly LogEntry[], stamps: readonly Buffer[]): Times {
  return [
    ...entries.filter(isPromised).map((tlogEntry) => ({ $case: 'transparency-log' as const, tlogEntry })),
    ...stamps.map((stamp) => ({
      $case: 'timestamp-authority' as const,
      timestamp: RFC3161Timestamp.parse(Buffer.from(stamp)),
    })),
  ];
}

/**
 * Makes a time that the library takes as it is. The list of times and the list of entries that must be proven are two,
 * and this one is in the first alone.
 */
function timeOf(now: Date): Times[number] {
  const tlogEntry: LogEntry = {
    logIndex: '0',
    logId: { keyId: Buffer.alloc(0) },
    kindVersion: { kind: '', version: '' },
    integratedTime: String(Math.floor(now.getTime() / 1000)),
    inclusionPromise: { signedEntryTimestamp: Buffer.alloc(0) },
    inclusionProof: undefined,
    canonicalizedBody: Buffer.alloc(0),
  };
  return { $case: 'transparency-log', tlogEntry };
}

function chosenCertificate({ certificate }: Leaf, { insecureIgnoreSct }: SigstoreIdentity): Leaf['certificate'] {
  return insecureIgnoreSct ? new CertificateWithoutLogs(certificate.root) : certificate;
}

/** Says precisely what the library would only call an invalid chain. */
function checkValidity({ notBefore, notAfter }: Leaf, times: readonly Date[]): void {
  const outside = times.find((time) => !(notBefore <= time && time <= notAfter));
  if (outside === undefined) return;
  throw new Refusal(
    `The certificate was valid from ${isoOf(notBefore)} to ${isoOf(notAfter)}, ` +
      `but the time of the signature is ${isoOf(outside)}.`,
  );
}

function isoOf(time: Date): string {
  return Number.isNaN(time.getTime()) ? 'no time at all' : time.toISOString();
}

/** Returns the earliest proven time: the signature was there then. */
function earliest(times: readonly Date[], now: Date): Date | undefined {
  if (times.length === 0) return undefined;
  const last = Math.max(...times.map((time) => time.getTime()));
  if (!(last <= now.getTime() + clockSkew))
    throw new Refusal(`The time of the signature, ${isoOf(new Date(last))}, is still to come.`);
  return new Date(Math.min(...times.map((time) => time.getTime())));
}

function noKey(): never {
  throw new Refusal('The signature was made by a bare key.');
}

function verified(entity: SignedEntity, material: TrustMaterial, options: VerifierOptions): void {
  new Verifier(material, options).verify(entity);
}

/** The beginnings of the library's codes, with what each means to a reader who does not know the library. */
const meanings: readonly (readonly [string, string])[] = [
  ['TIMESTAMP_', 'The time of the signature is not proven by an authority of the trusted root'],
  ['TLOG_BODY_', 'The entry of the transparency log is about another signature'],
  ['TLOG_', 'The entry of the transparency log is not proven by a log of the trusted root'],
  [
    'CERTIFICATE_',
    'The certificate is not one that an authority of the trusted root has issued and a log of it has listed',
  ],
  ['SIGNATURE_', 'The signature does not fit its key and what it signs'],
];

function reasonOf(error: unknown): string {
  if (!(error instanceof VerificationError)) return `The signature cannot be verified: ${quoted(String(error))}.`;
  const [, meaning = 'The signature cannot be verified'] = meanings.find(([code]) => error.code.startsWith(code)) ?? [];
  const cause: unknown = error.cause;
  const detail = cause instanceof Error ? `${error.message}: ${cause.message}` : error.message;
  return `${meaning}: ${quoted(detail)}.`;
}
