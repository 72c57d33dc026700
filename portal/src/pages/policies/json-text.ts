/**
 * Reads the settings of a policy that somebody has typed as JSON. Throws a sentence that says what to do.
 */
export function settingsIn(text: string): object {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Error(`This is no JSON: ${(error as Error).message}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error('Give an object of settings, as in {"mode": "audit"}.');
  return value;
}

/** Says whether all that `part` says is said by `whole` too; space around texts, as that of keys, says nothing. */
export function saysAll(whole: unknown, part: unknown): boolean {
  if (typeof part === 'string' && typeof whole === 'string') return whole.trim() === part.trim();
  if (typeof part !== 'object' || part === null) return whole === part;
  if (typeof whole !== 'object' || whole === null || Array.isArray(whole) !== Array.isArray(part)) return false;
  if (Array.isArray(part) && part.length !== (whole as readonly unknown[]).length) return false;
  return Object.entries(part).every(
    ([key, value]) => Object.hasOwn(whole, key) && saysAll((whole as Record<string, unknown>)[key], value),
  );
}
