import type { Parsed } from '../../core/feature/feature.ts';
import { numberFrom } from '../../core/feature/number-setting.ts';

/** These settings say when bytes that nothing needs are collected ([recycle bin](../recycle-bin.md)). */
export const collectionSettings = {
  /**
   * Sets how long, in hours, bytes that nothing needs are kept: a blob that was uploaded or purged, and bytes that no
   * document names.
   */
  LONGSHORE_GRACE_HOURS: numberFrom(1, 720).default(24),
};

export function readCollectionSettings({ LONGSHORE_GRACE_HOURS: hours }: Parsed<typeof collectionSettings>) {
  return {
    /** How long a link outlives the last that needed it, and bytes their last link. In milliseconds, at least an hour. */
    graceMs: hours * 3_600_000,
  };
}
