import { z } from 'zod';
import { defined } from '../../core/documents/defined.ts';
import type { Covering } from '../../core/verdicts/coverage.ts';
import { coveringShape, VerdictPolicies } from '../../core/verdicts/policies.ts';

/** The settings of a quarantine policy: the repositories whose images wait until somebody passes them. */
export const quarantineSettingsSchema = z.strictObject({
  ...coveringShape,
  backlog: z
    .enum(['open', 'hold'])
    .default('open')
    .describe(
      'The images that were there before the policy. open: they stay open; hold: those that nobody has passed are held.',
    ),
  pushEvent: z
    .enum(['at-once', 'after-passed'])
    .default('at-once')
    .describe(
      'The time of the events of a push that is held. after-passed: push, chart_push and Longshore.TagMoved, and the ' +
        'builds that follow from them, wait until the image is open, as in ACR; at-once: they do not wait.',
    ),
  timeoutHours: z
    .int()
    .min(1)
    .max(8_760)
    .optional()
    .describe(
      'The hours for which an image may wait for somebody to pass it; absent, for ever. Then ' +
        'Longshore.QuarantineTimedOut is sent.',
    ),
  onTimeout: z
    .enum(['alert', 'fail'])
    .default('alert')
    .describe(
      'The effect of the time-out. alert: the image goes on waiting; fail: it has failed until somebody passes it.',
    ),
});
type QuarantineSettings = z.infer<typeof quarantineSettingsSchema>;

function knownOf({ mode, pushEvent, timeoutHours, onTimeout }: QuarantineSettings): Partial<Covering> {
  return defined({
    withholds: pushEvent === 'after-passed' && mode === 'enforce' ? (true as const) : undefined,
    timeout: timeoutHours === undefined ? undefined : { hours: timeoutHours, then: onTimeout },
  });
}

export const quarantinePolicies = new VerdictPolicies('quarantine', quarantineSettingsSchema, knownOf);
