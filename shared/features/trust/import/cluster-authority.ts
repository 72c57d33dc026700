import { defined } from '../../../core/documents/defined.ts';
import { escaped } from '../notation/fault.ts';
import type { ClusterAuthority, ClusterIdentity } from './cluster-authority-schema.ts';

/** An authority in the words of a trust policy of ours; it is parsed with the policy. */
export type AuthorityReading =
  | {
      readonly is: 'carried';
      readonly keys: readonly object[];
      readonly identities: readonly object[];
      readonly attestations: readonly string[];
      readonly notes: readonly string[];
    }
  /** It never passes, so that it is no alternative. */
  | { readonly is: 'nothing'; readonly notes: readonly string[] }
  | { readonly is: 'faulty'; readonly faults: readonly string[] };

const publicGood = 'public-good';

/** The short names of cosign for types of attestations. */
const predicateTypes: Readonly<Record<string, string>> = {
  custom: 'https://cosign.sigstore.dev/attestation/v1',
  slsaprovenance: 'https://slsa.dev/provenance/v0.2',
  slsaprovenance02: 'https://slsa.dev/provenance/v0.2',
  slsaprovenance1: 'https://slsa.dev/provenance/v1',
  link: 'https://in-toto.io/Link/v1',
  spdx: 'https://spdx.dev/Document',
  spdxjson: 'https://spdx.dev/Document',
  cyclonedx: 'https://cyclonedx.org/bom',
  vuln: 'https://cosign.sigstore.dev/attestation/vuln/v1',
  openvex: 'https://openvex.dev/ns',
};

/** Reads one authority of a `ClusterImagePolicy`. */
export function authorityIn(authority: ClusterAuthority, at: number): AuthorityReading {
  const place = `spec.authorities[${at}]`;
  const [faults, notes]: [string[], string[]] = [faultsOf(authority, place), []];
  if (authority.static?.action === 'fail' && faults.length === 0)
    return { is: 'nothing', notes: [`${place} always fails, so that it is no alternative.`] };
  const name = authorityName(authority, at);
  const keys = keysIn(authority, { name, place }, faults);
  const identities = (authority.keyless?.identities ?? []).map((identity, index) =>
    identityIn(authority, identity, { name: index === 0 ? name : `${name}-${index}`, place, index }, { faults, notes }),
  );
  const attestations = attestationsIn(authority, place, faults);
  return faults.length > 0 ? { is: 'faulty', faults } : { is: 'carried', keys, identities, attestations, notes };
}

function authorityName({ name = '' }: ClusterAuthority, at: number): string {
  const plain = name.replaceAll(/[^a-zA-Z0-9_.-]/g, '-').replace(/^[^a-zA-Z0-9]+/, '');
  return plain === '' ? `authority-${at}` : plain.slice(0, 45);
}

function faultsOf(authority: ClusterAuthority, place: string): string[] {
  const { key, keyless, source, rfc3161timestamp, ctlog } = authority;
  const kinds = [key, keyless, authority.static].filter((each) => each !== undefined).length;
  const root = keyless?.trustRootRef ?? '';
  const logRoot = ctlog?.trustRootRef ?? '';
  const isUrlAlone = logRoot === '' && ctlog?.url !== undefined;
  const all: readonly (readonly [boolean, string])[] = [
    [kinds !== 1, ' must have exactly one of key, keyless and static'],
    [authority.static?.action === 'pass', '.static passes every image: exclude these repositories instead'],
    [source.length > 0, '.source takes signatures from elsewhere: here they lie beside the image'],
    [
      rfc3161timestamp !== undefined,
      '.rfc3161timestamp demands a time-stamp: here the time that a log promises counts too',
    ],
    [key?.secretRef !== undefined, '.key.secretRef names a secret of a cluster: put the public key into key.data'],
    [key?.kms !== undefined, '.key.kms names a key management service: put its public key into key.data'],
    [!['', 'sha256', undefined].includes(key?.hashAlgorithm), '.key.hashAlgorithm must be sha256'],
    [keyless?.['ca-cert'] !== undefined, '.keyless.ca-cert must become a trusted root'],
    [
      keyless !== undefined && root === '' && !isPublicFulcio(keyless.url),
      '.keyless.url is an instance of its own: name its trusted root by keyless.trustRootRef',
    ],
    [keyless?.identities.length === 0, '.keyless.identities must name somebody: without any everybody is trusted'],
    [
      keyless !== undefined && (logRoot === '' ? isUrlAlone && root !== '' : logRoot !== root),
      '.ctlog must be of the same trusted root as keyless',
    ],
  ];
  return all.flatMap(([isFault, text]) => (isFault ? [`${place}${text}.`] : []));
}

