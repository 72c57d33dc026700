const pattern = /^(-)?(?:(\d+)\.)?(\d{1,2}):([0-5]?\d)(?::([0-5]?\d)(?:\.(\d{1,7}))?)?$/;

/**
 * Milliseconds of a .NET TimeSpan: `[-][d.]hh:mm[:ss[.fffffff]]`, the notation of host.json and of timer schedules.
 * Returns undefined for any other text. A lone number is not read, although .NET takes it as days: in a setting it is a
 * mistake for seconds.
 */
export function parseTimeSpan(text: string): number | undefined {
  const match = pattern.exec(text.trim());
  if (match === null || Number(match[3]) > 23) return undefined;
  const [, sign, days = '0', hours = '0', minutes = '0', seconds = '0', fraction = '0'] = match;
  const whole = ((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60 + Number(seconds);
  const milliseconds = whole * 1000 + Math.round(Number(`0.${fraction}`) * 1000);
  return sign === undefined ? milliseconds : -milliseconds;
}
