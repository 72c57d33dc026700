import { createHash } from 'node:crypto';
import type { Certificate } from './certificate.ts';
import { certificateIn, extendedKeyUsageOf, named } from './certificate.ts';
import type { Chain } from './certificates.ts';
import { checkChain, invalidityAt, isIssuedBy, maxChain } from './certificates.ts';
import type { MessageSigner, SignedMessage } from './cms.ts';
import { signedMessageIn } from './cms.ts';
import type { DerItem } from './der.ts';
import { derItem, membersOf, membersOfTag, oidOf, tags, withTag } from './der.ts';
import { NotationFault } from './fault.ts';
import type { Hash } from './keys.ts';
import { isStrong } from './keys.ts';
import { isSignedBy } from './signed-structure.ts';
import { hashes, timeStampInfoIn } from './time-stamp-info.ts';

/** The time that a time-stamp proves for a signature. */
export interface ProvenTime {
  readonly at: Date;
  /** The signature existed at some moment between these two. */
  readonly from: Date;
  readonly to: Date;
  /** The authority's certificates from its leaf to the trusted root. */
  readonly chain: Chain;
}

const attributes = {
  contentType: '1.2.840.113549.1.9.3',
  messageDigest: '1.2.840.113549.1.9.4',
  signingCertificateV2: '1.2.840.113549.1.9.16.2.47',
} as const;
const timeStampInfo = '1.2.840.113549.1.9.16.1.4';
const timeStamping = '1.3.6.1.5.5.7.3.8';
const anyPurpose = '2.5.29.37.0';
const maxTokenBytes = 256 * 1024;

/**
 * Verifies an RFC 3161 token over the bytes of a signature, by the roots of time-stamping authorities that are trusted.
 * Throws `NotationFault`. It does not ask for revocation, and compares the time with no other certificates.
 *
 * The reader of `@sigstore/core` is not used: it reads neither RSA with other hashes than SHA-256 nor times with a
 * fraction, and looks neither at the authority's chain nor at the attribute that pins its certificate.
 */
export function verifyTimestamp(token: Buffer, signature: Buffer, roots: readonly Certificate[]): ProvenTime {
  try {
    return provenBy(token, signature, roots);
  } catch (error) {
    if (!(error instanceof NotationFault) || error.message.startsWith('The time-stamp')) throw error;
    throw new NotationFault(`The time-stamp does not count: ${error.message}`);
  }
}

function provenBy(token: Buffer, signature: Buffer, roots: readonly Certificate[]): ProvenTime {
  if (token.length > maxTokenBytes) throw new NotationFault(`The time-stamp has more than ${maxTokenBytes} bytes.`);
  const message = signedMessageIn(token);
  if (message.contentType !== timeStampInfo)
    throw new NotationFault('The time-stamp holds another content than a time.');
  const info = timeStampInfoIn(message.content);
  if (!hashOf(info.hash, signature).equals(info.imprint))
    throw new NotationFault('The time-stamp is over another signature.');
  // A key of ten thousand bits takes a while, and each one may be tried against each certificate.
  const certificates = message.certificates.map(certificateIn).filter(({ key }) => isStrong(key));
  const leaf = signerAmong([...certificates, ...roots], message.signer);
  checkSigner(message, leaf);
  const chain = pathFrom(leaf, certificates, roots);
  checkChain(chain, 'time-stamping');
  checkPurposes(chain);
  const invalidity = invalidityAt(chain, { from: info.at, to: info.at });
  if (invalidity !== undefined)
    throw new NotationFault(`The time-stamp is of ${info.at.toISOString()}, but ${invalidity}.`);
  return {
    at: info.at,
    from: new Date(info.at.getTime() - info.accuracyMs),
    to: new Date(info.at.getTime() + info.accuracyMs),
    chain,
  };
}

function hashOf(hash: Hash, bytes: Uint8Array): Buffer {
  return createHash(hash).update(bytes).digest();
}

const keyIdentifier = '2.5.29.14';

