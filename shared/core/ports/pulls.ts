import type { Digest } from '../oci/digest.ts';
import type { RepositoryKey } from '../oci/name.ts';
import type { RegistryName, Tag } from '../oci/name.ts';

/** One request that was answered: GET of a manifest, HEAD of one, or GET of a blob. */
export interface Pull {
  readonly key: RepositoryKey;
  readonly what: 'manifest' | 'head' | 'blob';
  /** The digest of the manifest; absent for a blob. */
  readonly digest: Digest | undefined;
  /** The tag by which the manifest was requested; absent where that was by digest. */
  readonly tag: Tag | undefined;
  readonly actor: string;
  readonly userAgent: string;
}

export interface CountPull {
  /** Counts one pull in memory. Never throws, never waits, calls no store. */
  countPull(pull: Pull): void;
}

/** Receives the results of counting, for metrics. Its methods never throw and never wait. */
export interface TellPulls {
  /** `client` is one of a small fixed set. */
  tellPulls(what: Pull['what'], client: string, pulls: number): void;
  tellFlush(outcome: 'sent' | 'failed' | 'dropped'): void;
  /**
   * Observes a batch: `lagMs` is the time from when its oldest count could have been made until it is in the counters.
   */
  tellFold(lagMs: number): void;
}

/**
 * The times of the last pulls in RFC 3339; a time is absent if there was none, or longer ago than it is kept
 * (docs/usage.md).
 */
export interface LastPull {
  readonly lastPull?: string;
  /** The last HEAD: a node that has the image already asks by HEAD alone whether its tag has moved. */
  readonly lastHead?: string;
}

/** Reads last pulls for the rules on them. Both methods throw `StoreFailure`. */
export interface ReadLastPulls {
  /** Returns last pulls by digest or tag; images that were never pulled are not in the map. */
  lastPulls(key: RepositoryKey, references: readonly (Digest | Tag)[]): Promise<ReadonlyMap<string, LastPull>>;
  /** Returns the time since which every pull is known, without a gap; `undefined` before counting began. */
  trackedSince(registry: RegistryName): Promise<Date | undefined>;
}
