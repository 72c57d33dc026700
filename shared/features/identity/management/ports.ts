import type { RegistryName } from '../../../core/oci/name.ts';
import type { Clock, RandomIds } from '../../../core/ports/clock.ts';
import type { Documents } from '../../../core/ports/documents.ts';
import type { SealingKeys } from '../../../core/secrets/sealing-keys.ts';
import type { RegistryDefaults, SettingsDocument } from '../registrysettings.ts';

export interface ManagementPorts {
  readonly documents: Documents;
  readonly clock: Clock;
  readonly ids: RandomIds;
  readonly registry: RegistryName;
  readonly sealing: SealingKeys;
  /**
   * Forgets what this instance remembers of identities, because they have changed. The others see it within a minute.
   */
  forget(): void;
  readonly defaults: RegistryDefaults;
  /** Uses the registry's new settings from now on. */
  learn(settings: SettingsDocument): void;
}
