import { z } from 'zod';
import { isRepositoryName, isTag } from '../oci/name.ts';

/** Explains in a refusal what a pattern of names may hold. */
export const patternSyntax = 'where * stands for anything but a slash and ** for anything';

/**
 * Says whether a text is a pattern of repository names. A `*` takes the place of letters, so the text with letters in
 * their place must be a name.
 */
export function isRepositoryGlob(pattern: string): boolean {
  return isRepositoryName(pattern.replaceAll('*', 'a'));
}

/**
 * Says whether a text is a pattern of tags. A `*` takes the place of letters, so the text with letters in their place
 * must be a tag.
 */
export function isTagGlob(pattern: string): boolean {
  return isTag(pattern.replaceAll('*', 'a'));
}

export const repositoryGlobSchema = z
  .string()
  .max(300)
  .refine(isRepositoryGlob, `is not a repository name or a pattern such as team/**, ${patternSyntax}`);
export const tagGlobSchema = z
  .string()
  .max(128)
  .refine(isTagGlob, `is not a tag or a pattern such as v1.*, ${patternSyntax}`);

/**
 * `within` is any run of characters but slashes, `across` any run of characters, `folders` any number of whole folders,
 * each with its slash.
 */
type Wildcard = 'within' | 'across' | 'folders';
type Token = Wildcard | { readonly char: string };

/**
 * Says whether `text` matches the pattern: `*` stands for anything but a slash, `**` for anything, and a part of the
 * path that is `**` also for none. Every state is followed at once, so that no pattern takes longer than its length
 * times the text's: a regular expression of it would backtrack.
 */
export function globMatches(pattern: string, text: string): boolean {
  return globMatcher(pattern)(text);
}

/** Reads a pattern for many texts. One whose wildcards are all `**` inside of parts passes over a text once. */
export function globMatcher(pattern: string): (text: string) => boolean {
  if (!pattern.includes('*')) return (text) => pattern === text;
  const tokens = tokensOf(pattern);
  return tokens.every((token) => token === 'across' || typeof token === 'object')
    ? acrossMatcher(pattern.split(/\*+/))
    : (text) => follows(tokens, text);
}

/** Between the parts is anything, so each matches at its first place. */
function acrossMatcher(parts: readonly string[]): (text: string) => boolean {
  const [first = '', last = ''] = [parts[0], parts.at(-1)];
  return (text) => {
    const end = text.length - last.length;
    if (end < first.length || !text.startsWith(first) || !text.endsWith(last)) return false;
    let at = first.length;
    for (const part of parts.slice(1, -1)) {
      const found = text.indexOf(part, at);
      if (found === -1 || found + part.length > end) return false;
      at = found + part.length;
    }
    return true;
  };
}

function follows(tokens: readonly Token[], text: string): boolean {
  let states = new Set<number>();
  enter(tokens, 0, states);
  for (const char of text) {
    const next = new Set<number>();
    for (const state of states) step(tokens, state, char, next);
    states = next;
  }
  return states.has(tokens.length);
}

function tokensOf(pattern: string): Token[] {
  const parts = pattern.match(/(?<=^|\/)(?:\*\*\/)+|\*{2,}|[^]/g) ?? [];
  return parts.map((part) =>
    part.endsWith('*/') ? 'folders' : part === '*' ? 'within' : part.startsWith('**') ? 'across' : { char: part },
  );
}

/** Enters a state. A wildcard may stand for nothing, so the state behind it is entered as well. */
function enter(tokens: readonly Token[], state: number, states: Set<number>): void {
  states.add(state);
  if (typeof tokens[state] === 'string') enter(tokens, state + 1, states);
}

function step(tokens: readonly Token[], state: number, char: string, next: Set<number>): void {
  const token = tokens[state];
  if (token === undefined) return;
  if (typeof token === 'object') {
    if (token.char === char) enter(tokens, state + 1, next);
  } else if (token === 'folders' && char !== '/') {
    // The character lies inside a folder's name: the wildcard ends only at its slash.
    next.add(state);
  } else if (token !== 'within' || char !== '/') {
    enter(tokens, state, next);
  }
}

/** Makes the schema of the names or patterns that something covers: those of `include`, without those of `exclude`. */
export function scopeSchema<T extends z.ZodType<string>>(glob: T, everything: string) {
  return z.strictObject({
    include: z
      .array(glob)
      .min(1)
      .max(100)
      .default([everything] as never)
      .describe('The names or patterns that are included: * stands for anything but a slash, ** for anything.'),
    exclude: z.array(glob).max(100).default([]).describe('The names or patterns that are excluded.'),
  });
}
