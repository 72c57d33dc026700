import type { components } from '../../generated/api.d.ts';
import { usageFailure } from '../failure.ts';
import { dataOf } from '../registry/data.ts';
import { readSmallFile } from '../registry/input.ts';
import { itemsOf } from '../registry/pages.ts';
import { harmless } from '../text/harmless.ts';
import { timeOf } from '../text/words.ts';
import type { Given, Verb } from '../verb.ts';
import {
  coveringGiven,
  coveringOf,
  graceFlag,
  graceOf,
  heldTagFlag,
  modeFlag,
  modeShort,
  repositoriesFlag,
} from './covering.ts';
import type { Kind } from './kinds.ts';
import { createOf, editOf, lsOf, removeOf, showOf } from './kinds.ts';
import { patternsOf } from './patterns.ts';

type Policy = components['schemas']['TrustPolicy'];
type Settings = components['schemas']['TrustPolicySettings'];
type Root = components['schemas']['TrustedRoot'];

/** Says whose signatures count, each in a few words. */
function authoritiesOf({ sigstoreKeys, sigstoreIdentities, notation }: Policy): string[] {
  return [
    ...sigstoreKeys.map(({ name }) => `key ${name}`),
    ...sigstoreIdentities.map(
      ({ name, issuer, subject, subjectRegExp }) => `identity ${name}: ${subject ?? subjectRegExp ?? ''} of ${issuer}`,
    ),
    ...notation.map(({ name }) => `notation ${name}`),
  ];
}

const kind: Kind<Policy> = {
  group: 'trust-policies',
  one: 'trust policy',
  takes: '<policy>',
  example: 'release',
  all: (registry) => itemsOf(registry, '/trust/policies', { query: { limit: 100 } }),
  get: async (api, name) => dataOf(await api.GET('/trust/policies/{name}', { params: { path: { name } } })),
  list: {
    columns: [
      { title: 'NAME', text: ({ name }) => name },
      { title: 'MODE', isState: true, text: ({ mode }) => mode },
      { title: 'REPOSITORIES', mayShrink: true, text: ({ repositories }) => patternsOf(repositories) },
      { title: 'SIGNED BY', mayShrink: true, text: (policy) => authoritiesOf(policy).join(', ') },
    ],
    nameOf: ({ name }) => name,
    whenEmpty:
      "There is no trust policy: trust-policies create NAME --key cosign.pub --repositories 'prod/**' makes one.",
  },
  linesOf: (policy) => [
    ['trust policy', policy.name],
    ['mode', policy.mode],
    ['repositories', patternsOf(policy.repositories)],
    ...authoritiesOf(policy).map((text) => ['signed by', text] as const),
    ['attestation', policy.attestation],
    [
      'must be signed',
      policy.subject === 'itself' ? 'each manifest itself' : 'the manifest, or an index that lists it',
    ],
    ['grace', graceOf(policy)],
    ['changed', timeOf(policy.updatedAt)],
  ],
};

/** The most bytes of one public key: the API takes as many. */
const mostKeyBytes = 4_096;

async function readKey(path: string): Promise<string> {
  const pem = await readSmallFile(path, 4 * mostKeyBytes);
  // cosign writes both side by side, and what is sent cannot be called back.
  if (pem.includes('PRIVATE KEY'))
    throw usageFailure(`${harmless(path)} is a private key, which is sent to nobody: give the public one, cosign.pub`);
  if (!pem.includes('PUBLIC KEY'))
    throw usageFailure(`${harmless(path)} is no public key in PEM: cosign public-key --key cosign.key writes one`);
  return pem;
}

async function settingsOf(given: Given): Promise<Settings | undefined> {
  const [files, issuer, subject] = [given.text('key'), given.text('issuer'), given.text('subject')];
  const attestation = given.text('attestation');
  const isJson = [files, issuer, subject, attestation, ...coveringGiven(given)].every((value) => value === undefined);
  if (isJson) return undefined;
  if ((issuer === undefined) !== (subject === undefined))
    throw usageFailure('a keyless signature counts by both: give --issuer and --subject');
  if (files === undefined && issuer === undefined)
    throw usageFailure('say whose signature counts: --key FILE, or --issuer URL with --subject PATTERN');
  const keys = await Promise.all((files?.split(',') ?? []).map(readKey));
  const name = given.at(0).slice(0, 50);
  return {
    ...coveringOf(given),
    sigstoreKeys: keys.length === 0 ? [] : [{ name, keys, requireLog: false }],
    sigstoreIdentities: issuer === undefined || subject === undefined ? [] : [identityOf(name, issuer, subject)],
    notation: [],
    subject: 'index-or-child',
    rules: [],
    ...(attestation === undefined ? {} : { attestation }),
  };
}

