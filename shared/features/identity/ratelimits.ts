import { LRUCache } from 'lru-cache';
import type { ClientAddress } from '../../core/http/client-address.ts';
import type { RateLimitState } from '../../core/http/ratelimit.ts';
import { noteRateLimit } from '../../core/http/ratelimit.ts';
import { RegistryError } from '../../core/oci/faults.ts';
import type { Clock } from '../../core/ports/clock.ts';
import { atMost } from '../../core/rules/at-most.ts';

/** Rates are in requests a minute. */
export interface Rates {
  readonly read: number;
  readonly write: number;
  readonly delete: number;
}

/**
 * The limits of one instance, counted in its memory: a deployment with n instances allows n times as many requests.
 * They keep one client from using an instance alone; they are no quota.
 */
export interface RatesInForce {
  /** The limit of all requests of the registry together; absent, there is none. */
  readonly registry?: Rates;
  /** The limit of each identity, below the registry's so that no identity uses all of it; absent, there is none. */
  readonly identity?: Rates;
}

/** The rates in the deployment's settings; `sku` means those of the registry's SKU. */
export type RateLimitSettings = { readonly [which in keyof RatesInForce]: Rates | 'sku' };

export const skus = ['basic', 'standard', 'premium'] as const;
export type Sku = (typeof skus)[number];

/** ACR's numbers (https://learn.microsoft.com/azure/container-registry/container-registry-skus). */
export const ratesOfSku: Readonly<Record<Sku, Rates>> = {
  basic: { read: 10_000, write: 2_000, delete: 1_000 },
  standard: { read: 10_000, write: 2_000, delete: 1_000 },
  premium: { read: 20_000, write: 4_000, delete: 4_000 },
};

type Policy = keyof Rates;

interface Bucket {
  readonly tokens: number;
  /** The time in milliseconds since 1970. */
  readonly at: number;
}

/** A bucket in which a request is counted. */
interface Share {
  readonly key: string;
  readonly quota: number;
  /** The requests that must remain in the bucket. */
  readonly kept: number;
}

const windowSeconds = 60;
const maxBuckets = 10_000;

/**
 * The shares of the registry's budget that one identity, one stranger's address, and all strangers whose address is
 * unknown may use.
 */
const shareOf = { identity: 3 / 4, stranger: 1 / 4, unknown: 1 / 2 } as const;
/** The part of the registry's budget that strangers must leave to callers with valid credentials. */
const keptForProven = 1 / 2;

/** Returns a share of a registry's rates, at least one request each. */
export function partOf(rates: Rates, part: keyof typeof shareOf): Rates {
  const of = (quota: number) => Math.max(1, Math.floor(quota * shareOf[part]));
  return { read: of(rates.read), write: of(rates.write), delete: of(rates.delete) };
}

/**
 * Limits requests by token buckets, each of which holds a minute's requests and fills evenly. A refused request is
 * counted against its caller alone, never against the registry. Identities and strangers have separate buckets, so that
 * no number of addresses evicts the bucket of an identity.
 */
export class RateLimits {
  readonly #clock: Clock;
  readonly #rates: () => RatesInForce;
  readonly #addressOf: ClientAddress;
  readonly #buckets = new LRUCache<string, Bucket>(atMost(maxBuckets));
  readonly #strangers = new LRUCache<string, Bucket>(atMost(maxBuckets));

  /** Reads `rates` for each request. */
  constructor(clock: Clock, rates: () => RatesInForce, addressOf: ClientAddress) {
    this.#clock = clock;
    this.#rates = rates;
    this.#addressOf = addressOf;
  }