function signerAmong(certificates: readonly Certificate[], { identity }: MessageSigner): Certificate {
  const leaf = certificates.find(({ issuer, serial, extensions }) => {
    if ('issuer' in identity) return identity.issuer.equals(issuer) && identity.serial.equals(serial);
    const extension = extensions.get(keyIdentifier);
    return extension !== undefined && derItem(extension.value).body.equals(identity.keyIdentifier);
  });
  if (leaf === undefined) throw new NotationFault('The time-stamp does not hold the certificate that has signed it.');
  return leaf;
}

function checkSigner({ content, contentType, signer }: SignedMessage, leaf: Certificate): void {
  const hash = hashes[signer.digestAlgorithm];
  if (hash === undefined) throw new NotationFault('The time-stamp uses a hash that is not allowed: SHA-2 is needed.');
  if (oidOf(signer.attributes.get(attributes.contentType)) !== contentType)
    throw new NotationFault('The time-stamp is signed for another type of content.');
  const digest = withTag(signer.attributes.get(attributes.messageDigest), tags.octetString).body;
  if (!hashOf(hash, content).equals(digest)) throw new NotationFault('The time-stamp is signed over another content.');
  checkPinned(signer.attributes.get(attributes.signingCertificateV2), leaf);
  if (!isSignedBy(signer.signed, signer.signatureAlgorithm, signer.signature, leaf.key, hash))
    throw new NotationFault(`The time-stamp is not signed by ${named(leaf)}.`);
}

/**
 * The signed attribute names the certificate by its hash (RFC 5035): without it the token could be shown with another
 * certificate of the same key.
 */
function checkPinned(attribute: DerItem | undefined, leaf: Certificate): void {
  if (attribute === undefined)
    throw new NotationFault('The time-stamp lacks the attribute signing-certificate-v2, which pins its certificate.');
  const [first] = membersOfTag(membersOfTag(attribute, tags.sequence)[0], tags.sequence);
  const members = membersOfTag(first, tags.sequence);
  // The hash is left out where it is SHA-256.
  const algorithm = members[0]?.tag === tags.sequence ? members.shift() : undefined;
  const hash = algorithm === undefined ? 'sha256' : hashes[oidOf(membersOf(algorithm)[0])];
  if (hash === undefined || !hashOf(hash, leaf.der).equals(withTag(members[0], tags.octetString).body))
    throw new NotationFault('The time-stamp pins another certificate than the one that has signed it.');
}

/**
 * Finds the way from the signer to a trusted root. Tokens hold their certificates in no order, often without the root.
 * Each certificate is visited once, so that many with one name cost no more than their number squared.
 */
function pathFrom(leaf: Certificate, certificates: readonly Certificate[], roots: readonly Certificate[]): Chain {
  const visited = new Set<Certificate>([leaf]);
  const search = (at: Certificate): Certificate[] | undefined => {
    const root = roots.find((each) => isIssuedBy(at, each));
    if (root !== undefined) return at === root ? [] : [root];
    for (const each of certificates) {
      if (visited.has(each) || !isIssuedBy(at, each)) continue;
      visited.add(each);
      const rest = search(each);
      if (rest !== undefined) return [each, ...rest];
    }
    return undefined;
  };
  const path = search(leaf);
  if (path === undefined || path.length >= maxChain)
    throw new NotationFault(
      `The time-stamp is signed by ${named(leaf)}, which leads to no trusted time-stamping authority.`,
    );
  return [leaf, ...path];
}

/** An authority between leaf and root that is limited to other purposes cannot certify a time-stamping authority. */
function checkPurposes(chain: Chain): void {
  for (const each of chain.slice(1, -1)) {
    const purposes = extendedKeyUsageOf(each)?.purposes;
    if (purposes?.includes(timeStamping) === false && !purposes.includes(anyPurpose))
      throw new NotationFault(`The time-stamp is certified by ${named(each)}, which is not allowed to.`);
  }
}
