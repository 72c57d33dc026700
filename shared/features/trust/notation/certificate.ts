import { X509Certificate } from 'node:crypto';
import type { DerItem } from './der.ts';
import {
  asBuffer,
  booleanOf,
  bytesOfBitString,
  contextTag,
  derItem,
  flagsOf,
  membersOf,
  membersOfTag,
  oidOf,
  smallNumberOf,
  tags,
  timeOf,
  withTag,
} from './der.ts';
import { nameAsText } from './distinguished-name.ts';
import { escaped, NotationFault } from './fault.ts';
import type { KeyFacts } from './keys.ts';
import { factsOfKey } from './keys.ts';

/** A certificate, as far as its own bytes say. Nothing here says that anybody trusts it. */
export interface Certificate {
  readonly der: Buffer;
  readonly x509: X509Certificate;
  /** The bytes of the serial number's integer. */
  readonly serial: Buffer;
  /** The names in DER: two names are the same when their bytes are. */
  readonly issuer: Buffer;
  readonly subject: Buffer;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** The algorithm by which the issuer has signed. */
  readonly signedBy: string;
  readonly key: KeyFacts;
  readonly extensions: ReadonlyMap<string, Extension>;
}

export interface Extension {
  readonly isCritical: boolean;
  readonly value: Buffer;
}

const maxCertificateBytes = 64 * 1024;

/** SHA-2 under RSA and ECDSA: SHA-1 and everything older is refused by not being here. */
const signatureAlgorithms: Readonly<Record<string, string>> = {
  '1.2.840.113549.1.1.11': 'RSA with SHA-256',
  '1.2.840.113549.1.1.12': 'RSA with SHA-384',
  '1.2.840.113549.1.1.13': 'RSA with SHA-512',
  '1.2.840.10045.4.3.2': 'ECDSA with SHA-256',
  '1.2.840.10045.4.3.3': 'ECDSA with SHA-384',
  '1.2.840.10045.4.3.4': 'ECDSA with SHA-512',
};
const rsaPss = '1.2.840.113549.1.1.10';
const sha2: readonly string[] = ['2.16.840.1.101.3.4.2.1', '2.16.840.1.101.3.4.2.2', '2.16.840.1.101.3.4.2.3'];

/** Reads a certificate. Throws `NotationFault`, also for an algorithm that the specification forbids. */
export function certificateIn(bytes: Uint8Array): Certificate {
  if (bytes.length > maxCertificateBytes)
    throw new NotationFault(`A certificate has more than ${maxCertificateBytes} bytes.`);
  const der = asBuffer(bytes);
  const [tbs, outer, signature, ...more] = membersOfTag(derItem(der), tags.sequence);
  if (more.length > 0) throw new NotationFault('A certificate has more than three members.');
  bytesOfBitString(signature);
  const fields = membersOfTag(tbs, tags.sequence);
  if (fields[0]?.tag === contextTag(0)) fields.shift();
  const [serial, inner, issuer, validity, subject, , ...optional] = fields;
  const [notBefore, notAfter] = membersOfTag(validity, tags.sequence);
  const x509 = parsedByNode(der);
  return {
    der,
    x509,
    serial: withTag(serial, tags.integer).body,
    issuer: withTag(issuer, tags.sequence).whole,
    subject: withTag(subject, tags.sequence).whole,
    notBefore: timeOf(notBefore),
    notAfter: timeOf(notAfter),
    signedBy: signatureAlgorithmOf(inner, outer),
    key: factsOfKey(x509),
    extensions: extensionsIn(optional.find(({ tag }) => tag === contextTag(3))),
  };
}

function parsedByNode(der: Buffer): X509Certificate {
  try {
    return new X509Certificate(der);
  } catch {
    throw new NotationFault('A certificate cannot be parsed.');
  }
}

function signatureAlgorithmOf(inner: DerItem | undefined, outer: DerItem | undefined): string {
  const [algorithm, parameters] = membersOfTag(inner, tags.sequence);
  if (outer === undefined || inner?.whole.equals(outer.whole) !== true)
    throw new NotationFault('A certificate names two signature algorithms.');
  const oid = oidOf(algorithm);
  const named = oid === rsaPss ? pssOf(parameters) : signatureAlgorithms[oid];
  if (named === undefined)
    throw new NotationFault(
      `A certificate is signed by the algorithm ${escaped(oid)}: only RSA and ECDSA with SHA-256, SHA-384 or SHA-512 are allowed.`,
    );
  return named;
}

