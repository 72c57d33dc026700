import type { KeyObject } from 'node:crypto';
import { createHash, X509Certificate as NodeCertificate } from 'node:crypto';
import { ASN1Obj, EXTENSION_OID_SCT, X509Certificate } from '@sigstore/core';
import { defined } from '../../../core/documents/defined.ts';
import type { ClaimName } from './authority.ts';
import { keyFault } from './keys.ts';
import { readPem } from './pem.ts';
import { quoted } from './quoted.ts';

/** A signer's certificate, read. Nothing of it is proven until its chain is verified. */
export interface Leaf {
  readonly certificate: X509Certificate;
  readonly key: KeyObject;
  /** The identities: a URI, an e-mail address, a DNS name, or a user's name. */
  readonly names: readonly string[];
  readonly issuer?: string;
  /** The values of Fulcio's extensions, by the last number of their OID. */
  readonly values: ReadonlyMap<number, string>;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** The SHA-256 of the DER, in hex. */
  readonly thumbprint: string;
}

const codeSigning = '1.3.6.1.5.5.7.3.3';
const subjectAltName = '2.5.29.17';
const fulcio = '1.3.6.1.4.1.57264.1.';

/** Key usage, subject alternative name, basic constraints, policies, and extended key usage. */
const understood = ['2.5.29.15', subjectAltName, '2.5.29.19', '2.5.29.32', '2.5.29.37'];

/** Thrown inside of this file, where the reason ends the reading. */
class CertificateFault extends Error {}

/** Reads a certificate's PEM; `undefined` when it is none. */
export function readCertificatePem(pem: string): Buffer | undefined {
  const block = readPem(pem);
  return block?.label === 'CERTIFICATE' ? block.der : undefined;
}

/**
 * Reads a signer's certificate, and checks what the verifying library leaves out: that it is made for signing code, that
 * it is no authority's own, that nothing in it is critical and unknown, and that its bytes are the one way to write it.
 */
export function readLeaf(der: Buffer): Leaf | { readonly fault: string } {
  try {
    const node = new NodeCertificate(der);
    const certificate = X509Certificate.parse(Buffer.from(der));
    checkForm(certificate, node, der);
    checkUse(certificate, node);
    const values = fulcioValues(certificate);
    return defined({
      certificate,
      key: node.publicKey,
      names: namesIn(certificate),
      // The older extension has the issuer as it is, the newer one as a DER string.
      issuer: values.get(8) ?? values.get(1),
      values,
      notBefore: certificate.notBefore,
      notAfter: certificate.notAfter,
      thumbprint: createHash('sha256').update(der).digest('hex'),
    });
  } catch (error) {
    if (error instanceof CertificateFault) return { fault: error.message };
    return { fault: `The certificate cannot be read: ${quoted(String(error))}.` };
  }
}

/**
 * The authority's signature does not cover the outer tags, the algorithm's second mention, and the count of unused bits:
 * a change of those makes other bytes that verify all the same.
 */
function checkForm({ root, tbsCertificate }: X509Certificate, node: NodeCertificate, der: Buffer): void {
  const [, algorithm, signature] = root.subs;
  const inner = tbsCertificate.subs[2];
  const isOneForm =
    root.subs.length === 3 &&
    inner !== undefined &&
    algorithm?.toDER().equals(inner.toDER()) === true &&
    signature?.value[0] === 0 &&
    node.raw.equals(der) &&
    root.toDER().equals(der);
  if (!isOneForm) throw new CertificateFault('The certificate is not written as DER asks.');
}

function checkUse(certificate: X509Certificate, node: NodeCertificate): void {
  const fault = keyFault(node.publicKey);
  if (fault !== undefined) throw new CertificateFault(`The certificate's key ${fault}.`);
  if (node.ca || certificate.isCA)
    throw new CertificateFault("The certificate is an authority's own, and not one of a signer.");
  if (!(node.keyUsage as readonly string[] | undefined)?.includes(codeSigning))
    throw new CertificateFault('The certificate is not made for signing code (extended key usage codeSigning).');
  if (certificate.extKeyUsage?.digitalSignature === false)
    throw new CertificateFault('The certificate is not made for signatures (key usage digitalSignature).');
  const oids = certificate.extensions.map((extension) => extension.subs[0]?.toOID() ?? '');
  const twice = oids.find((oid, at) => oids.indexOf(oid) !== at);
  if (twice !== undefined) throw new CertificateFault(`The certificate has the extension ${twice} twice.`);
  const unknown = oids.find((oid) => !understood.includes(oid) && certificate.extension(oid)?.critical === true);
  if (unknown !== undefined)
    throw new CertificateFault(`The certificate has the critical extension ${unknown}, which is not understood.`);
}

