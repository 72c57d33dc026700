import { z } from 'zod';
import type { Parsed } from '../../../../shared/core/feature/feature.ts';

/** These settings are about the latest push. */
export const latestPushSettings = {
  /** Sets how many days a push counts as the latest one. */
  LONGSHORE_LATEST_PUSH_DAYS: z.coerce.number().int().min(1).max(365).default(30),
};

export interface LatestPushSettings {
  readonly latestPush: { readonly days: number };
}

export function readLatestPushSettings({
  LONGSHORE_LATEST_PUSH_DAYS: days,
}: Parsed<typeof latestPushSettings>): LatestPushSettings {
  return { latestPush: { days } };
}
