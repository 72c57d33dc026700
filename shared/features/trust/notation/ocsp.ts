import { createHash } from 'node:crypto';
import type { Certificate } from './certificate.ts';
import { certificateIn, extendedKeyUsageOf, extensionsIn } from './certificate.ts';
import { invalidityAt, isIssuedBy } from './certificates.ts';
import type { DerItem } from './der.ts';
import { bytesOfBitString, contextTag, derItem, membersOf, membersOfTag, oidOf, tags, timeOf, withTag } from './der.ts';
import { NotationFault } from './fault.ts';
import { isStrong } from './keys.ts';
import type { RevocationFinding } from './revocation.ts';
import type { RevocationTimes } from './revocation-list.ts';
import { isHarmless } from './revocation-list.ts';
import { isSignedBy } from './signed-structure.ts';

const oids = {
  sha1: Buffer.from('06052b0e03021a', 'hex'),
  basic: '1.3.6.1.5.5.7.48.1.1',
  signing: '1.3.6.1.5.5.7.3.9',
  noCheck: '1.3.6.1.5.5.7.48.1.5',
} as const;

/**
 * Makes the question about one certificate (RFC 6960, section 4.1). It names the issuer by SHA-1, the one hash that all
 * responders know (RFC 5019): a name that is looked up, and no proof of anything.
 */
export function ocspRequest(certificate: Certificate, issuer: Certificate): Buffer {
  return sequence(sequence(sequence(sequence(certificateId(certificate, issuer)))));
}

function certificateId(certificate: Certificate, issuer: Certificate): Buffer {
  const [, key] = membersOfTag(derItem(issuer.key.key.export({ type: 'spki', format: 'der' })), tags.sequence);
  const hash = (bytes: Uint8Array) => tlv(tags.octetString, createHash('sha1').update(bytes).digest());
  return sequence(
    Buffer.concat([
      sequence(Buffer.concat([oids.sha1, Buffer.from([0x05, 0x00])])),
      hash(issuer.subject),
      hash(bytesOfBitString(key)),
      tlv(tags.integer, certificate.serial),
    ]),
  );
}

const sequence = (body: Buffer) => tlv(tags.sequence, body);

/** Serial numbers and hashes are short: a question never has a length of more than two bytes. */
function tlv(tag: number, body: Buffer): Buffer {
  const { length } = body;
  const head =
    length < 0x80 ? [tag, length] : length < 0x100 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(head), body]);
}

/** Judges a certificate by a responder's answer. Throws `NotationFault` for an answer that cannot be gone by. */
export function stateByAnswer(
  bytes: Uint8Array,
  certificate: Certificate,
  issuer: Certificate,
  { now, signedAt }: RevocationTimes,
): RevocationFinding {
  const [status, wrapped] = membersOfTag(derItem(bytes), tags.sequence);
  if (status?.body.length !== 1 || status.body[0] !== 0) throw new NotationFault('The responder gives no answer.');
  const [type, response] = membersOfTag(membersOfTag(wrapped, contextTag(0))[0], tags.sequence);
  if (oidOf(type) !== oids.basic) throw new NotationFault('The answer is of a type that is not known.');
  const [data, algorithm, signature, certificates] = membersOfTag(
    derItem(withTag(response, tags.octetString).body),
    tags.sequence,
  );
  const signer = signerOf(certificates, issuer, now);
  if (!isSignedBy(withTag(data, tags.sequence).whole, algorithm, bytesOfBitString(signature), signer.key))
    throw new NotationFault('The answer is not signed by the issuer, nor by a responder of it.');
  const list = membersOfTag(data, tags.sequence).find(({ tag }) => tag === tags.sequence);
  const wanted = certificateId(certificate, issuer);
  // Both hashes name the algorithm with or without its empty parameters.
  const single = membersOfTag(list, tags.sequence).find((each) => isSame(membersOf(each)[0], wanted));
  if (single === undefined) throw new NotationFault('The answer is about another certificate.');
  return stateIn(single, { now, signedAt });
}

function isSame(item: DerItem | undefined, wanted: Buffer): boolean {
  const given = membersOfTag(item, tags.sequence);
  const own = membersOf(derItem(wanted));
  return (
    oidOf(membersOfTag(given[0], tags.sequence)[0]) ===
      oidOf(own[0] === undefined ? undefined : membersOf(own[0])[0]) &&
    [1, 2, 3].every((at) => given[at]?.whole.equals(own[at]?.whole ?? Buffer.alloc(0)) === true)
  );
}

function stateIn(single: DerItem, { now, signedAt }: RevocationTimes): RevocationFinding {
  const [, state, thisUpdate, next, ...rest] = membersOf(single);
  const nextUpdate = next?.tag === contextTag(0) ? membersOf(next)[0] : undefined;
  if (nextUpdate === undefined || now > timeOf(nextUpdate) || now < timeOf(thisUpdate))
    throw new NotationFault('The answer is of another time.');
  const until = timeOf(nextUpdate);
  if (state?.tag === contextTag(0, 'primitive')) return { state: 'good', until };
  if (state?.tag !== contextTag(1)) return { state: 'unknown', why: 'the responder does not know it', until };
  const extensions = extensionsIn([next, ...rest].find((each) => each?.tag === contextTag(1)));
  return { state: isHarmless(extensions, signedAt) ? 'good' : 'revoked', until };
}

/**
 * The issuer signs itself, or has certified a responder for that alone. Such a responder's own revocation would have to
 * be asked for, unless its certificate says that nobody need ask.
 */
function signerOf(item: DerItem | undefined, issuer: Certificate, now: Date): Certificate {
  const [first] = item === undefined ? [] : membersOfTag(membersOfTag(item, contextTag(0))[0], tags.sequence);
  const responder = first === undefined ? issuer : certificateIn(first.whole);
  if (responder.der.equals(issuer.der)) return issuer;
  const isAllowed =
    isStrong(responder.key) &&
    isIssuedBy(responder, issuer) &&
    extendedKeyUsageOf(responder)?.purposes.includes(oids.signing) === true &&
    responder.extensions.has(oids.noCheck) &&
    invalidityAt([responder], { from: now, to: now }) === undefined;
  if (!isAllowed) throw new NotationFault('The answer is signed by nobody whom the issuer has made a responder.');
  return responder;
}
