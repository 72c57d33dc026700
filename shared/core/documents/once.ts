/**
 * Makes something once, when it is first asked for, and returns the same to all who ask. Work begins with the first call
 * and not before, so that no failure is left without a caller that awaits it.
 */
export function once<T>(make: () => T): () => T {
  let made: { readonly it: T } | undefined;
  return () => (made ??= { it: make() }).it;
}

/** Returns a function that makes something when it is first called, and again only where that has failed. */
export function lazily<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make().catch((error: unknown) => {
      made = undefined;
      throw error;
    });
    return made;
  };
}