  /**
   * Counts a request with valid credentials; `isServed` says that it is not refused. Throws `RegistryError`
   * (`too-many-requests`) if a bucket is empty, and then counts it nowhere.
   */
  take(request: Request, identity: string, isServed: boolean): void {
    const policy = policyOf(request.method);
    const { registry, identity: each } = this.#rates();
    const own = each === undefined ? [] : [{ key: `identity ${policy} ${identity}`, quota: each[policy], kept: 0 }];
    this.#takeAll(request, this.#buckets, [
      ...(registry === undefined || !isServed ? [] : [registryShare(policy, registry, 0)]),
      ...own,
    ]);
  }

  /** Counts a request without credentials that is served. Throws as `take` does. */
  takeForStranger(request: Request): void {
    const policy = policyOf(request.method);
    const { registry } = this.#rates();
    const own = this.#strangerShare(request, policy);
    this.#requireAll(request, this.#strangers, own);
    if (registry !== undefined)
      this.#takeAll(request, this.#buckets, [
        registryShare(policy, registry, Math.floor(registry[policy] * keptForProven)),
      ]);
    this.#takeAll(request, this.#strangers, own);
  }

  /**
   * Counts a request with wrong credentials. Throws as `take` does, but never if the address is unknown, for all
   * strangers without one would be refused; both answers cost the same.
   */
  countRefused(request: Request): void {
    const share = this.#strangerShare(request, policyOf(request.method));
    try {
      this.#takeAll(request, this.#strangers, share);
    } catch (error) {
      if (this.#addressOf(request) !== undefined || !(error instanceof RegistryError)) throw error;
    }
  }

  /**
   * Counts a read of the store, or a request to an issuer, that a stranger causes. It has a budget of its own: guesses
   * at names that this instance knows use none of it, so it remains for callers that the instance has not met. Each
   * kind has its own, so a flood of inbound notifications stops nobody from logging in. Throws as `take` does.
   */
  takeLookup(request: Request, at: 'name' | 'issuer' | 'door'): void {
    this.#takeAll(
      request,
      this.#strangers,
      this.#strangerShare(request, 'read').map((share) => ({ ...share, key: `look at ${at} ${share.key}` })),
    );
  }

  #strangerShare(request: Request, policy: Policy): Share[] {
    const { registry, identity } = this.#rates();
    const address = this.#addressOf(request);
    const ofRegistry =
      registry === undefined ? Infinity : partOf(registry, address === undefined ? 'unknown' : 'stranger')[policy];
    const quota = Math.min(
      ofRegistry,
      address === undefined && registry !== undefined ? Infinity : (identity?.[policy] ?? Infinity),
    );
    return quota === Infinity ? [] : [{ key: `${policy} ${address ?? ''}`, quota, kept: 0 }];
  }

  #takeAll(request: Request, buckets: LRUCache<string, Bucket>, shares: readonly Share[]): void {
    const now = this.#clock.now().getTime();
    const policy = policyOf(request.method);
    const tightest = this.#requireAll(request, buckets, shares);
    if (tightest === undefined) return;
    for (const { key, quota } of shares)
      buckets.set(key, { tokens: filled(buckets.get(key), quota, now) - 1, at: now });
    noteRateLimit(request, stateOf(policy, tightest.quota, tightest.tokens - 1));
  }

  /**
   * Returns the bucket that has the fewest requests left; throws `RegistryError` (`too-many-requests`) if there is none
   * left.
   */
  #requireAll(
    request: Request,
    buckets: LRUCache<string, Bucket>,
    shares: readonly Share[],
  ): { readonly quota: number; readonly tokens: number } | undefined {
    const now = this.#clock.now().getTime();
    const policy = policyOf(request.method);
    const [tightest] = shares
      .map(({ key, quota, kept }) => ({ quota, tokens: filled(buckets.get(key), quota, now) - kept }))
      .toSorted((one, other) => one.tokens - other.tokens);
    if (tightest === undefined || tightest.tokens >= 1) return tightest;
    noteRateLimit(request, stateOf(policy, tightest.quota, Math.max(0, tightest.tokens)));
    throw new RegistryError({
      is: 'too-many-requests',
      why: `this is more than the limit of ${tightest.quota} ${policy} requests a minute`,
      retryAfterMs: ((1 - tightest.tokens) * windowSeconds * 1000) / tightest.quota,
    });
  }
}

function registryShare(policy: Policy, registry: Rates, kept: number): Share {
  return { key: `registry ${policy}`, quota: registry[policy], kept };
}

function filled(bucket: Bucket | undefined, quota: number, now: number): number {
  if (bucket === undefined) return quota;
  return Math.min(quota, bucket.tokens + (Math.max(0, now - bucket.at) * quota) / (windowSeconds * 1000));
}

function stateOf(policy: Policy, quota: number, tokens: number): RateLimitState {
  const resetSeconds = Math.ceil(((quota - tokens) * windowSeconds) / quota);
  return { policy, quota, windowSeconds, remaining: Math.floor(tokens), resetSeconds };
}

function policyOf(method: string): Policy {
  if (method === 'GET' || method === 'HEAD') return 'read';
  return method === 'DELETE' ? 'delete' : 'write';
}
