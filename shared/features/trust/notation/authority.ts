import { z } from 'zod';
import { certificateIn } from './certificate.ts';
import { isRootAuthority, mayBeTrusted } from './certificates.ts';
import { identityIn, isSubset } from './distinguished-name.ts';
import { NotationFault } from './fault.ts';

/** The bounds of an authority: it is read for each signature that it judges. */
const most = { stores: 20, certificates: 50, identities: 50, pemLength: 64 * 1024, identityLength: 2_000 } as const;

export type Action = 'enforce' | 'log' | 'skip';
export type Check = 'authenticity' | 'authenticTimestamp' | 'expiry' | 'revocation';

/** Returns the DER of a PEM text that is exactly one certificate. Throws `NotationFault`. */
export function derOfPem(pem: string): Buffer {
  const lines = pem.trim().split(/\r?\n/);
  if (lines[0]?.trim() !== '-----BEGIN CERTIFICATE-----' || lines.at(-1)?.trim() !== '-----END CERTIFICATE-----')
    throw new NotationFault('It is no certificate in PEM.');
  const text = lines.slice(1, -1).join('').replaceAll(' ', '');
  const der = Buffer.from(text, 'base64');
  if (der.toString('base64') !== text) throw new NotationFault('It is no single certificate in PEM.');
  return der;
}

/** Says why a PEM text cannot be in a store; `undefined` where it can. */
export function faultOfPem(pem: string, type: StoreType): string | undefined {
  try {
    const certificate = certificateIn(derOfPem(pem));
    if (type === 'tsa' && !isRootAuthority(certificate))
      return 'must be the self-signed root of a time-stamping authority';
    return mayBeTrusted(certificate) ? undefined : 'must be the certificate of an authority, or self-signed';
  } catch (error) {
    return `must be one certificate in PEM${error instanceof NotationFault ? ` (${error.message})` : ''}`;
  }
}

export const storeTypes = ['ca', 'signingAuthority', 'tsa'] as const;
export type StoreType = (typeof storeTypes)[number];

export const storeNamePattern = /^[a-zA-Z0-9_.-]{1,100}$/;

function storesSchema(type: StoreType, description: string) {
  const pem = z
    .string()
    .max(most.pemLength)
    .superRefine((text, context) => {
      const message = faultOfPem(text, type);
      if (message !== undefined) context.addIssue({ code: 'custom', message });
    })
    .describe('This is one certificate in PEM.');
  return z
    .record(
      z.string().regex(storeNamePattern, 'must be letters, digits, dots, dashes and underscores, at most 100'),
      z.array(pem).min(1).max(most.certificates),
    )
    .refine((stores) => Object.keys(stores).length <= most.stores, `must have at most ${most.stores} stores`)
    .optional()
    .describe(description);
}

const trustStoresSchema = z.strictObject({
  ca: storesSchema('ca', 'These are the stores of authorities that certify signers, by their names.'),
  signingAuthority: storesSchema(
    'signingAuthority',
    'These are the stores of signing authorities, which attest the time of a signature themselves, by their names.',
  ),
  tsa: storesSchema(
    'tsa',
    'These are the stores of time-stamping authorities, by their names. Without one no time-stamp counts.',
  ),
});

const action = z.enum(['enforce', 'log']);

/** Notary Project's words for how strictly a signature is verified. */
export const verificationSchema = z
  .strictObject({
    level: z
      .enum(['strict', 'permissive', 'audit', 'skip'])
      .describe(
        [
          'The level decides which faults refuse a signature: strict all of them, permissive those of integrity and',
          'authenticity, audit those of integrity. With skip nothing is verified.',
        ].join(' '),
      ),
    override: z
      .strictObject({
        authenticity: action.optional().describe('This says what a signer that is not trusted does.'),
        authenticTimestamp: action
          .optional()
          .describe('This says what a certificate does that was not valid when the signature was made.'),
        expiry: action.optional().describe('This says what a signature does that has expired.'),
        revocation: z
          .enum(['enforce', 'log', 'skip'])
          .optional()
          .describe('This says what a certificate does that is revoked, or of which that cannot be found out.'),
      })
      .optional()
      .describe('These checks differ from the level. Integrity is always enforced.'),
    verifyTimestamp: z
      .enum(['always', 'afterCertExpiry'])
      .optional()
      .describe('Time-stamps are verified always, which is the default, or only once a certificate has expired.'),
  })
  .refine(({ level, override }) => level !== 'skip' || Object.keys(override ?? {}).length === 0, {
    path: ['override'],
    message: 'must be absent where the level is skip',
  })
  .describe('This says how strictly signatures are verified.');

