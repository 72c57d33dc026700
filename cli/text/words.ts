const units = ['B', 'KB', 'MB', 'GB', 'TB', 'PB'] as const;

/** Returns bytes as people write them: `12.3 MB`. */
export function bytesOf(bytes: number | undefined): string {
  if (bytes === undefined) return '';
  let [value, unit] = [bytes, 0];
  while (value >= 999.5 && unit < units.length - 1) [value, unit] = [value / 1000, unit + 1];
  return `${unit === 0 || value >= 99.95 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** Returns a time as the terminal's own zone has it, to the minute. Text that is no time is returned as it is. */
export function timeOf(iso: string | undefined): string {
  if (iso === undefined) return '';
  const time = new Date(iso);
  if (Number.isNaN(time.getTime())) return iso;
  const two = (part: number) => String(part).padStart(2, '0');
  const day = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  return `${day} ${two(time.getHours())}:${two(time.getMinutes())}`;
}

/** Returns the first digits of a digest, which a person can tell it by. */
export function shortDigest(digest: string | undefined): string {
  return digest === undefined ? '' : digest.replace(/^(sha\d+:[0-9a-f]{12})[0-9a-f]+$/, '$1');
}

/** Returns a number with the word for it: `1 tag`, `2 tags`. */
export function counted(count: number, one: string, more = `${one}s`): string {
  return `${count} ${count === 1 ? one : more}`;
}
