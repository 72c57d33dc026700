/**
 * Returns how many milliseconds to wait after so many failures in a row (from 1): twice as long each time, from `first`
 * up to `longest`.
 */
export function backoff(
  failures: number,
  { first, longest }: { readonly first: number; readonly longest: number },
): number {
  return Math.min(longest, first * 2 ** Math.min(30, Math.max(0, failures - 1)));
}
