/** Two words that differ by this many edits have nothing to do with each other; the bound is BuildKit's. */
const FAR = 3;

/** Longer than any word that is offered, by more than the bound. */
const LONGEST = 64;

/** So many options are compared with a word, letter by letter. */
const MOST_OPTIONS = 200;

function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(
        Math.min((next[j - 1] ?? 0) + 1, (row[j] ?? 0) + 1, (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)),
      );
    row = next;
  }
  return row[b.length] ?? FAR;
}

/** Returns the message, with the option that `value` nearly is. */
export function withSuggestion(message: string, value: string, options: readonly string[]): string {
  if (value.length > LONGEST || options.includes(value)) return message;
  // A word can be near only to one of nearly its length. More options than any instruction has are names out of the
  // file, as many as it likes.
  const likely = options.slice(0, MOST_OPTIONS).filter((option) => Math.abs(option.length - value.length) < FAR);
  const near = likely.map((option) => ({ option, far: distance(value, option) })).filter(({ far }) => far < FAR);
  const [best] = near.sort((a, b) => a.far - b.far);
  return best === undefined ? message : `${message} (did you mean ${best.option}?)`;
}
