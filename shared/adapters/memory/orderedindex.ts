import type { PropertyPredicate, Scalar } from '../../core/ports/documents.ts';
import { compareScalars, sideOfRange } from './compare.ts';

/** The place of a document in an order: by a value, then by its creation. */
export interface Place {
  readonly value: Scalar;
  readonly order: number;
}

export interface IndexEntry extends Place {
  readonly id: string;
}

export interface IndexRange {
  readonly from: number;
  /** The end, which is exclusive. */
  readonly to: number;
}

export function comparePlaces(a: Place, b: Place): number {
  return compareScalars(a.value, b.value) || a.order - b.order;
}

/**
 * One partition's documents in the order of one property, as in Cosmos DB's range index, so that a page costs its
 * length.
 */
export class OrderedIndex {
  readonly #entries: IndexEntry[];

  constructor(entries: IndexEntry[]) {
    this.#entries = entries.sort(comparePlaces);
  }

  add(entry: IndexEntry): void {
    this.#entries.splice(
      this.#firstWhere((each) => comparePlaces(each, entry) >= 0),
      0,
      entry,
    );
  }

  remove(place: Place): void {
    const at = this.#firstWhere((each) => comparePlaces(each, place) >= 0);
    const found = this.#entries[at];
    if (found !== undefined && comparePlaces(found, place) === 0) this.#entries.splice(at, 1);
  }

  /**
   * Returns a range for each value of an `in` list, because the entries between the values are none of them; one range
   * without such a list.
   */
  ranges(predicates: readonly PropertyPredicate[]): IndexRange[] {
    const list = predicates.find((each) => each.is === 'in');
    if (list === undefined) return [this.range(predicates)];
    return [...new Set(list.values)].map((value) => this.range([...predicates, { path: list.path, is: '=', value }]));
  }

  /** The entries that every predicate may hold for; all of them must be about this property. */
  range(predicates: readonly PropertyPredicate[]): IndexRange {
    let [from, to] = [0, this.#entries.length];
    for (const predicate of predicates) {
      if (predicate.is === '!=' || predicate.is === 'in' || predicate.is === 'contains') continue;
      from = Math.max(
        from,
        this.#firstWhere(({ value }) => sideOfRange(value, predicate) >= 0),
      );
      to = Math.min(
        to,
        this.#firstWhere(({ value }) => sideOfRange(value, predicate) > 0),
      );
    }
    return { from, to: Math.max(from, to) };
  }

  /** Walks in the index's order, or against it; behind `after` in that direction. */
  *walk({ from, to }: IndexRange, descending: boolean, after: Place | undefined): Generator<IndexEntry, void> {
    const reached =
      after === undefined ? undefined : this.#firstWhere((each) => comparePlaces(each, after) >= (descending ? 0 : 1));
    const start = descending ? Math.min(to, reached ?? to) - 1 : Math.max(from, reached ?? from);
    for (let at = start; descending ? at >= from : at < to; at += descending ? -1 : 1) {
      const entry = this.#entries[at];
      if (entry !== undefined) yield entry;
    }
  }

  /** Finds the first position where `holds`, which is false up to there and true from there. */
  #firstWhere(holds: (entry: IndexEntry) => boolean): number {
    let [low, high] = [0, this.#entries.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const entry = this.#entries[middle];
      if (entry !== undefined && holds(entry)) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
