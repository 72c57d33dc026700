/** Numbers, sizes and times as people write them, in the language of the browser. */

const language = (): string => (typeof navigator === 'undefined' ? 'en' : navigator.language);

/** Keeps the format of each language: to make one takes longer than to draw a row of a table. */
function kept<Format>(make: (locale: string) => Format): (locale: string) => Format {
  const made = new Map<string, Format>();
  return (locale) => {
    let format = made.get(locale);
    if (format === undefined) made.set(locale, (format = make(locale)));
    return format;
  };
}

const numbers = kept((locale) => new Intl.NumberFormat(locale));
const times = kept((locale) => new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'medium' }));
const days = kept((locale) => new Intl.DateTimeFormat(locale, { dateStyle: 'medium' }));
const spans = kept((locale) => new Intl.RelativeTimeFormat(locale, { numeric: 'auto' }));

/** Writes a whole number with its groups: 12,345. */
export function formatNumber(value: number, locale = language()): string {
  return numbers(locale).format(value);
}

/** Writes a count with its noun: "1 tag", "12,345 tags". */
export function countOf(value: number, one: string, many = `${one}s`, locale = language()): string {
  return `${formatNumber(value, locale)} ${value === 1 ? one : many}`;
}

const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte', 'petabyte'] as const;

/** Makes the formats of sizes by their units. Short, a byte is written as "byte" whatever their number. */
const sizesWith = (maximumFractionDigits: number) =>
  units.map((unit, at) =>
    kept((locale) => {
      const unitDisplay = at === 0 ? 'long' : 'short';
      return new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay, maximumFractionDigits });
    }),
  );
const [whole, tenths] = [sizesWith(0), sizesWith(1)];

/** Writes a size in units of 1,000, as docker does: 856 bytes, 3.1 MB, 24 GB. */
export function formatBytes(bytes: number, locale = language()): string {
  let [value, at] = [bytes, 0];
  // 999.96 kB would be written as 1,000 kB.
  while (Math.abs(value) >= 999.95 && at < units.length - 1) [value, at] = [value / 1000, at + 1];
  const format = (at === 0 || Math.abs(value) >= 100 ? whole : tenths)[at];
  return format === undefined ? String(bytes) : format(locale).format(value);
}

/** Writes a share of one as a percentage; what is small is not written as nothing. */
export function formatShare(share: number, locale = language()): string {
  if (share > 0 && share < 0.001) return `< ${formatShare(0.001, locale)}`;
  return new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: share < 0.1 ? 1 : 0 }).format(share);
}

/** Writes a time whole, as for a tooltip. */
export function formatTime(time: string, locale = language()): string {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return time;
  return times(locale).format(date);
}

/** Writes the day of a time. */
export function formatDay(time: string, locale = language()): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? time : days(locale).format(date);
}

const steps: readonly (readonly [unit: Intl.RelativeTimeFormatUnit, seconds: number])[] = [
  ['year', 31_557_600],
  ['month', 2_629_800],
  ['week', 604_800],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
];

/** Writes how long ago a time was, or how far ahead it is: "3 hours ago", "in 2 days". */
export function formatAgo(time: string, now = Date.now(), locale = language()): string {
  const seconds = (Date.parse(time) - now) / 1000;
  if (Number.isNaN(seconds)) return time;
  const [unit, size] = steps.find(([, each]) => Math.abs(seconds) >= each) ?? (['second', 1] as const);
  const format = spans(locale);
  // A clock that is a few seconds ahead must not tell of the future.
  return unit === 'second' && Math.abs(seconds) < 10
    ? format.format(0, 'second')
    : format.format(Math.trunc(seconds / size), unit);
}

/** Writes a duration by its two largest units: 1 h 5 min. */
export function formatDuration(seconds: number): string {
  const whole = Math.round(seconds);
  const parts: readonly (readonly [number, string])[] = [
    [Math.floor(whole / 86_400), 'd'],
    [Math.floor(whole / 3_600) % 24, 'h'],
    [Math.floor(whole / 60) % 60, 'min'],
    [whole % 60, 's'],
  ];
  const first = parts.findIndex(([value]) => value > 0);
  if (first === -1) return '0 s';
  return parts
    .slice(first, first + 2)
    .filter(([value]) => value > 0)
    .map(([value, unit]) => `${value} ${unit}`)
    .join(' ');
}

/** Shortens a digest to what tells it from others: sha256:0123456789ab. */
export function shortDigest(digest: string): string {
  const [algorithm = '', hex] = digest.split(':');
  return hex === undefined ? digest : `${algorithm}:${hex.slice(0, 12)}`;
}

/** Writes a platform as docker does: linux/arm/v7. */
export function formatPlatform({
  os,
  architecture,
  variant,
}: {
  os: string;
  architecture: string;
  variant?: string | undefined;
}): string {
  return [os, architecture, variant].filter(Boolean).join('/');
}
