import type { Schema } from '../../kit.ts';
import { answered, api, CheckField, SelectField, TextField } from '../../kit.ts';
import { faultAt } from './faults.ts';
import type { Kind, Typed } from './kinds.tsx';
import { wordsIn } from './trust-typed.ts';

type ScanPolicy = Schema<'ScanPolicy'>;

interface TypedScan extends Typed {
  readonly severity: string;
  readonly onlyFixable: boolean;
  readonly graceDays: string;
  readonly backlog: string;
  readonly unscannable: string;
  /** The settings that have no field: they are changed as JSON, and stay as they are here. */
  readonly others: object;
  readonly otherBlocks: object;
}

const severities = ['critical', 'high', 'medium', 'low', 'negligible', 'unknown'].map((each) => [each, each] as const);
const backlogs = [
  ['open', 'stay open until their first report'],
  ['hold', 'are held until it comes'],
] as const;
const unscannables = [
  ['pass', 'passes'],
  ['hold', 'is held'],
] as const;

/** What is beside the settings in an answer. */
function othersOf(policy: ScanPolicy): object {
  const shown = [
    'name',
    'createdAt',
    'updatedAt',
    'mode',
    'repositories',
    'block',
    'graceDays',
    'backlog',
    'unscannable',
  ];
  return Object.fromEntries(Object.entries(policy).filter(([key]) => !shown.includes(key)));
}

export const scanKind: Kind<ScanPolicy, TypedScan> = {
  path: ['scanning', 'policies'],
  one: 'scan policy',
  label: 'Scan policies',
  about:
    'A scan policy holds images with findings of a severity, until there is a version without them, or an exception.',
  load: (query, signal) => answered(api.GET('/scanning/policies', { params: { query }, signal })),
  asks: ({ block, graceDays }) =>
    `no finding that is ${block.severity} or worse${block.onlyFixable ? ' and has a fix' : ''}` +
    (graceDays === 0 ? '' : `, with a grace of ${graceDays} days`),
  begin: {
    mode: 'audit',
    repositories: '**',
    exceptRepositories: '',
    severity: 'critical',
    onlyFixable: true,
    graceDays: '7',
    backlog: 'open',
    unscannable: 'pass',
    others: {},
    otherBlocks: {},
  },
  defaults: {
    mode: 'audit',
    block: { severity: 'critical', onlyFixable: false },
    graceDays: 0,
    backlog: 'open',
    unscannable: 'pass',
  },
  typed: (policy) => {
    const { severity, onlyFixable, ...otherBlocks } = policy.block;
    return {
      mode: policy.mode,
      repositories: policy.repositories.include.join(' '),
      exceptRepositories: policy.repositories.exclude.join(' '),
      severity,
      onlyFixable,
      graceDays: String(policy.graceDays),
      backlog: policy.backlog,
      unscannable: policy.unscannable,
      others: othersOf(policy),
      otherBlocks,
    };
  },
  settings: ({ repositories, exceptRepositories, severity, onlyFixable, graceDays, others, otherBlocks, ...rest }) => {
    if (!/^\d{1,3}$/.test(graceDays.trim())) throw new Error('Give the days of grace as a whole number, from 0 on.');
    return {
      ...others,
      ...rest,
      repositories: { include: wordsIn(repositories), exclude: wordsIn(exceptRepositories) },
      block: { ...otherBlocks, severity, onlyFixable },
      graceDays: Number(graceDays),
    };
  },
  roots: ['name', 'mode', 'repositories', 'block', 'unscannable', 'graceDays', 'backlog', 'scanner', 'vexFrom'],
  shows: /^(?:name|graceDays|repositories\.(?:in|ex)clude)(?:\.|$)/,
  Fields: ({ of, set, faults }) => (
    <>
      <SelectField
        label="Findings hold from this severity on"
        value={of.severity}
        options={severities}
        onValue={(severity) => set({ severity })}
      />
      <CheckField
        label="Only findings for which there is a version with a fix"
        isOn={of.onlyFixable}
        onChange={(onlyFixable) => set({ onlyFixable })}
      />
      <TextField
        label="Days of grace"
        inputMode="numeric"
        value={of.graceDays}
        onValue={(graceDays) => set({ graceDays })}
        hint="So long an image that passed once stays open when a new finding comes up."
        fault={faultAt(faults, 'graceDays')}
      />
      <SelectField
        label="Images that were there before"
        value={of.backlog}
        options={backlogs}
        onValue={(backlog) => set({ backlog })}
      />
      <SelectField
        label="What no scanner can scan"
        value={of.unscannable}
        options={unscannables}
        onValue={(unscannable) => set({ unscannable })}
      />
    </>
  ),
};
