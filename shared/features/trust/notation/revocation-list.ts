import type { Certificate, Extension } from './certificate.ts';
import {
  basicConstraintsOf,
  extensionsIn,
  extensionsOf,
  keyUsageOf,
  revocationSourcesOf,
  urisIn,
} from './certificate.ts';
import type { DerItem } from './der.ts';
import { bytesOfBitString, contextTag, derItem, membersOf, membersOfTag, tags, timeOf, withTag } from './der.ts';
import { NotationFault } from './fault.ts';
import type { RevocationFinding } from './revocation.ts';
import { isSignedBy } from './signed-structure.ts';

const ids = {
  invalidityDate: '2.5.29.24',
  deltaIndicator: '2.5.29.27',
  distributionPoint: '2.5.29.28',
  freshest: '2.5.29.46',
} as const;

export interface RevocationTimes {
  readonly now: Date;
  /** The time of the signature, where it is proven. */
  readonly signedAt: Date | undefined;
}

/**
 * Judges a certificate by a list of revoked ones (RFC 5280, section 5) that its issuer has signed. Throws
 * `NotationFault` for a list that cannot be gone by: of another issuer, of another time, for other certificates.
 *
 * Lists come over plain http, so that the one who answers may give any list that the issuer ever signed. One that is
 * limited to some addresses or kinds of certificates must therefore say that it is for this one.
 */
export function stateByList(
  bytes: Uint8Array,
  certificate: Certificate,
  issuer: Certificate,
  { now, signedAt }: RevocationTimes,
): RevocationFinding {
  const [tbs, algorithm, signature] = membersOfTag(derItem(bytes), tags.sequence);
  const fields = membersOfTag(tbs, tags.sequence);
  if (fields[0]?.tag === tags.integer) fields.shift();
  const [inner, name, thisUpdate, ...rest] = fields;
  if (tbs === undefined || algorithm === undefined || inner?.whole.equals(algorithm.whole) !== true)
    throw new NotationFault('The list names two signature algorithms.');
  if (!withTag(name, tags.sequence).whole.equals(issuer.subject) || !certificate.issuer.equals(issuer.subject))
    throw new NotationFault('The list is of another issuer.');
  if (keyUsageOf(issuer)?.usages.has('cRLSign') === false) throw new NotationFault('The issuer may not sign lists.');
  if (!isSignedBy(tbs.whole, algorithm, bytesOfBitString(signature), issuer.key))
    throw new NotationFault('The list is not signed by the issuer.');
  const nextUpdate = rest[0]?.tag === tags.utcTime || rest[0]?.tag === tags.generalizedTime ? rest.shift() : undefined;
  if (nextUpdate === undefined || now > timeOf(nextUpdate) || now < timeOf(thisUpdate))
    throw new NotationFault('The list is of another time.');
  const entries = rest[0]?.tag === tags.sequence ? membersOf(rest[0]) : [];
  const isComplete = checkScope(
    rest.find(({ tag }) => tag === contextTag(0)),
    certificate,
  );
  const entry = entries.find((each) => membersOfTag(each, tags.sequence)[0]?.body.equals(certificate.serial) === true);
  const until = timeOf(nextUpdate);
  if (entry !== undefined) return { state: isHarmless(extensionsOfEntry(entry), signedAt) ? 'good' : 'revoked', until };
  return isComplete
    ? { state: 'good', until }
    : { state: 'unknown', why: 'the list does not have what is newest', until };
}

/** Checks that a list is for the certificate; false where a second list has what is newer, which is not read. */
function checkScope(item: DerItem | undefined, certificate: Certificate): boolean {
  const extensions = extensionsIn(item);
  for (const [oid, { isCritical }] of extensions)
    if (isCritical && oid !== ids.distributionPoint)
      throw new NotationFault('The list has a critical extension that is not known, or is a part of another one.');
  if (extensions.has(ids.deltaIndicator)) throw new NotationFault('The list is a part of another one.');
  const point = extensions.get(ids.distributionPoint);
  if (point !== undefined) checkPoint(membersOfTag(derItem(point.value), tags.sequence), certificate);
  return !extensions.has(ids.freshest);
}

function checkPoint(members: readonly DerItem[], certificate: Certificate): void {
  const isAuthority = basicConstraintsOf(certificate)?.isAuthority === true;
  const own = revocationSourcesOf(certificate).crl;
  for (const { tag, body, whole } of members) {
    const isTrue = body.length === 1 && body[0] === 0xff;
    if (tag === contextTag(0)) {
      if (!urisIn(derItem(whole)).some((each) => own.includes(each)))
        throw new NotationFault('The list is for certificates of another address.');
    } else if (
      tag === contextTag(1, 'primitive')
        ? isTrue && isAuthority
        : tag !== contextTag(2, 'primitive') || (isTrue && !isAuthority)
    )
      throw new NotationFault('The list is for other certificates.');
  }
}

function extensionsOfEntry(entry: DerItem): ReadonlyMap<string, Extension> {
  const [, , item] = membersOf(entry);
  return item === undefined ? new Map() : extensionsOf(item);
}

/** A key that was lost after the signature was made does it no harm, where its time is proven. */
export function isHarmless(extensions: ReadonlyMap<string, Extension>, signedAt: Date | undefined): boolean {
  const invalidity = extensions.get(ids.invalidityDate);
  return signedAt !== undefined && invalidity !== undefined && signedAt < timeOf(derItem(invalidity.value));
}
