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
});

export const quarantinePolicies = new VerdictPolicies('quarantine', quarantineSettingsSchema);
