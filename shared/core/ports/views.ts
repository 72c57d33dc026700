import type { RegistryName, RepositoryKey } from '../oci/name.ts';

/** These ports are what views show of other features. Each feature gives its part; all methods throw `StoreFailure`. */

/** Positions in a list of the store's own order. A continuation is the store's token. */
interface ListPage {
  readonly direction: 'asc' | 'desc';
  readonly limit: number;
  readonly continuation?: string | undefined;
}

export interface TagPulls {
  readonly lastPull?: string;
  /** The pulls of the last 30 days. */
  readonly pulls30d: number;
}

/** The figures that usage has counted for repositories; a figure is absent where nothing is known of it. */
export interface RepositoryFigures {
  readonly manifests?: number;
  readonly tags?: number;
  readonly bytes?: number;
  readonly uniqueBytes?: number;
  readonly pulls?: number;
  readonly lastPush?: string;
  readonly lastPull?: string;
}

export type Ranking = 'lastPush' | 'lastPull' | 'bytes';

export interface UsageViews {
  /** Reads the pulls of tags, in one query. Tags without any are not in the map. */
  tagPulls(key: RepositoryKey, tags: readonly string[]): Promise<ReadonlyMap<string, TagPulls>>;
  /** Lists the names of tags that were pulled, in the order of their last pulls, also of tags that are gone. */
  pulledTags(
    key: RepositoryKey,
    page: ListPage,
  ): Promise<{ readonly items: readonly (readonly [tag: string, pulls: TagPulls])[]; readonly continuation?: string }>;
  /** Reads the figures of repositories, in one query. */
  figures(registry: RegistryName, names: readonly string[]): Promise<ReadonlyMap<string, RepositoryFigures>>;
  /** Lists the names of repositories of which a figure is known, in its order, also of those that are gone. */
  ranked(
    registry: RegistryName,
    by: Ranking,
    page: ListPage,
  ): Promise<{ readonly items: readonly string[]; readonly continuation?: string }>;
  stored(registry: RegistryName): Promise<StoredFigures | undefined>;
  /** Returns the pulls and pushes of the last 30 days, the oldest first, also of days without any. */
  activity(registry: RegistryName): Promise<readonly { day: string; pulls: number; pushes: number }[]>;
}

/** The last survey. */
export interface StoredFigures {
  readonly bytes: {
    readonly stored: number;
    readonly unique: number;
    readonly shared: number;
    readonly recycled: number;
    readonly unneeded: number;
    readonly measuredAt: string;
  };
  readonly quota: {
    readonly limitBytes: number;
    readonly usedBytes: number;
    readonly share: number;
    readonly fullAt?: string;
  };
  /** Absent from a survey of an older version. */
  readonly counts?: { readonly tags: number; readonly manifests: number };
}

export interface WebhookViews {
  webhooks(): Promise<{
    total: number;
    failing: { name: string; since?: string; reason?: string; nextAttemptAt?: string }[];
    latest: { name: string; state: 'working' | 'failing' | 'off'; at?: string; status?: string }[];
  }>;
}

export interface ReplicationViews {
  regions(): Promise<{
    regions: {
      region: string;
      state: 'ready' | 'behind' | 'paused' | 'removing';
      missing?: number;
      lagSeconds?: number;
    }[];
  }>;
}

export interface BuildViews {
  builds(): Promise<{
    running: number;
    queued: number;
    failed: { id: string; image: string; finishedAt: string; reason?: string }[];
  }>;
}

export interface PurgeViews {
  /** Returns the names of the policies that are approved: the others remove nothing. Throws `StoreFailure`. */
  approved(): Promise<ReadonlySet<string>>;
  plans(): Promise<{ awaitingApproval: { policy: string; removes: number; bytes?: number; madeAt: string }[] }>;
}
