import { usageFailure } from '../failure.ts';
import { counted } from '../text/words.ts';
import type { Flag, Given } from '../verb.ts';
import type { Short } from './kinds.ts';

const modes = ['off', 'audit', 'enforce'] as const;
type Mode = (typeof modes)[number];

export const modeFlag: Flag = {
  flags: '--mode <mode>',
  says: 'off, audit (an image that does not pass is served with a warning) or enforce (it is refused)',
  choices: modes,
};

export const repositoriesFlag: Flag = {
  flags: '--repositories <patterns>',
  says: "the repositories that it covers, by commas, as in 'prod/**' (all)",
};

export const graceFlag: Flag = {
  flags: '--grace <hours>',
  says: 'how long an image that passed once stays open when it no longer does: 0 to 8760 hours (0)',
};

export const heldTagFlag: Flag = {
  flags: '--held-tag <answer>',
  says: 'refuse, or serve-previous: a tag that moves to a held image serves the one before (refuse)',
  choices: ['refuse', 'serve-previous'],
};

/** The settings by which every policy of a verdict says what it covers. */
export interface CoveringSettings {
  readonly mode: Mode;
  readonly repositories: { readonly include: string[]; readonly exclude: string[] };
  readonly graceHours: number;
  readonly heldTag: 'refuse' | 'serve-previous';
}

function modeOf(given: Given): Mode | undefined {
  return given.text('mode') as Mode | undefined;
}

/** Returns what is given of the flags that all policies have. */
export function coveringGiven(given: Given): (string | undefined)[] {
  return ['mode', 'repositories', 'grace', 'heldTag'].map((flag) => given.text(flag));
}

/** Returns the settings of the flags that all policies have, with what the API takes where they are absent. */
export function coveringOf(given: Given): CoveringSettings {
  const patterns = given.text('repositories')?.split(',') ?? ['**'];
  if (patterns.some((pattern) => pattern.trim() === ''))
    throw usageFailure("--repositories has an empty pattern: write it as in 'prod/**,team/app'");
  return {
    mode: modeOf(given) ?? 'audit',
    repositories: { include: patterns.map((pattern) => pattern.trim()), exclude: [] },
    graceHours: hoursOf(given, 'grace') ?? 0,
    heldTag: (given.text('heldTag') as CoveringSettings['heldTag'] | undefined) ?? 'refuse',
  };
}

/** Returns the hours of a flag, which is named as it is typed, as in `times-out`; the API bounds them. */
export function hoursOf(given: Given, flag: string): number | undefined {
  const text = given.text(flag.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase()));
  if (text === undefined) return undefined;
  if (!/^\d{1,4}$/.test(text)) throw usageFailure(`--${flag} must be a number of hours, as in 24`);
  return Number(text);
}

/** Says how long the grace of a policy is; `undefined` if it gives none. */
export function graceOf({ graceHours }: Pick<CoveringSettings, 'graceHours'>): string | undefined {
  return graceHours === 0 ? undefined : `${counted(graceHours, 'hour')} for what passed once`;
}

/** The flags of `edit`: the mode is what changes most often, from audit to enforce. */
export function modeShort(group: string, example: string): Short<object> {
  return {
    flags: [modeFlag],
    examples: [`${group} edit ${example} --mode enforce`],
    body: async (given) => {
      const mode = modeOf(given);
      return Promise.resolve(mode === undefined ? undefined : { mode });
    },
  };
}
