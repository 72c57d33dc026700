import type { pageFrom, Schema, VNode } from '../../kit.ts';
import { answered, api, SelectField, TextField } from '../../kit.ts';
import type { Typed } from './covering.ts';
import { coveringDefaults, coveringRoots, coveringSettings, hoursIn, newCovering, typedCovering } from './covering.ts';
import type { Faults } from './faults.ts';
import { faultAt } from './faults.ts';
import { TrustFields } from './trust-fields.tsx';
import type { TypedTrust } from './trust-typed.ts';
import { asksFor, newTrust, trustSettings, typedTrust } from './trust-typed.ts';

/** The properties that all policies have. */
export interface Policy {
  readonly name: string;
  readonly mode: string;
  readonly repositories: { readonly include: readonly string[]; readonly exclude: readonly string[] };
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
  /** The settings that the API takes where nothing is said. */
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

export const trustKind: Kind<Schema<'TrustPolicy'>, TypedTrust> = {
  path: ['trust', 'policies'],
  one: 'trust policy',
  label: 'Trust policies',
  about: 'A trust policy asks for a signature or a signed attestation before anybody pulls.',
  load: (query, signal) => answered(api.GET('/trust/policies', { params: { query }, signal })),
  asks: (policy) => asksFor(policy),
  begin: newTrust,
  defaults: {
    ...coveringDefaults,
    sigstoreKeys: [],
    sigstoreIdentities: [],
    notation: [],
    subject: 'index-or-child',
    rules: [],
  },
  typed: (policy) => typedTrust(policy),
  settings: trustSettings,
  roots: [...coveringRoots, 'sigstoreKeys', 'sigstoreIdentities', 'notation', 'attestation', 'subject', 'rules'],
  shows: /^(?:name|graceHours|attestation|repositories\.(?:in|ex)clude|sigstore\w+\.\d+\.\w+)(?:\.|$)/,
  Fields: TrustFields,
};

interface TypedQuarantine extends Typed {
  readonly backlog: string;
  readonly pushEvent: string;
  /** Empty where an image may wait for ever. */
  readonly timeoutHours: string;
  readonly onTimeout: string;
}

const backlogs = [
  ['open', 'stay open'],
  ['hold', 'are held until somebody passes them'],
] as const;
const pushEvents = [
  ['at-once', 'at once'],
  ['after-passed', 'once the image has passed, as in ACR'],
] as const;
const onTimeouts = [
  ['alert', 'goes on waiting, and webhooks are told'],
  ['fail', 'has failed until somebody passes it'],
] as const;
const ownDefaults = { backlog: 'open', pushEvent: 'at-once', onTimeout: 'alert' };

export const quarantineKind: Kind<Schema<'QuarantinePolicy'>, TypedQuarantine> = {
  path: ['quarantine', 'policies'],
  one: 'quarantine policy',
  label: 'Quarantine policies',
  about: 'A quarantine policy holds each new image until somebody with quarantine/write passes it, as in ACR.',
  load: (query, signal) => answered(api.GET('/quarantine/policies', { params: { query }, signal })),
  asks: ({ backlog }) => (backlog === 'hold' ? 'somebody passes it, also what was there before' : 'somebody passes it'),
  begin: { ...newCovering, ...ownDefaults, timeoutHours: '' },
  defaults: { ...coveringDefaults, ...ownDefaults },
  typed: ({ backlog, pushEvent, timeoutHours, onTimeout, ...policy }) => ({
    ...typedCovering(policy),
    backlog,
    pushEvent,
    timeoutHours: timeoutHours === undefined ? '' : String(timeoutHours),
    onTimeout,
  }),
  settings: ({ backlog, pushEvent, timeoutHours, onTimeout, ...typed }) => ({
    ...coveringSettings(typed),
    backlog,
    pushEvent,
    onTimeout,
    ...(timeoutHours.trim() === '' ? {} : { timeoutHours: hoursIn(timeoutHours, 'of waiting') }),
  }),
  roots: [...coveringRoots, 'backlog', 'pushEvent', 'timeoutHours', 'onTimeout'],
  shows: /^(?:name|graceHours|timeoutHours|repositories\.(?:in|ex)clude)(?:\.|$)/,
  Fields: ({ of, set, faults }) => (
    <>
      <SelectField
        label="Images that were there before"
        value={of.backlog}
        options={backlogs}
        onValue={(backlog) => set({ backlog })}
      />
      <SelectField
        label="Webhooks are told of the push"
        value={of.pushEvent}
        options={pushEvents}
        onValue={(pushEvent) => set({ pushEvent })}
      />
      <TextField
        label="Hours of waiting"
        inputMode="numeric"
        value={of.timeoutHours}
        onValue={(timeoutHours) => set({ timeoutHours })}
        hint="Left empty, an image may wait for ever."
        fault={faultAt(faults, 'timeoutHours')}
      />
      <SelectField
        label="What has waited for longer"
        value={of.onTimeout}
        options={onTimeouts}
        onValue={(onTimeout) => set({ onTimeout })}
      />
    </>
  ),
};
