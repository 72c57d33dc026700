import { z } from 'zod';

/** A setting that is a number. What is none, or out of bounds, is told with all that is allowed. */
export function numberFrom(least: number, most: number) {
  const error = `must be a number from ${least} to ${most}`;
  return z.coerce.number({ error }).min(least, error).max(most, error);
}

/** The same without a fraction. */
export function wholeNumberFrom(least: number, most: number) {
  const error = `must be a whole number from ${least} to ${most}`;
  return z.coerce.number({ error }).int(error).min(least, error).max(most, error);
}

/** Says whether a fault is about a number, so that its value may be shown: it is no secret. */
export function isAboutNumber(issue: z.core.$ZodIssue): boolean {
  return (
    ('origin' in issue && (issue.origin === 'number' || issue.origin === 'int')) ||
    ('expected' in issue && (issue.expected === 'number' || issue.expected === 'int'))
  );
}
