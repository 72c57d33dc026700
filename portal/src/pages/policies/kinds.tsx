import type { pageFrom, Schema, VNode } from '../../kit.ts';
import { answered, api, SelectField } from '../../kit.ts';
import type { Faults } from './faults.ts';
import { TrustFields } from './trust-fields.tsx';
import type { TypedTrust } from './trust-typed.ts';
import { asksFor, newTrust, trustSettings, typedTrust, wordsIn } from './trust-typed.ts';

/** What all policies have. */
export interface Policy {
  readonly name: string;
  readonly mode: string;
  readonly repositories: { readonly include: readonly string[]; readonly exclude: readonly string[] };
}

export interface Typed {
  readonly mode: string;
  readonly repositories: string;
  readonly exceptRepositories: string;
}

/** One kind of policies: its words, its part of the API, and its fields. */
export interface Kind<P extends Policy, T extends Typed> {
  readonly path: readonly [string, string];
  readonly one: string;
  readonly label: string;
  readonly about: string;
  readonly load: (
    page: ReturnType<typeof pageFrom>,
    signal: AbortSignal,
  ) => Promise<{ readonly items: readonly P[]; readonly nextLink?: string }>;
  readonly asks: (policy: P) => string;
  readonly begin: T;
  /** What the API takes where settings say nothing. */
  readonly defaults: object;
  readonly typed: (policy: P) => T;
  /** Throws where a field cannot be read. */
  readonly settings: (typed: T) => object;
  /** The names with which paths of faults begin, and those that a field shows. */
  readonly roots: readonly string[];
  readonly shows: RegExp;
  readonly Fields: (props: {
    readonly of: T;
    readonly set: (changes: Partial<T>) => void;
    readonly faults: Faults;
  }) => VNode;
}

const common = ['name', 'mode', 'repositories'];

export const trustKind: Kind<Schema<'TrustPolicy'>, TypedTrust> = {
  path: ['trust', 'policies'],
  one: 'trust policy',
  label: 'Trust policies',
  about: 'A trust policy asks for a signature or a signed attestation before anybody pulls.',
  load: (query, signal) => answered(api.GET('/trust/policies', { params: { query }, signal })),
  asks: (policy) => asksFor(policy),
  begin: newTrust,
  defaults: { mode: 'audit', sigstoreKeys: [], sigstoreIdentities: [], notation: [], subject: 'index-or-child' },
  typed: (policy) => typedTrust(policy),
  settings: trustSettings,
  roots: [...common, 'sigstoreKeys', 'sigstoreIdentities', 'notation', 'attestation', 'subject'],
  shows: /^(?:name|attestation|repositories\.(?:in|ex)clude|sigstore\w+\.\d+\.\w+)(?:\.|$)/,
  Fields: TrustFields,
};

interface TypedQuarantine extends Typed {
  readonly backlog: string;
}

const backlogs = [
  ['open', 'stay open'],
  ['hold', 'are held until somebody passes them'],
] as const;

export const quarantineKind: Kind<Schema<'QuarantinePolicy'>, TypedQuarantine> = {
  path: ['quarantine', 'policies'],
  one: 'quarantine policy',
  label: 'Quarantine policies',
  about: 'A quarantine policy holds each new image until somebody with quarantine/write passes it, as in ACR.',
  load: (query, signal) => answered(api.GET('/quarantine/policies', { params: { query }, signal })),
  asks: ({ backlog }) => (backlog === 'hold' ? 'somebody passes it, also what was there before' : 'somebody passes it'),
  begin: { mode: 'audit', repositories: '**', exceptRepositories: '', backlog: 'open' },
  defaults: { mode: 'audit', backlog: 'open' },
  typed: ({ mode, repositories, backlog }) => ({
    mode,
    repositories: repositories.include.join(' '),
    exceptRepositories: repositories.exclude.join(' '),
    backlog,
  }),
  settings: ({ mode, repositories, exceptRepositories, backlog }) => ({
    mode,
    repositories: { include: wordsIn(repositories), exclude: wordsIn(exceptRepositories) },
    backlog,
  }),
  roots: [...common, 'backlog'],
  shows: /^(?:name|repositories\.(?:in|ex)clude)(?:\.|$)/,
  Fields: ({ of, set }) => (
    <SelectField
      label="Images that were there before"
      value={of.backlog}
      options={backlogs}
      onValue={(backlog) => set({ backlog })}
    />
  ),
};
