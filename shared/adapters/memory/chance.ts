import { defined } from '../../core/documents/defined.ts';
import type { DocumentChange } from '../../core/ports/documents.ts';

export interface ChanceOptions {
  /** The seed: the same one draws the same for the same calls. */
  readonly seed: number;
  /** The share of queries that are answered with an empty page that is not the last, from 0 to 1. */
  readonly emptyPages?: number;
  /**
   * The share of commits that are sent twice, because the first answer was lost: the second answer says that the
   * conditions do not hold.
   */
  readonly lostEtags?: number;
}

/**
 * Does by chance what Cosmos DB does now and then. A page may be empty and not the last, and a commit whose answer is
 * lost is sent again by its sender, so it is refused although its changes are there. Neither counts as a call: suites
 * that count calls count those of the code.
 */
export class Chance {
  readonly #random: () => number;
  readonly #emptyPages: number;
  readonly #lostEtags: number;

  constructor({ seed, emptyPages = 0.3, lostEtags = 0 }: ChanceOptions) {
    this.#random = randomOf(seed);
    this.#emptyPages = emptyPages;
    this.#lostEtags = lostEtags;
  }

  givesEmptyPage(): boolean {
    return this.#emptyPages > 0 && this.#random() < this.#emptyPages;
  }

  /**
   * Says whether a commit's answer is lost. Only commits that the store refuses the second time lose theirs: an
   * increment without a condition would count twice.
   */
  losesEtag(changes: readonly DocumentChange[]): boolean {
    return this.#lostEtags > 0 && changes.some(isRefusedAgain) && this.#random() < this.#lostEtags;
  }
}

/** Marks a page that was left out; behind it stands that page's continuation. */
const emptyPageMark = 'after an empty page:';

export function afterEmptyPage(continuation: string | undefined): string {
  return `${emptyPageMark}${continuation ?? ''}`;
}

/** Returns the query's own continuation, and whether the page before it was empty by chance: no two in a row are. */
export function readContinuation(continuation: string | undefined): {
  readonly wasEmpty: boolean;
  readonly continuation?: string;
} {
  if (continuation?.startsWith(emptyPageMark) !== true) return { wasEmpty: false, ...defined({ continuation }) };
  const rest = continuation.slice(emptyPageMark.length);
  return { wasEmpty: true, ...defined({ continuation: rest === '' ? undefined : rest }) };
}

function isRefusedAgain(change: DocumentChange): boolean {
  return change.do === 'create' || change.do === 'delete' || 'ifMatch' in change;
}

/** mulberry32: the same seed gives the same numbers on every machine. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

let usual: (() => ChanceOptions) | undefined;

/**
 * Sets the chance of connections for which a test sets none (`composeForTest`): a test run sets it (test/chance.ts),
 * benchmarks do not.
 */
export function setUsualChance(next: (() => ChanceOptions) | undefined): void {
  usual = next;
}

export function usualChance(): ChanceOptions | 'none' {
  return usual?.() ?? 'none';
}