function identityOf(name: string, issuer: string, subject: string): Settings['sigstoreIdentities'][number] {
  return {
    name,
    issuer,
    subject,
    claims: {},
    insecureIgnoreLog: false,
    insecureIgnoreSct: false,
    trustedRoot: 'public-good',
  };
}

export const trustPolicies: Verb = {
  name: 'trust-policies',
  does: 'Shows, makes and deletes the policies by which images must be signed',
  verbs: [
    lsOf(kind, 'Lists the trust policies: what they cover, and whose signatures count'),
    showOf(kind, 'Shows a trust policy'),
    createOf<Policy, Settings>(kind, {
      does: 'Makes a trust policy of flags, or of the JSON of its settings on the standard input',
      short: {
        flags: [
          { flags: '--key <files>', says: 'public keys of cosign, by commas: a signature by one of them counts' },
          { flags: '--issuer <url>', says: 'the issuer of the identity whose keyless signatures count' },
          { flags: '--subject <pattern>', says: 'that identity, or a pattern of it' },
          { flags: '--attestation <type>', says: 'asks for a signed attestation of this predicate type' },
          repositoriesFlag,
          modeFlag,
          graceFlag,
          heldTagFlag,
        ],
        examples: [
          "trust-policies create release --key cosign.pub --repositories 'prod/**' --mode audit",
          'trust-policies create ci --issuer https://token.actions.githubusercontent.com ' +
            "--subject 'https://github.com/acme/**'",
        ],
        body: settingsOf,
      },
      notes: [
        'The mode is audit unless --mode says otherwise. Without flags the JSON is read, as PUT /api/v1/trust/policies/{name} ' +
          'takes it: it has certificates of Notation, claims, and exclusions (docs/trust.md).',
        'A keyless identity needs a trusted root: trust-roots create public-good < trusted_root.json.',
      ],
      put: async (api, name, body) =>
        dataOf(await api.PUT('/trust/policies/{name}', { params: { path: { name } }, body })),
    }),
    editOf(
      kind,
      async (api, name, body: components['schemas']['TrustPolicyChange']) =>
        dataOf(await api.PATCH('/trust/policies/{name}', { params: { path: { name } }, body })),
      modeShort(kind.group, kind.example),
    ),
    removeOf(kind, {
      does: 'Deletes a trust policy: what it alone holds is released',
      loses: (policy) => `What it alone holds of ${patternsOf(policy.repositories)} is released.`,
      remove: (api, name) => api.DELETE('/trust/policies/{name}', { params: { path: { name } } }),
    }),
  ],
};

const root: Kind<Root> = {
  group: 'trust-roots',
  one: 'trusted root',
  takes: '<root>',
  example: 'public-good',
  all: (registry) => itemsOf(registry, '/trust/roots', { query: { limit: 100 } }),
  get: async (api, name) => dataOf(await api.GET('/trust/roots/{name}', { params: { path: { name } } })),
  list: {
    columns: [
      { title: 'NAME', text: ({ name }) => name },
      { title: 'CHANGED', text: ({ updatedAt }) => timeOf(updatedAt), raw: ({ updatedAt }) => updatedAt },
      { title: 'NOT USED', mayShrink: true, text: ({ notes }) => notes.join(' ') },
    ],
    nameOf: ({ name }) => name,
    whenEmpty: 'There is no trusted root: trust-roots create public-good < trusted_root.json makes one.',
  },
  linesOf: ({ name, notes, updatedAt }) => [
    ['trusted root', name],
    ...notes.map((note) => ['not used', note] as const),
    ['changed', timeOf(updatedAt)],
  ],
};

export const trustRoots: Verb = {
  name: 'trust-roots',
  does: 'Shows, makes and deletes the roots by which keyless signatures count',
  verbs: [
    lsOf(root, 'Lists the trusted roots of sigstore'),
    showOf(root, 'Shows a trusted root, and what of it is not used'),
    createOf<Root, Readonly<Record<string, unknown>>>(root, {
      does: "Makes a trusted root of sigstore's JSON on the standard input",
      notes: [
        "The JSON is trusted_root.json, as sigstore's operators publish it, or that of your own instance. Policies go by " +
          'public-good where they name no root.',
      ],
      put: async (api, name, trustedRoot) =>
        dataOf(await api.PUT('/trust/roots/{name}', { params: { path: { name } }, body: { trustedRoot } })),
    }),
    removeOf(root, {
      does: 'Deletes a trusted root: signatures that it proves count no more',
      loses: () => 'Images whose signatures it proves may be held then.',
      remove: (api, name) => api.DELETE('/trust/roots/{name}', { params: { path: { name } } }),
    }),
  ],
};
