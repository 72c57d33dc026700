import type { Gate } from '../core/admission/gate.ts';
import type { GiveWay } from '../core/http/give-way.ts';
import type { HostNames } from '../core/http/host-names.ts';
import type { RegistryName } from '../core/oci/name.ts';
import type { Reach } from '../core/outbound/public-address.ts';
import type { SealingSettings } from '../core/secrets/sealing-keys.ts';

/** Settings of no feature in particular, as the app goes by them. Those of a feature are beside it. */
export interface CommonSettings {
  readonly registryName: RegistryName;
  /** This region's name: the key of its copy in a blob's document. */
  readonly region: string;
  /** Says how a blob's bytes reach the client: by a redirect to Blob Storage, or through this process. */
  readonly blobs: 'redirect' | 'proxy';
  /** `source` of events: the topic path of the registry in Azure, a path of its own elsewhere. */
  readonly eventSource: string;
  readonly sealing: SealingSettings;
  /** The URL at which clients find the registry; absent, the one that a request came to. */
  readonly publicUrl?: URL;
  /** The names that requests may come to; absent, any. */
  readonly hostNames?: HostNames;
  /** Lets pulls go first; absent, everything goes at once. */
  readonly giveWay?: GiveWay;
  /**
   * Gives the `source` of the events of a registry of the deployment, and without a name that of what all share; absent
   * where there is one registry.
   */
  readonly sourceOf?: (registry?: RegistryName) => string;
  /** Says that this registry stands beside another, which looks after what is of no registry. */
  readonly isFurther?: boolean;
  /** The labels on all metrics of this registry; absent, none. */
  readonly metricLabels?: Readonly<Record<string, string>>;
  /** Gates beside those of the features. */
  readonly gates?: readonly Gate[];
  /** The addresses that URLs of users may lead to. */
  readonly reach: Reach;
}
