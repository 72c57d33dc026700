/** The place of a page in a list. `continuation` is the token that it begins at; absent, it is the first page. */
export interface Place {
  readonly continuation: string | undefined;
  readonly page: number;
}

/** The places before a page, the nearest last, as far as they are known: a link leads to a page without them. */
export type Trail = readonly (string | undefined)[];

/** A tab keeps no more than this of a trail: a token may have a kilobyte. */
const longestTrail = 50;

export interface Step {
  readonly to: Place;
  readonly trail: Trail;
}

/** Reads the place that an address names. One without a token is the first page, whatever number it claims. */
export function placeOf(continuation: string | undefined, page: string | undefined): Place {
  const number = Number(page ?? '1');
  return { continuation, page: continuation === undefined || !(number >= 1) ? 1 : Math.floor(number) };
}

export function stepOn({ continuation, page }: Place, trail: Trail, next: string): Step {
  return { to: { continuation: next, page: page + 1 }, trail: [...trail, continuation].slice(-longestTrail) };
}

/** Returns the page before; undefined where it is not known, or there is none. */
export function stepBack({ page }: Place, trail: Trail): Step | undefined {
  if (page === 1 || trail.length === 0) return undefined;
  return { to: { continuation: trail.at(-1), page: page - 1 }, trail: trail.slice(0, -1) };
}

/** Reads the trail that the browser keeps with an entry of its history, where anything may stand. */
export function trailIn(state: unknown): Trail {
  const trail: unknown = typeof state === 'object' && state !== null && 'trail' in state ? state.trail : undefined;
  if (!Array.isArray(trail)) return [];
  const isToken = (each: unknown): each is string | null => each === null || typeof each === 'string';
  return trail.every(isToken) ? trail.map((each) => each ?? undefined) : [];
}
