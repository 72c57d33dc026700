import { defined } from '../../core/documents/defined.ts';
import { reachOf } from '../../core/outbound/public-address.ts';
import type { Settings } from '../assemble.ts';
import type { CommonSettings } from '../common-settings.ts';
import { features } from '../features.ts';
import type { Config } from './config.ts';
import { blobDelivery, hostNamesOf, sealingSettings } from './config.ts';

/** Makes the app's settings of the parsed environment. */
export function settingsOf(config: Config): Settings {
  return { ...features.read(config), ...commonSettingsOf(config) };
}

/** Makes the settings that belong to no feature in particular. */
export function commonSettingsOf(config: Config): CommonSettings {
  return {
    registryName: config.LONGSHORE_REGISTRY,
    region: config.LONGSHORE_REGION,
    blobs: blobDelivery(config),
    eventSource: config.LONGSHORE_EVENT_SOURCE,
    sealing: sealingSettings(config),
    ...defined({ publicUrl: config.LONGSHORE_PUBLIC_URL, hostNames: hostNamesOf(config) }),
    reach: reachOf(config.LONGSHORE_OUTBOUND),
  };
}
