/** What a base, its successor and an image that is built on the base say of one thing; absent and null are the same. */
export interface Three {
  readonly old: unknown;
  readonly next: unknown;
  readonly app: unknown;
}

export interface Merged {
  readonly value: unknown;
  /** Base and image have both changed it, to different things: the image's stands. */
  readonly isConflict: boolean;
}

/** Three-way merge of a whole value. */
export function merge({ old, next, app }: Three): Merged {
  if (same(app, old)) return { value: next, isConflict: false };
  return { value: app, isConflict: !same(next, old) && !same(next, app) };
}

export function same(a: unknown, b: unknown): boolean {
  return canonical(a ?? null) === canonical(b ?? null);
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

/** Three-way merge, entry by entry. Entries stand in the order of the successor, then of the image. */
export function mergeEntries({ old, next, app }: { readonly [each in keyof Three]: ReadonlyMap<string, unknown> }): {
  readonly value: Map<string, unknown>;
  readonly conflicts: string[];
} {
  const value = new Map<string, unknown>();
  const conflicts: string[] = [];
  for (const name of new Set([...next.keys(), ...app.keys()])) {
    const merged = merge({ old: old.get(name), next: next.get(name), app: app.get(name) });
    if (merged.isConflict) conflicts.push(name);
    if (merged.value !== undefined && merged.value !== null) value.set(name, merged.value);
  }
  return { value, conflicts };
}