/** Says why a list of identities is not allowed, each with its place in the list. */
export function faultsOfIdentities(identities: readonly string[]): { readonly at: number; readonly why: string }[] {
  if (identities.includes('*') && identities.length > 1)
    return [{ at: identities.indexOf('*'), why: 'must be the only identity where it is "*"' }];
  if (identities[0] === '*') return [];
  const faults: { at: number; why: string }[] = [];
  const names = identities.map((identity, at) => {
    const reading = subjectOf(identity);
    if (reading.is === 'faulty')
      faults.push({ at, why: `must be "*" or "x509.subject: C=…, ST=…, O=…": ${reading.why}` });
    return reading.is === 'name' ? reading.attributes : undefined;
  });
  for (const [at, name] of names.entries())
    for (const [before, other] of names.slice(0, at).entries())
      if (name !== undefined && other !== undefined && (isSubset(name, other) || isSubset(other, name)))
        faults.push({ at, why: `must not overlap with the identity at place ${before}` });
  return faults;
}

const prefix = 'x509.subject:';

/** Reads an identity that is not "*". */
export function subjectOf(identity: string): ReturnType<typeof identityIn> {
  return identity.startsWith(prefix)
    ? identityIn(identity.slice(prefix.length).trimStart())
    : { is: 'faulty', why: `it does not begin with "${prefix}"` };
}

/** This says who may sign by Notation, and how strictly that is verified. */
export const notationAuthoritySchema = z
  .strictObject({
    name: z.string().min(1).max(200).describe('This is the name of the authority, which is shown in verdicts.'),
    verification: verificationSchema,
    trustStores: trustStoresSchema.describe(
      'These are the certificates that are trusted. One of them must be in the chain of a signature, byte for byte.',
    ),
    trustedIdentities: z
      .array(
        z
          .string()
          .min(1)
          .max(most.identityLength)
          .describe('This is "*", or "x509.subject:" with a distinguished name.'),
      )
      .max(most.identities)
      .superRefine((identities, context) => {
        for (const { at, why } of faultsOfIdentities(identities))
          context.addIssue({ code: 'custom', path: [at], message: why });
      })
      .describe('These subjects of signing certificates are trusted; "*" trusts all that the authorities certify.'),
  })
  .superRefine(({ verification, trustStores, trustedIdentities }, context) => {
    const isSkipped = verification.level === 'skip';
    const stores = Object.keys({ ...trustStores.ca, ...trustStores.signingAuthority }).length;
    const add = (name: string, message: string) => {
      context.addIssue({ code: 'custom', path: [name], message });
    };
    if (isSkipped && stores + Object.keys(trustStores.tsa ?? {}).length > 0)
      add('trustStores', 'must be empty where the level is skip');
    if (isSkipped && trustedIdentities.length > 0) add('trustedIdentities', 'must be empty where the level is skip');
    if (!isSkipped && stores === 0) add('trustStores', 'must have a store of type ca or signingAuthority');
    if (!isSkipped && trustedIdentities.length === 0) add('trustedIdentities', 'must have an identity');
  });

export type NotationAuthority = z.infer<typeof notationAuthoritySchema>;

/** Says whether an authority demands no signature at all: then none is verified, and images need none. */
export function demandsNothing({ verification }: NotationAuthority): boolean {
  return verification.level === 'skip';
}

const levels: Readonly<Record<'strict' | 'permissive' | 'audit', Readonly<Record<Check, Action>>>> = {
  strict: { authenticity: 'enforce', authenticTimestamp: 'enforce', expiry: 'enforce', revocation: 'enforce' },
  permissive: { authenticity: 'enforce', authenticTimestamp: 'log', expiry: 'log', revocation: 'log' },
  audit: { authenticity: 'log', authenticTimestamp: 'log', expiry: 'log', revocation: 'log' },
};

/** Returns what each check does; `undefined` for the level that checks nothing. */
export function actionsOf({ verification }: NotationAuthority): Readonly<Record<Check, Action>> | undefined {
  const { level, override = {} } = verification;
  if (level === 'skip') return undefined;
  const given = Object.entries(override).filter(([, each]) => each !== undefined);
  return { ...levels[level], ...(Object.fromEntries(given) as Partial<Record<Check, Action>>) };
}
