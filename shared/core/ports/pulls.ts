import type { Digest } from '../oci/digest.ts';
import type { RepositoryKey } from '../oci/name.ts';
import type { RegistryName, Tag } from '../oci/name.ts';

/** One request that was answered: GET of a manifest, HEAD of one, or GET of a blob. */
export interface Pull {
  readonly key: RepositoryKey;
  readonly what: 'manifest' | 'head' | 'blob';
  /** Of the manifest; absent for a blob. */
  readonly digest: Digest | undefined;
  /** By which it was asked for, where it was not by digest. */
  readonly tag: Tag | undefined;
  readonly actor: string;
  readonly userAgent: string;
}

export interface CountPull {
  /** Counts one pull in memory. Never throws, never waits, calls no store. */
  countPull(pull: Pull): void;
}

/** What is told of counting, for metrics. Never throws, never waits. */
export interface TellPulls {
  /** `client` is one of a small fixed set. */
  tellPulls(what: Pull['what'], client: string, pulls: number): void;
  tellFlush(outcome: 'sent' | 'failed' | 'dropped'): void;
  /** `lagMs`: from when the oldest count of a batch could have been made until it is in the counters. */
  tellFold(lagMs: number): void;
}

/** RFC 3339; absent where it never happened, or longer ago than it is kept (docs/usage.md). */
export interface LastPull {
  readonly lastPull?: string;
  /** A node that has the image already asks by HEAD alone whether its tag has moved. */
  readonly lastHead?: string;
}

/** For rules on last pull. Both throw `StoreFailure`. */
export interface ReadLastPulls {
  /** By digest or tag; who was never pulled is not in the map. */
  lastPulls(key: RepositoryKey, references: readonly (Digest | Tag)[]): Promise<ReadonlyMap<string, LastPull>>;
  /** Since when every pull is known, without a gap; `undefined` before counting began. */
  trackedSince(registry: RegistryName): Promise<Date | undefined>;
}
