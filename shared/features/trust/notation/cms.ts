import type { DerItem } from './der.ts';
import { contextTag, derItem, membersOf, membersOfTag, oidOf, tags, withTag } from './der.ts';
import { NotationFault } from './fault.ts';

/** A signed message with exactly one signer (RFC 5652), as far as time-stamps need it. */
export interface SignedMessage {
  readonly contentType: string;
  readonly content: Buffer;
  /** The certificates in DER, in no order. */
  readonly certificates: readonly Buffer[];
  readonly signer: MessageSigner;
}

export interface MessageSigner {
  /** The issuer's name in DER and the serial number, or the identifier of the key. */
  readonly identity: { readonly issuer: Buffer; readonly serial: Buffer } | { readonly keyIdentifier: Buffer };
  readonly digestAlgorithm: string;
  readonly signatureAlgorithm: DerItem;
  /** The attributes in the encoding that is signed: a SET, whatever tag they have in the message. */
  readonly signed: Buffer;
  readonly attributes: ReadonlyMap<string, DerItem>;
  readonly signature: Buffer;
}

const signedData = '1.2.840.113549.1.7.2';
const maxCertificates = 20;
const maxAttributes = 50;

/** Reads a ContentInfo that holds SignedData. Throws `NotationFault`. */
export function signedMessageIn(bytes: Uint8Array): SignedMessage {
  const [type, wrapped] = membersOfTag(derItem(bytes), tags.sequence);
  if (oidOf(type) !== signedData) throw new NotationFault('The time-stamp is no signed message.');
  const [version, , encapsulated, ...rest] = membersOfTag(membersOfTag(wrapped, contextTag(0))[0], tags.sequence);
  withTag(version, tags.integer);
  const [contentType, content] = membersOfTag(encapsulated, tags.sequence);
  const certificates = rest.find(({ tag }) => tag === contextTag(0));
  const ders = certificates === undefined ? [] : membersOf(certificates);
  if (ders.length > maxCertificates)
    throw new NotationFault(`The time-stamp has ${ders.length} certificates: at most ${maxCertificates} are read.`);
  const signers = membersOfTag(rest.at(-1), tags.set);
  if (signers.length !== 1) throw new NotationFault('The time-stamp must have exactly one signer.');
  return {
    contentType: oidOf(contentType),
    content: withTag(membersOfTag(content, contextTag(0))[0], tags.octetString).body,
    certificates: ders.filter(({ tag }) => tag === tags.sequence).map(({ whole }) => whole),
    signer: signerIn(signers[0]),
  };
}

function signerIn(item: DerItem | undefined): MessageSigner {
  const [version, identity, digestAlgorithm, attributes, signatureAlgorithm, signature] = membersOfTag(
    item,
    tags.sequence,
  );
  withTag(version, tags.integer);
  const signed = Buffer.from(withTag(attributes, contextTag(0)).whole);
  signed[0] = tags.set;
  return {
    identity: identityIn(identity),
    digestAlgorithm: oidOf(membersOfTag(digestAlgorithm, tags.sequence)[0]),
    signatureAlgorithm: withTag(signatureAlgorithm, tags.sequence),
    signed,
    attributes: attributesIn(attributes),
    signature: withTag(signature, tags.octetString).body,
  };
}

function identityIn(item: DerItem | undefined): MessageSigner['identity'] {
  if (item?.tag === contextTag(0, 'primitive')) return { keyIdentifier: item.body };
  const [issuer, serial] = membersOfTag(item, tags.sequence);
  return { issuer: withTag(issuer, tags.sequence).whole, serial: withTag(serial, tags.integer).body };
}

/** Each attribute that counts here has exactly one value; one that stands twice is refused. */
function attributesIn(item: DerItem | undefined): ReadonlyMap<string, DerItem> {
  const attributes = new Map<string, DerItem>();
  const members = membersOfTag(item, contextTag(0));
  if (members.length > maxAttributes) throw new NotationFault('The time-stamp has too many attributes.');
  for (const each of members) {
    const [type, values] = membersOfTag(each, tags.sequence);
    const [value, ...more] = membersOfTag(values, tags.set);
    const oid = oidOf(type);
    if (value === undefined || attributes.has(oid))
      throw new NotationFault('The time-stamp has an attribute twice, or one without a value.');
    if (more.length === 0) attributes.set(oid, value);
  }
  return attributes;
}
