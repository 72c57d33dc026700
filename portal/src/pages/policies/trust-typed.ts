import type { Covering, Typed } from './covering.ts';
import { coveringSettings, newCovering, typedCovering } from './covering.ts';
import { publicKeysIn } from './pem.ts';

/** The settings of a trust policy. The kit, which has the API's own type of them, is for browsers alone. */
export interface TrustSettings extends Covering {
  readonly sigstoreKeys: readonly KeyAuthority[];
  readonly sigstoreIdentities: readonly IdentityAuthority[];
  readonly notation: readonly object[];
  readonly attestation?: string | undefined;
  readonly subject: string;
  readonly rules: readonly object[];
}

interface KeyAuthority {
  readonly name: string;
  readonly keys: readonly string[];
  readonly requireLog?: boolean;
  readonly trustedRoot?: string | undefined;
}

interface IdentityAuthority {
  readonly name: string;
  readonly issuer: string;
  readonly subject?: string | undefined;
  readonly subjectRegExp?: string | undefined;
  readonly claims?: Readonly<Record<string, string | undefined>>;
  readonly insecureIgnoreLog?: boolean;
  readonly insecureIgnoreSct?: boolean;
  readonly trustedRoot?: string | undefined;
}

/** The signers by a key, as somebody types them. */
export interface TypedKeys {
  readonly name: string;
  /** One or several public keys in PEM. */
  readonly pem: string;
  readonly requireLog: boolean;
  readonly trustedRoot: string;
}

/** The signers by an identity, as somebody types them. */
export interface TypedIdentity {
  readonly name: string;
  readonly issuer: string;
  readonly subject: string;
  readonly isExpression: boolean;
  /** NAME=VALUE, one a line. */
  readonly claims: string;
  readonly trustedRoot: string;
  readonly insecureIgnoreLog: boolean;
  readonly insecureIgnoreSct: boolean;
}

export interface TypedTrust extends Typed {
  readonly keys: readonly TypedKeys[];
  readonly identities: readonly TypedIdentity[];
  /** The authorities of Notation have certificates and levels: they are changed as JSON alone. */
  readonly notation: readonly object[];
  readonly attestation: string;
  readonly subject: string;
  /** The rules on attestations are changed as JSON, too. */
  readonly rules: readonly object[];
}

export const newKeys: TypedKeys = { name: 'release', pem: '', requireLog: false, trustedRoot: '' };
export const newIdentity: TypedIdentity = {
  name: 'ci',
  issuer: 'https://token.actions.githubusercontent.com',
  subject: '',
  isExpression: false,
  claims: '',
  trustedRoot: 'public-good',
  insecureIgnoreLog: false,
  insecureIgnoreSct: false,
};
export const newTrust: TypedTrust = {
  ...newCovering,
  keys: [newKeys],
  identities: [],
  notation: [],
  attestation: '',
  subject: 'index-or-child',
  rules: [],
};

export function typedTrust(of: TrustSettings): TypedTrust {
  return {
    ...typedCovering(of),
    keys: of.sigstoreKeys.map(({ name, keys, requireLog = false, trustedRoot = '' }) => ({
      name,
      pem: keys.map((key) => `${key.trim()}\n`).join(''),
      requireLog,
      trustedRoot,
    })),
    identities: of.sigstoreIdentities.map(
      ({ subject, subjectRegExp, claims = {}, trustedRoot = 'public-good', ...rest }) => ({
        insecureIgnoreLog: false,
        insecureIgnoreSct: false,
        ...rest,
        trustedRoot,
        subject: subjectRegExp ?? subject ?? '',
        isExpression: subjectRegExp !== undefined,
        claims: Object.entries(claims)
          .flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]))
          .join('\n'),
      }),
    ),
    notation: of.notation,
    attestation: of.attestation ?? '',
    subject: of.subject,
    rules: of.rules,
  };
}

/** Returns the settings as the API has them. Throws where a field cannot be read, before anything is sent. */
export function trustSettings(of: TypedTrust): TrustSettings {
  return {
    ...coveringSettings(of),
    sigstoreKeys: of.keys.map(({ name, pem, requireLog, trustedRoot }) => ({
      name: name.trim(),
      keys: publicKeysIn(pem),
      requireLog,
      ...(trustedRoot.trim() === '' ? {} : { trustedRoot: trustedRoot.trim() }),
    })),
    sigstoreIdentities: of.identities.map(({ name, issuer, subject, isExpression, claims, trustedRoot, ...rest }) => ({
      name: name.trim(),
      issuer: issuer.trim(),
      ...(isExpression ? { subjectRegExp: subject.trim() } : { subject: subject.trim() }),
      claims: claimsIn(claims),
      ...rest,
      trustedRoot: trustedRoot.trim(),
    })),
    notation: of.notation,
    ...(of.attestation.trim() === '' ? {} : { attestation: of.attestation.trim() }),
    subject: of.subject,
    rules: of.rules,
  };
}

function claimsIn(text: string): Record<string, string> {
  return Object.fromEntries(
    text
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '')
      .map((line) => {
        const at = line.indexOf('=');
        if (at < 1) throw new Error(`"${line}" is no claim: write NAME=VALUE, as in ref=refs/heads/main.`);
        return [line.slice(0, at).trim(), line.slice(at + 1).trim()];
      }),
  );
}

/** Names the signers of a policy in words. */
export function asksFor({
  sigstoreKeys,
  sigstoreIdentities,
  notation,
  attestation,
}: Omit<TrustSettings, keyof Covering | 'subject' | 'rules'>): string {
  const signers = [
    ...sigstoreKeys.map(({ name, keys }) => `${name} (${keys.length === 1 ? 'a key' : `${keys.length} keys`})`),
    ...sigstoreIdentities.map(({ name }) => `${name} (keyless)`),
    ...notation.map((each) => `${String((each as { readonly name?: unknown }).name)} (Notation)`),
  ];
  const what = attestation === undefined ? 'a signature' : `an attestation of ${attestation}`;
  return signers.length === 0 ? `${what}, and names nobody whose counts` : `${what} by ${signers.join(' or ')}`;
}
