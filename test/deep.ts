/**
 * Says whether suites that can be cut are run whole: `.ci/run` sets LONGSHORE_DEEP=1 for the project `deep`. `npm test`
 * runs a part of each: fewer cases, or a crash at some calls instead of at every one. With it everything is whole, but
 * for the crashes of a copy with many referrers: they are at 60 of its calls (test/shared/core/transfer/).
 */
export const isDeep = process.env.LONGSHORE_DEEP === '1';

/** Returns the size of a suite: `part` in `npm test`, `whole` where suites are run whole. */
export function sized(part: number, whole: number): number {
  return isDeep ? whole : part;
}

/**
 * The calls from `first` to `last` at which something goes wrong: every one, or the first, the last and about `some` in
 * between, which are others each time. Where a run takes long, a whole has `most` of them, too. A failure names its call.
 */
export function callsToFail(first: number, last: number, some = 12, most = Infinity): number[] {
  const stride = Math.max(1, Math.ceil((last - first) / (isDeep ? most : some)));
  const calls = new Set([first]);
  for (let call = first + 1 + Math.floor(Math.random() * stride); call < last; call += stride) calls.add(call);
  return [...calls.add(last)];
}