/** The parameters' default is SHA-1, so that a hash must be named. */
function pssOf(parameters: DerItem | undefined): string | undefined {
  const hash = membersOfTag(parameters, tags.sequence).find(({ tag }) => tag === contextTag(0));
  const [algorithm] = hash === undefined ? [] : membersOf(hash);
  return algorithm !== undefined && sha2.includes(oidOf(membersOfTag(algorithm, tags.sequence)[0]))
    ? 'RSASSA-PSS'
    : undefined;
}

/** Reads the extensions behind the tag that introduces them, none where it is absent. */
export function extensionsIn(item: DerItem | undefined): ReadonlyMap<string, Extension> {
  return item === undefined ? new Map() : extensionsOf(membersOf(item)[0]);
}

export function extensionsOf(list: DerItem | undefined): ReadonlyMap<string, Extension> {
  const extensions = new Map<string, Extension>();
  for (const each of membersOfTag(list, tags.sequence)) {
    const [id, ...rest] = membersOfTag(each, tags.sequence);
    const isCritical = rest[0]?.tag === tags.boolean ? booleanOf(rest.shift()) : false;
    const oid = oidOf(id);
    // One reader would take the first of two, and another the last.
    if (extensions.has(oid)) throw new NotationFault(`A certificate has the extension ${escaped(oid)} twice.`);
    extensions.set(oid, { isCritical, value: withTag(rest[0], tags.octetString).body });
  }
  return extensions;
}

export interface BasicConstraints {
  readonly isCritical: boolean;
  readonly isAuthority: boolean;
  readonly pathLength: number | undefined;
}

export function basicConstraintsOf({ extensions }: Certificate): BasicConstraints | undefined {
  const extension = extensions.get('2.5.29.19');
  if (extension === undefined) return undefined;
  const members = membersOfTag(derItem(extension.value), tags.sequence);
  const isAuthority = members[0]?.tag === tags.boolean ? booleanOf(members.shift()) : false;
  return {
    isCritical: extension.isCritical,
    isAuthority,
    pathLength: members.length === 0 ? undefined : smallNumberOf(members[0]),
  };
}

/** The bits of keyUsage by their numbers (RFC 5280, section 4.2.1.3). */
const keyUsages = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
] as const;
export type KeyUsage = (typeof keyUsages)[number];

export function keyUsageOf({
  extensions,
}: Certificate): { readonly isCritical: boolean; readonly usages: ReadonlySet<KeyUsage> } | undefined {
  const extension = extensions.get('2.5.29.15');
  if (extension === undefined) return undefined;
  const flags = flagsOf(derItem(extension.value));
  return { isCritical: extension.isCritical, usages: new Set(keyUsages.filter((_, bit) => flags.has(bit))) };
}

export function extendedKeyUsageOf({
  extensions,
}: Certificate): { readonly isCritical: boolean; readonly purposes: readonly string[] } | undefined {
  const extension = extensions.get('2.5.29.37');
  if (extension === undefined) return undefined;
  const purposes = membersOfTag(derItem(extension.value), tags.sequence).map((each) => oidOf(each));
  return { isCritical: extension.isCritical, purposes };
}

/** The addresses at which a certificate says that its revocation can be asked for. */
export interface RevocationSources {
  readonly ocsp: readonly string[];
  readonly crl: readonly string[];
}

/** The tag of an address in a general name. */
const uri = contextTag(6, 'primitive');

export function revocationSourcesOf({ extensions }: Certificate): RevocationSources {
  const access = extensions.get('1.3.6.1.5.5.7.1.1');
  const points = extensions.get('2.5.29.31');
  const ocsp = access === undefined ? [] : membersOfTag(derItem(access.value), tags.sequence);
  return {
    ocsp: ocsp.flatMap((each) => {
      const [method, location] = membersOfTag(each, tags.sequence);
      return oidOf(method) === '1.3.6.1.5.5.7.48.1' && location?.tag === uri ? [location.body.toString('latin1')] : [];
    }),
    crl: points === undefined ? [] : listsIn(derItem(points.value)),
  };
}

function listsIn(points: DerItem): string[] {
  return membersOfTag(points, tags.sequence).flatMap((point) => {
    const place = membersOfTag(point, tags.sequence).find(({ tag }) => tag === contextTag(0));
    return place === undefined ? [] : urisIn(place);
  });
}

/** Returns the addresses in the name of a distribution point. */
export function urisIn(place: DerItem): string[] {
  const names = membersOf(place).filter(({ tag }) => tag === contextTag(0));
  return names
    .flatMap((each) => membersOf(each).filter(({ tag }) => tag === uri))
    .map(({ body }) => body.toString('latin1'));
}

/** Names a certificate in a reason, by its subject. */
export function named(certificate: Certificate): string {
  return `the certificate "${escaped(nameAsText(certificate.subject))}"`;
}
