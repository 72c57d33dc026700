interface Patterns {
  readonly include: readonly string[];
  readonly exclude: readonly string[];
}

/** Returns names or patterns in words: `team/**, not team/old`. */
export function patternsOf({ include, exclude }: Patterns): string {
  return [include.join(' '), ...(exclude.length === 0 ? [] : [`not ${exclude.join(' ')}`])].join(', ');
}
