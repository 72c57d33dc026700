import type { ClaimCondition } from '../documents.ts';

/**
 * Says whether all conditions hold: `is` is the claim's text, where `*` stands for any, also for nothing. If a claim is
 * a list, one element must match.
 */
export function satisfies(claims: Readonly<Record<string, unknown>>, conditions: readonly ClaimCondition[]): boolean {
  return conditions.every(({ claim, is }) => {
    const value = Object.hasOwn(claims, claim) ? claims[claim] : undefined;
    const values: readonly unknown[] = Array.isArray(value) ? value : [value];
    return values.some((each) => matchesText(is, each));
  });
}

function matchesText(wanted: string, value: unknown): boolean {
  if (typeof value === 'boolean' || typeof value === 'number') return wanted === String(value);
  return typeof value === 'string' && matchesStars(wanted, value);
}

/**
 * Matches in linear time, whatever an outside token holds: each part is searched once, from where the last one ended.
 */
function matchesStars(wanted: string, value: string): boolean {
  const [first = '', ...rest] = wanted.split('*');
  const last = rest.pop();
  if (last === undefined) return value === first;
  if (!value.startsWith(first)) return false;
  let from = first.length;
  for (const part of rest) {
    const found = value.indexOf(part, from);
    if (found === -1) return false;
    from = found + part.length;
  }
  return value.length - last.length >= from && value.endsWith(last);
}
