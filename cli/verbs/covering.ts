import { usageFailure } from '../failure.ts';
import type { Flag, Given } from '../verb.ts';
import type { Short } from './kinds.ts';

export const modes = ['off', 'audit', 'enforce'] as const;
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

/** The settings by which every policy of a verdict says what it covers. */
export interface CoveringSettings {
  readonly mode: Mode;
  readonly repositories: { readonly include: string[]; readonly exclude: string[] };
}

export function modeOf(given: Given): Mode | undefined {
  return given.text('mode') as Mode | undefined;
}

/** Returns the settings of `--mode` and `--repositories`, with what the API takes where they are absent. */
export function coveringOf(given: Given): CoveringSettings {
  const patterns = given.text('repositories')?.split(',') ?? ['**'];
  if (patterns.some((pattern) => pattern.trim() === ''))
    throw usageFailure("--repositories has an empty pattern: write it as in 'prod/**,team/app'");
  return {
    mode: modeOf(given) ?? 'audit',
    repositories: { include: patterns.map((pattern) => pattern.trim()), exclude: [] },
  };
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
