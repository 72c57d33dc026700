import { z } from 'zod';
import type { Parsed } from '../../core/feature/feature.ts';

/** These settings are about the portal ([portal](../portal.md)). */
export const portalSettings = {
  /** Serves the portal at `/ui/`, and sends browsers there from `/`; with `off` neither is done. */
  LONGSHORE_PORTAL: z.enum(['on', 'off']).default('on'),
};

export interface PortalSettings {
  readonly isOn: boolean;
}

export function readPortalSettings({ LONGSHORE_PORTAL: portal }: Parsed<typeof portalSettings>): {
  readonly portal: PortalSettings;
} {
  return { portal: { isOn: portal === 'on' } };
}
