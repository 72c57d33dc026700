import { z } from 'zod';
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
});

export const quarantinePolicies = new VerdictPolicies('quarantine', quarantineSettingsSchema, ({ pushEvent, mode }) =>
  pushEvent === 'after-passed' && mode === 'enforce' ? { withholds: true } : {},
);
