/**
 * The values of one setting in a base, in its successor, and in an image that is built on the base; absent and null are
 * the same.
 */
export interface Three {
  readonly old: unknown;
  readonly next: unknown;
  readonly app: unknown;
}

export interface Merged {
  readonly value: unknown;
  /** True if base and image have both changed it, to different values; the image's value is used. */
  readonly isConflict: boolean;
}

/** Merges a whole value three-way. */
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

/** Merges entries three-way, one by one, in the order of the successor, then of the image. */
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
