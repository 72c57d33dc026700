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
    /**
     * The milliseconds, at least an hour, that a link is kept after the last manifest that needed it, and bytes after
     * their last link.
     */
    graceMs: hours * 3_600_000,
  };
}
