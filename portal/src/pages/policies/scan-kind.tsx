import type { Schema } from '../../kit.ts';
import { answered, api, CheckField, SelectField } from '../../kit.ts';
import type { Typed } from './covering.ts';
import { coveringDefaults, coveringRoots, coveringSettings, newCovering, typedCovering } from './covering.ts';
import type { Kind } from './kinds.tsx';

type ScanPolicy = Schema<'ScanPolicy'>;

interface TypedScan extends Typed {
  readonly severity: string;
  readonly onlyFixable: boolean;
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

/** Returns the settings that have no field of their own. */
function othersOf(policy: ScanPolicy): object {
  const shown = ['createdAt', 'updatedAt', ...coveringRoots, 'block', 'backlog', 'unscannable'];
  return Object.fromEntries(Object.entries(policy).filter(([key]) => !shown.includes(key)));
}

export const scanKind: Kind<ScanPolicy, TypedScan> = {
  path: ['scanning', 'policies'],
  one: 'scan policy',
  label: 'Scan policies',
  about:
    'A scan policy holds images with findings of a severity, until there is a version without them, or an exception.',
  load: (query, signal) => answered(api.GET('/scanning/policies', { params: { query }, signal })),
  asks: ({ block, graceHours }) =>
    `no finding that is ${block.severity} or worse${block.onlyFixable ? ' and has a fix' : ''}` +
    (graceHours === 0 ? '' : `, with a grace of ${graceHours} hours`),
  begin: {
    ...newCovering,
    graceHours: '168',
    severity: 'critical',
    onlyFixable: true,
    backlog: 'open',
    unscannable: 'pass',
    others: {},
    otherBlocks: {},
  },
  defaults: {
    ...coveringDefaults,
    block: { severity: 'critical', onlyFixable: false },
    backlog: 'open',
    unscannable: 'pass',
  },
  typed: (policy) => {
    const { severity, onlyFixable, ...otherBlocks } = policy.block;
    return {
      ...typedCovering(policy),
      severity,
      onlyFixable,
      backlog: policy.backlog,
      unscannable: policy.unscannable,
      others: othersOf(policy),
      otherBlocks,
    };
  },
  settings: ({ severity, onlyFixable, backlog, unscannable, others, otherBlocks, ...typed }) => ({
    ...others,
    ...coveringSettings(typed),
    backlog,
    unscannable,
    block: { ...otherBlocks, severity, onlyFixable },
  }),
  roots: [...coveringRoots, 'block', 'unscannable', 'backlog', 'scanner', 'vexFrom'],
  shows: /^(?:name|graceHours|repositories\.(?:in|ex)clude)(?:\.|$)/,
  Fields: ({ of, set }) => (
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
