/**
 * Parses a `Retry-After` header (RFC 9110, section 10.2.3), which holds seconds or a date. Gives milliseconds from `now`,
 * and `undefined` where there is no header or it is of neither form.
 */
export function parseRetryAfter(header: string | undefined, now: Date): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d{1,9}$/.test(header)) return Number(header) * 1000;
  const at = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} [\d:]{8} GMT$/.test(header) ? Date.parse(header) : NaN;
  return Number.isNaN(at) ? undefined : Math.max(0, at - now.getTime());
}