function namesIn(certificate: X509Certificate): string[] {
  const extension = certificate.extension(subjectAltName);
  const names = extension === undefined ? [] : ASN1Obj.parseBuffer(Buffer.from(extension.value)).subs.flatMap(nameIn);
  if (names.length === 0) throw new CertificateFault('The certificate names no identity (subject alternative name).');
  return names;
}

/** The tags of general names: other, e-mail address, DNS name, URI. */
const [otherName, ...asciiNames] = [0, 1, 2, 6] as const;

/**
 * Node's own decoding of ASCII drops the highest bit of each byte, so that a name of other bytes would read as an
 * innocent one.
 */
function nameIn(name: ASN1Obj): string[] {
  if (asciiNames.some((tag) => name.tag.isContextSpecific(tag))) {
    if (name.value.some((byte) => byte < 0x20 || byte > 0x7e))
      throw new CertificateFault('The certificate names an identity that is not printable ASCII.');
    return [name.value.toString('latin1')];
  }
  if (!name.tag.isContextSpecific(otherName) || name.subs[0]?.toOID() !== `${fulcio}7`) return [];
  const user = name.subs[1]?.subs[0];
  return user === undefined ? [] : [utf8(user.value)];
}

function utf8(bytes: Buffer): string {
  const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  if (/\p{C}/u.test(text)) throw new CertificateFault('The certificate has a value with control characters.');
  return text;
}

const utf8String = 0x0c;

/** The extensions 1 to 6 hold texts as they are, and those from 8 on hold texts in DER. */
function fulcioValues(certificate: X509Certificate): Map<number, string> {
  const values = new Map<number, string>();
  for (const each of certificate.extensions) {
    const oid = each.subs[0]?.toOID() ?? '';
    const last = oid.startsWith(fulcio) ? oid.slice(fulcio.length) : '';
    const value = each.subs.at(-1)?.value;
    if (!/^[1-9]\d?$/.test(last) || last === '7' || value === undefined) continue;
    values.set(Number(last), Number(last) < 7 ? utf8(value) : derText(value));
  }
  return values;
}

function derText(der: Buffer): string {
  const text = ASN1Obj.parseBuffer(Buffer.from(der));
  if (!text.tag.isUniversal() || text.tag.number !== utf8String)
    throw new CertificateFault('The certificate has a claim that is not a UTF-8 text.');
  return utf8(text.value);
}

/** The extensions of each claim, the newer one first. */
const claimExtensions: Readonly<Record<ClaimName, readonly number[]>> = {
  repository: [5],
  repositoryUri: [12],
  owner: [16],
  ref: [14, 6],
  sha: [13, 3],
  name: [4],
  trigger: [20, 2],
  signer: [9],
  config: [18],
  runner: [11],
  visibility: [22],
  environment: [23],
};

/** Returns a claim of a certificate; `undefined` where it makes none. */
export function claimOf({ values }: Pick<Leaf, 'values'>, name: ClaimName): string | undefined {
  return claimExtensions[name].map((extension) => values.get(extension)).find((value) => value !== undefined);
}

/**
 * A certificate whose timestamps of certificate logs are not looked at. The library refuses a timestamp of a log that
 * it does not know even where none is asked for, and reads them from a clone of the certificate.
 */
export class CertificateWithoutLogs extends X509Certificate {
  override clone(): X509Certificate {
    const copy = super.clone();
    const at = copy.extensions.findIndex((extension) => extension.subs[0]?.toOID() === EXTENSION_OID_SCT);
    if (at !== -1) copy.extensions.splice(at, 1);
    return copy;
  }
}