function isPublicFulcio(url: string | undefined): boolean {
  return url === undefined || url === '' || /^https:\/\/fulcio\.sigstore\.dev\/?$/.test(url);
}

function keysIn(
  { key, ctlog }: ClusterAuthority,
  { name, place }: { readonly name: string; readonly place: string },
  faults: string[],
): object[] {
  if (key === undefined) return [];
  const end = '-----END PUBLIC KEY-----';
  const keys = (key.data ?? '')
    .split(end)
    .map((each) => each.trim())
    .filter((each) => each !== '')
    .map((each) => `${each}\n${end}\n`);
  if (keys.length === 0 && key.secretRef === undefined && key.kms === undefined)
    faults.push(`${place}.key.data must be a public key in PEM.`);
  const logRoot = ctlog?.trustRootRef ?? '';
  const isLogged = logRoot !== '' || (ctlog?.url ?? '') !== '';
  // Without a root of its own the log's key is that of the public instance there, whatever the URL is.
  const logged = isLogged ? { requireLog: true, trustedRoot: logRoot === '' ? publicGood : logRoot } : {};
  return keys.length === 0 ? [] : [{ name, keys, ...logged }];
}

function identityIn(
  { keyless }: ClusterAuthority,
  { issuer, subject, issuerRegExp, subjectRegExp }: ClusterIdentity,
  { name, place, index }: { readonly name: string; readonly place: string; readonly index: number },
  { faults, notes }: { readonly faults: string[]; readonly notes: string[] },
): object {
  const at = `${place}.keyless.identities[${index}]`;
  if ((issuer ?? '') === '')
    faults.push(
      (issuerRegExp ?? '') === ''
        ? `${at}.issuer must be there: without one every issuer is trusted.`
        : `${at}.issuerRegExp cannot be carried over: name each issuer exactly.`,
    );
  if ((subject ?? '') === '' && (subjectRegExp ?? '') === '')
    faults.push(`${at}.subject must be there: without one everybody whom the issuer knows is trusted.`);
  if ((subject ?? '') !== '' && (subjectRegExp ?? '') !== '')
    faults.push(`${at} must have one of subject and subjectRegExp.`);
  if ((subjectRegExp ?? '') !== '')
    notes.push(`${at}.subjectRegExp must match the whole subject here, and not a part of it.`);
  const root = keyless?.trustRootRef ?? '';
  return {
    name,
    issuer,
    ...(subject === undefined || subject === '' ? defined({ subjectRegExp }) : exactly(subject)),
    ...(keyless?.insecureIgnoreSCT === true ? { insecureIgnoreSct: true } : {}),
    trustedRoot: root === '' ? publicGood : root,
  };
}

/** A star is a letter there, and a pattern here. */
function exactly(subject: string): object {
  return subject.includes('*')
    ? { subjectRegExp: subject.replaceAll(/[\\^$.*+?()[\]{}|]/g, (each) => `\\${each}`) }
    : { subject };
}

function attestationsIn({ attestations }: ClusterAuthority, place: string, faults: string[]): string[] {
  return attestations.flatMap(({ predicateType, policy }, at) => {
    if (policy !== undefined)
      faults.push(
        `${place}.attestations[${at}].policy is a program in CUE or Rego, which is not run here: use the rules of a policy.`,
      );
    const type = Object.hasOwn(predicateTypes, predicateType) ? predicateTypes[predicateType] : predicateType;
    if (type === undefined || !URL.canParse(type)) {
      faults.push(`${place}.attestations[${at}].predicateType "${escaped(predicateType)}" is not known.`);
      return [];
    }
    return [type];
  });
}
