import { z } from 'zod';
import type { Parsed } from '../../../../shared/core/feature/feature.ts';

/** These settings are about the last push. */
export const lastPushSettings = {
  /** Sets how many days a push counts as the last one. */
  LONGSHORE_LAST_PUSH_DAYS: z.coerce.number().int().min(1).max(365).default(30),
};

export interface LastPushSettings {
  readonly lastPush: { readonly days: number };
}

export function readLastPushSettings({
  LONGSHORE_LAST_PUSH_DAYS: days,
}: Parsed<typeof lastPushSettings>): LastPushSettings {
  return { lastPush: { days } };
}
