import { NotationFault, shown } from './fault.ts';

/** The names of the signed attributes that are known, the same in both envelopes. */
const attributeNames = {
  scheme: 'io.cncf.notary.signingScheme',
  signingTime: 'io.cncf.notary.signingTime',
  authenticSigningTime: 'io.cncf.notary.authenticSigningTime',
  expiry: 'io.cncf.notary.expiry',
} as const;

/** The names of the attributes that are not signed. */
export const unsignedNames = {
  timestamp: 'io.cncf.notary.timestampSignature',
} as const;

type Scheme = 'notary.x509' | 'notary.x509.signingAuthority';

/** The protected header of an envelope, in the words that both kinds share. */
export interface ProtectedHeader {
  readonly names: ReadonlySet<string | number>;
  /** The names that the signer demands to be understood, as they were received. */
  readonly critical: unknown;
  text: (name: string) => string;
  time: (name: string) => Date;
}

export interface SignedAttributes {
  readonly scheme: Scheme;
  /** The time that the signer claims, under `notary.x509`; the time that the authority attests, under the other scheme. */
  readonly signingTime: Date;
  readonly expiry: Date | undefined;
}

const maxCritical = 50;

/**
 * Reads the signed attributes. Whatever the signer marked critical and is not known here is refused, and so is a demand
 * for a plugin: to go on without it would verify less than the signer asked for.
 */
export function attributesIn(header: ProtectedHeader): SignedAttributes {
  const plugin = [...header.names].find((each) => String(each).startsWith('io.cncf.notary.verificationPlugin'));
  if (plugin !== undefined)
    throw new NotationFault('The signature asks for a verification plugin, and plugins are not supported.');
  const scheme = schemeIn(header);
  const [time, otherTime] =
    scheme === 'notary.x509'
      ? [attributeNames.signingTime, attributeNames.authenticSigningTime]
      : [attributeNames.authenticSigningTime, attributeNames.signingTime];
  if (!header.names.has(time)) throw new NotationFault(`The signed attribute ${time} is missing.`);
  if (header.names.has(otherTime))
    throw new NotationFault(`The signed attribute ${otherTime} is not allowed under the scheme ${scheme}.`);
  checkCritical(header, scheme);
  const signingTime = header.time(time);
  const expiry = header.names.has(attributeNames.expiry) ? header.time(attributeNames.expiry) : undefined;
  if (expiry !== undefined && expiry <= signingTime)
    throw new NotationFault('The signature expires before it was made, or at that moment.');
  return { scheme, signingTime, expiry };
}

function schemeIn(header: ProtectedHeader): Scheme {
  if (!header.names.has(attributeNames.scheme))
    throw new NotationFault(`The signed attribute ${attributeNames.scheme} is missing.`);
  const scheme = header.text(attributeNames.scheme);
  if (scheme !== 'notary.x509' && scheme !== 'notary.x509.signingAuthority')
    throw new NotationFault(`The signing scheme ${shown(scheme)} is not known.`);
  return scheme;
}

function checkCritical({ names, critical }: ProtectedHeader, scheme: Scheme): void {
  if (!Array.isArray(critical) || critical.length === 0)
    throw new NotationFault('The signature does not say which of its attributes are critical.');
  if (critical.length > maxCritical)
    throw new NotationFault(`More than ${maxCritical} attributes are marked critical.`);
  const known: readonly unknown[] = Object.values(attributeNames);
  for (const each of critical as unknown[])
    if (!known.includes(each)) throw new NotationFault(`The critical attribute ${shown(each)} is not known.`);
  const listed = new Set(critical as (typeof attributeNames)[keyof typeof attributeNames][]);
  if (listed.size < critical.length) throw new NotationFault('An attribute is marked critical twice.');
  for (const each of listed)
    if (!names.has(each)) throw new NotationFault(`The attribute ${each} is marked critical, but is not there.`);
  const needed = [
    attributeNames.scheme,
    ...(scheme === 'notary.x509' ? [] : [attributeNames.authenticSigningTime]),
    ...(names.has(attributeNames.expiry) ? [attributeNames.expiry] : []),
  ];
  const unmarked = needed.filter((each) => !listed.has(each));
  if (unmarked.length > 0)
    throw new NotationFault(`An attribute must be marked critical, and is not: ${unmarked.join(', ')}.`);
}
