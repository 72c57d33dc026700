import type { VNode } from 'preact';
import { formatNumber } from './format.ts';
import { given } from './given.ts';
import type { Place, Step } from './places.ts';
import { placeOf, stepBack, stepOn, trailIn } from './places.ts';
import type { PageQuery } from './route.ts';

/** Rows on a page. */
export const pageSize = 100;

export function placeIn(query: PageQuery): Place {
  return placeOf(query.get('after'), query.get('page'));
}

/** Returns the query for the page of a list that begins at a place. */
export function pageFrom(continuation: string | undefined) {
  return given({ limit: pageSize, continuation });
}

/** Returns the token that a list's `nextLink` leads on with. */
export function continuationOf(nextLink: string | undefined): string | undefined {
  if (nextLink === undefined) return undefined;
  return new URL(nextLink, 'http://registry.example').searchParams.get('continuation') ?? undefined;
}

/**
 * Says whether a page is all of its list. A page in the middle may be empty: its rows were deleted, or a search has found
 * nothing yet among what it has looked at.
 */
export function isWhole(query: PageQuery, nextLink: string | undefined): boolean {
  return placeIn(query).continuation === undefined && nextLink === undefined;
}

/** Taking out the place begins a list anew: whatever else changes in the query begins it anew too. */
export const fromStart = { after: undefined, page: undefined };

interface PagerProps {
  readonly query: PageQuery;
  /** The number of rows; undefined where pages have no number of rows in common. */
  readonly shown: number | undefined;
  readonly total: number | undefined;
  readonly isAtLeast?: boolean | undefined;
  readonly nextLink: string | undefined;
}

/**
 * Says which rows are shown and of how many, and leads on and back. A list has no tokens that lead back: those of the
 * pages that somebody came by are kept by the browser, and after a link into the middle there are none.
 */
export function Pager({ query, shown, total, isAtLeast = false, nextLink }: PagerProps): VNode {
  const place = placeIn(query);
  const { page } = place;
  const [trail, next] = [trailIn(history.state), continuationOf(nextLink)];
  const before = stepBack(place, trail);
  const go = ({ to, trail: kept }: Step) =>
    query.set(
      { after: to.continuation, page: to.page === 1 ? undefined : String(to.page) },
      { state: { trail: kept } },
    );
  const first = (page - 1) * pageSize + 1;
  const all = total === undefined ? '' : `${isAtLeast ? 'at least ' : ''}${formatNumber(total)}`;
  const of = all === '' ? '' : shown === undefined ? `; ${all} in all` : ` of ${all}`;
  return (
    <nav class="pager" aria-label="Pages of the list">
      <span role="status">
        {shown === undefined
          ? `Page ${formatNumber(page)}`
          : shown === 0
            ? 'None on this page'
            : `${formatNumber(first)}–${formatNumber(first + shown - 1)}`}
        {of}
      </span>
      {place.continuation === undefined ? null : (
        <button type="button" class="button plain" onClick={() => query.set(fromStart)}>
          First page
        </button>
      )}
      {before === undefined ? null : (
        <button type="button" class="button plain" onClick={() => go(before)}>
          Previous page
        </button>
      )}
      {next === undefined ? null : (
        <button type="button" class="button plain" onClick={() => go(stepOn(place, trail, next))}>
          Next page
        </button>
      )}
    </nav>
  );
}
