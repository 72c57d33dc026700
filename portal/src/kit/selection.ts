import { useState } from 'preact/hooks';
import { rangeOf } from './range.ts';

/** The selected rows of a list, by their keys. It outlives the page of the list on which they were. */
export interface Selection {
  readonly keys: ReadonlySet<string>;
  has(key: string): boolean;
  /** Selects a row or takes it out; with `isRange` all rows from the one before to this one. */
  toggle(key: string, among: readonly string[], isRange: boolean): void;
  set(keys: readonly string[], isSelected: boolean): void;
  clear(): void;
}

export function useSelection(): Selection {
  const [{ keys, last }, set] = useState<{ keys: ReadonlySet<string>; last?: string }>({ keys: new Set() });
  const change = (changed: readonly string[], isSelected: boolean, next?: string) => {
    const more = new Set(keys);
    for (const key of changed)
      if (isSelected) more.add(key);
      else more.delete(key);
    set({ keys: more, ...(next === undefined ? {} : { last: next }) });
  };
  return {
    keys,
    has: (key) => keys.has(key),
    toggle: (key, among, isRange) => change(isRange ? rangeOf(among, last, key) : [key], !keys.has(key), key),
    set: (changed, isSelected) => change(changed, isSelected),
    clear: () => set({ keys: new Set() }),
  };
}
