/** Reads a list that somebody typed, one a line. */
export function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map((each) => each.trim())
    .filter((each) => each !== '');
}

/** Reads a list that somebody typed with spaces, commas or line ends between. */
export function wordsOf(text: string): string[] {
  return text.split(/[\s,]+/).filter((each) => each !== '');
}
