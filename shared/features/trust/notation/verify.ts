import { createHash } from 'node:crypto';
import { defined } from '../../../core/documents/defined.ts';
import type { Outcome, SignedManifest, Signer } from '../outcome.ts';
import type { Action, Check, NotationAuthority, StoreType } from './authority.ts';
import { actionsOf, derOfPem, subjectOf } from './authority.ts';
import type { Certificate } from './certificate.ts';
import { certificateIn, named } from './certificate.ts';
import type { Chain } from './certificates.ts';
import { chainIn, checkChain, invalidityAt, trustedIn } from './certificates.ts';
import { coseIn } from './cose.ts';
import { isSubset, nameAsText, subjectIn } from './distinguished-name.ts';
import type { Envelope } from './envelope.ts';
import { escaped, NotationFault, shown, UnansweredFault } from './fault.ts';
import { jwsIn } from './jws.ts';
import { checkPayload } from './payload.ts';
import type { ChainRevocation, Revocation } from './revocation.ts';
import { revocationOf } from './revocation.ts';
import { checkSignature } from './signature.ts';
import type { ProvenTime } from './timestamp.ts';
import { verifyTimestamp } from './timestamp.ts';

/** The bytes of a signature's layer, with its media type. */
export interface NotationEnvelope {
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

/** Envelopes have some KiB; the certificates of a long chain and of a time-stamp make them twenty. */
const maxEnvelopeBytes = 1024 * 1024;

/** A verification goes by these. */
interface Judgement {
  readonly envelope: Envelope;
  readonly chain: Chain;
  readonly authority: NotationAuthority;
  readonly actions: Readonly<Record<Check, Action>>;
  readonly now: Date;
  readonly revocation: Revocation | undefined;
  /** Grows by each fault that the level lets pass. */
  readonly notes: string[];
}

/**
 * Verifies one Notation signature by one authority, in the order that Notary Project demands: integrity, authenticity,
 * expiry, authentic timestamp, revocation. The first fault that the level enforces ends it.
 *
 * It never throws, whatever the envelope holds. An authority of the level `skip` refuses too, because nothing is
 * verified then: `demandsNothing` says so before.
 */
export async function verifyNotation(
  envelope: NotationEnvelope,
  authority: NotationAuthority,
  manifest: SignedManifest,
  now: Date,
  revocation?: Revocation,
): Promise<Outcome> {
  try {
    const actions = actionsOf(authority);
    if (actions === undefined)
      throw new NotationFault('The authority skips verification, so that no signature is verified by it.');
    const read = envelopeIn(envelope);
    const chain = chainIn(read.chain);
    checkIntegrity(read, chain, manifest);
    return await judged({ envelope: read, chain, authority, actions, now, revocation, notes: [] });
  } catch (error) {
    return {
      is: 'refused',
      reason: error instanceof NotationFault ? error.message : 'The signature cannot be read.',
      ...(error instanceof UnansweredFault ? { isUnanswered: true } : {}),
    };
  }
}

function envelopeIn({ mediaType, bytes }: NotationEnvelope): Envelope {
  if (bytes.length > maxEnvelopeBytes)
    throw new NotationFault(`The envelope has ${bytes.length} bytes: at most ${maxEnvelopeBytes} are read.`);
  switch (mediaType) {
    case 'application/jose+json':
      return jwsIn(bytes);
    case 'application/cose':
      return coseIn(bytes);
    default:
      throw new NotationFault(`The envelope's media type ${shown(mediaType)} is not known.`);
  }
}

/** No level lets a fault of these pass. */
function checkIntegrity(envelope: Envelope, chain: Chain, manifest: SignedManifest): void {
  checkSignature(envelope, chain);
  checkChain(chain, 'code signing');
  checkPayload(envelope.contentType, envelope.payload, manifest);
}

async function judged(judgement: Judgement): Promise<Outcome> {
  const { envelope, chain, actions, now, notes } = judgement;
  const { expiry } = envelope.attributes;
  const distrust = distrustOf(judgement);
  apply(judgement, 'authenticity', distrust);
  if (expiry !== undefined && now >= expiry)
    apply(judgement, 'expiry', `The signature has expired at ${expiry.toISOString()}.`);
  const time = await timeOf(judgement);
  const revoked = await checkRevocation(judgement, time.signedAt, distrust);
  const ends = [
    ...(expiry !== undefined && actions.expiry === 'enforce' ? [expiry] : []),
    ...(time.until !== undefined && actions.authenticTimestamp === 'enforce' ? [time.until] : []),
  ];
  return defined({
    is: 'verified' as const,
    signer: signerOf(chain),
    isUntrusted: distrust === undefined ? undefined : (true as const),
    signedAt: distrust === undefined ? time.signedAt : undefined,
    expiresAt: ends.length === 0 ? undefined : earliest(ends),
    verifyAgainAt: earliestOf([revoked?.state === 'good' ? revoked.until : undefined, time.askAgainAt]),
    notes,
  });
}

/**
 * Asks whether the chain is revoked, where the policy wants to know. The addresses of a chain that nobody trusts are
 * not asked: anybody can make one that names any address.
 */
async function checkRevocation(
  judgement: Judgement,
  signedAt: Date | undefined,
  distrust: string | undefined,
): Promise<ChainRevocation | undefined> {
  const { chain, actions, revocation } = judgement;
  if (actions.revocation === 'skip') return undefined;
  const found = await revocationOf(chain, distrust === undefined ? revocation : askNobody, signedAt);
  if (found.state === 'unknown' && actions.revocation === 'enforce') throw new UnansweredFault(found.fault);
  if (found.state !== 'good') apply(judgement, 'revocation', found.fault);
  return found;
}

const askNobody: Revocation = () => Promise.resolve({ state: 'unknown', why: 'its signer is not trusted' });

/** Ends the verification by a fault, or notes it, as the policy says. */
function apply({ actions, notes }: Judgement, check: Check, fault: string | undefined): void {
  if (fault === undefined) return;
  if (actions[check] === 'enforce') throw new NotationFault(fault);
  notes.push(fault);
}

function distrustOf({ envelope, chain, authority }: Judgement): string | undefined {
  const type = envelope.attributes.scheme === 'notary.x509' ? 'ca' : 'signingAuthority';
  if (trustedIn(chain, storedIn(authority, type)) === undefined)
    return `No certificate of the signature is in a trusted store of the type ${type}.`;
  const { trustedIdentities } = authority;
  if (trustedIdentities.includes('*')) return undefined;
  const subject = subjectIn(chain[0].subject);
  if (subject.is === 'faulty')
    return `The subject of ${named(chain[0])} cannot be compared with the trusted identities: ${subject.why}.`;
  const isTrusted = trustedIdentities.some((each) => {
    const wanted = subjectOf(each);
    return wanted.is === 'name' && isSubset(wanted.attributes, subject.attributes);
  });
  return isTrusted ? undefined : `The signer of ${named(chain[0])} is none of the trusted identities.`;
}

function storedIn({ trustStores }: NotationAuthority, type: StoreType): Certificate[] {
  return Object.values(trustStores[type] ?? {}).flatMap((store) => store.map((pem) => certificateIn(derOfPem(pem))));
}

interface SigningTime {
  /** The time that is proven; absent where the signer merely claims one. */
  readonly signedAt?: Date;
  /** The time at which the first certificate ends, where nothing proves that the signature was made before. */
  readonly until?: Date;
  /** The time until which the answers about the time-stamping authority count. */
  readonly askAgainAt?: Date | undefined;
}

async function timeOf(judgement: Judgement): Promise<SigningTime> {
  const { envelope, chain, authority, now } = judgement;
  const { scheme, signingTime } = envelope.attributes;
  if (scheme === 'notary.x509.signingAuthority') {
    applyValidity(judgement, { from: signingTime, to: signingTime }, 'the signature was made');
    return { signedAt: signingTime };
  }
  const roots = storedIn(authority, 'tsa');
  const isAfterExpiry = authority.verification.verifyTimestamp === 'afterCertExpiry';
  const hasExpired = chain.some(({ notAfter }) => now > notAfter);
  if (roots.length > 0 && (!isAfterExpiry || hasExpired)) return timeOfToken(judgement, roots);
  applyValidity(judgement, { from: now, to: now }, 'it is verified');
  return outlives(judgement, roots) ? {} : { until: earliest(chain.map(({ notAfter }) => notAfter)) };
}

/**
 * Goes by the time-stamp. That it is there, that it holds and that its authority is trusted and not revoked is enforced
 * at every level, as the specification says; only the time that it proves falls under the level. An override that
 * skips revocation skips it for the authority too: in a closed network no time-stamp could count otherwise.
 */
async function timeOfToken(judgement: Judgement, roots: readonly Certificate[]): Promise<SigningTime> {
  const { envelope, actions, revocation } = judgement;
  if (envelope.timestamp === undefined)
    throw new NotationFault('The signature has no time-stamp, and one is demanded.');
  const proven = verifyTimestamp(envelope.timestamp, envelope.signature, roots);
  const found = actions.revocation === 'skip' ? undefined : await revocationOf(proven.chain, revocation, proven.at);
  if (found?.state === 'unknown') throw new UnansweredFault(`The time-stamp does not count: ${found.fault}`);
  if (found?.state === 'revoked') throw new NotationFault(`The time-stamp does not count: ${found.fault}`);
  applyValidity(judgement, proven, 'it was time-stamped');
  return { signedAt: proven.at, askAgainAt: found?.until };
}

function applyValidity(judgement: Judgement, time: Pick<ProvenTime, 'from' | 'to'>, moment: string): void {
  const invalidity = invalidityAt(judgement.chain, time);
  if (invalidity !== undefined)
    apply(
      judgement,
      'authenticTimestamp',
      `The signature needs certificates that are valid when ${moment}: ${invalidity}.`,
    );
}

/** Says whether a time-stamp, which nobody needs yet, will carry the signature beyond the end of its certificates. */
function outlives({ envelope, chain }: Judgement, roots: readonly Certificate[]): boolean {
  if (roots.length === 0 || envelope.timestamp === undefined) return false;
  try {
    return invalidityAt(chain, verifyTimestamp(envelope.timestamp, envelope.signature, roots)) === undefined;
  } catch {
    // A time-stamp that does not hold is as good as none; it is refused once one is needed.
    return false;
  }
}

function signerOf([leaf]: Chain): Signer {
  return {
    kind: 'certificate',
    name: escaped(nameAsText(leaf.subject)),
    thumbprint: createHash('sha256').update(leaf.der).digest('hex'),
  };
}

function earliestOf(times: readonly (Date | undefined)[]): Date | undefined {
  const known = times.filter((each) => each !== undefined);
  return known.length === 0 ? undefined : earliest(known);
}

function earliest(times: readonly Date[]): Date {
  return new Date(Math.min(...times.map((each) => each.getTime())));
}
