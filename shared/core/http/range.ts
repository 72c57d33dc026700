/** A range with both ends inclusive, in bytes. `suffix` says that the client counted from the end. */
export interface SatisfiableRange {
  readonly start: number;
  readonly end: number;
  readonly suffix: boolean;
}

const singleRange = /^bytes=\s*(?:(\d{1,15})-(\d{0,15})|-(\d{1,15}))$/i;

/**
 * Reads one range of a body of `size` bytes (RFC 9110, section 14.1.2). Returns `undefined` if the whole is to be
 * answered, for there is no range, there are many, or it is not one; a server may ignore those. A range that begins
 * behind the end, or ends before its beginning, is `unsatisfiable`.
 */
export function parseRange(header: string | null, size: number): SatisfiableRange | 'unsatisfiable' | undefined {
  const match = header === null ? null : singleRange.exec(header.trim());
  if (match === null) return undefined;
  const [, first, last, fromEnd] = match;
  if (fromEnd !== undefined) return suffixRange(Number(fromEnd), size);
  const start = Number(first);
  const end = last === undefined || last === '' ? size - 1 : Math.min(Number(last), size - 1);
  return start > end ? 'unsatisfiable' : { start, end, suffix: false };
}

function suffixRange(length: number, size: number): SatisfiableRange | 'unsatisfiable' {
  if (length === 0 || size === 0) return 'unsatisfiable';
  return { start: Math.max(0, size - length), end: size - 1, suffix: true };
}
