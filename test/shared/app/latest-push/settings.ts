import type { Parsed } from '../../../../shared/core/feature/feature.ts';
import { wholeNumberFrom } from '../../../../shared/core/feature/number-setting.ts';

/** These settings are about the latest push. */
export const latestPushSettings = {
  /** Sets how many days a push counts as the latest one. */
  LONGSHORE_LATEST_PUSH_DAYS: wholeNumberFrom(1, 365).default(30),
};

export interface LatestPushSettings {
  readonly latestPush: { readonly days: number };
}

export function readLatestPushSettings({
  LONGSHORE_LATEST_PUSH_DAYS: days,
}: Parsed<typeof latestPushSettings>): LatestPushSettings {
  return { latestPush: { days } };
}
