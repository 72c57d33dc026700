/** The settings that every kind of policy has, as the API has them. */
export interface Covering {
  readonly mode: string;
  readonly repositories: { readonly include: readonly string[]; readonly exclude: readonly string[] };
  readonly graceHours: number;
  readonly heldTag: string;
}

/** They as somebody types them. */
export interface Typed {
  readonly mode: string;
  readonly repositories: string;
  readonly exceptRepositories: string;
  readonly graceHours: string;
  readonly heldTag: string;
}

export const newCovering: Typed = {
  mode: 'audit',
  repositories: '**',
  exceptRepositories: '',
  graceHours: '0',
  heldTag: 'refuse',
};

/** The settings that the API takes where nothing is said. */
export const coveringDefaults = { mode: 'audit', graceHours: 0, heldTag: 'refuse' };

export const coveringRoots = ['name', ...Object.keys(coveringDefaults), 'repositories'];

export function typedCovering({ mode, repositories, graceHours, heldTag }: Covering): Typed {
  return {
    mode,
    repositories: repositories.include.join(' '),
    exceptRepositories: repositories.exclude.join(' '),
    graceHours: String(graceHours),
    heldTag,
  };
}

/** Throws where a field cannot be read. */
export function coveringSettings({ mode, repositories, exceptRepositories, graceHours, heldTag }: Typed): Covering {
  return {
    mode,
    repositories: { include: wordsIn(repositories), exclude: wordsIn(exceptRepositories) },
    graceHours: hoursIn(graceHours, 'of grace'),
    heldTag,
  };
}

export function hoursIn(text: string, of: string): number {
  if (!/^\d{1,5}$/.test(text.trim())) throw new Error(`Give the hours ${of} as a whole number, from 0 on.`);
  return Number(text);
}

function wordsIn(text: string): string[] {
  return text.split(/[\s,]+/).filter((each) => each !== '');
}
