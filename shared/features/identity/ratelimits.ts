import { LRUCache } from 'lru-cache';
import type { ClientAddress } from '../../core/http/client-address.ts';
import type { RateLimitState } from '../../core/http/ratelimit.ts';
import { noteRateLimit } from '../../core/http/ratelimit.ts';
import { RegistryError } from '../../core/oci/faults.ts';
import type { Clock } from '../../core/ports/clock.ts';

/** Requests a minute. */
export interface Rates {
  readonly read: number;
  readonly write: number;
  readonly delete: number;
}

/**
 * Limits of one instance, in its memory: a deployment with n instances lets n times as much through. They keep one
 * client from taking the whole of an instance; they are no meter.
 */
export interface RatesInForce {
  /** For all requests of the registry together; absent: no limit. */
  readonly registry?: Rates;
  /** For each identity, and below the registry's: no one takes all of it. Absent: no limit. */
  readonly identity?: Rates;
}

/** The same as a deployment has it: `sku` leaves it to the registry's SKU. */
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
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** One of the buckets that a request is counted in. */
interface Share {
  readonly key: string;
  readonly quota: number;
  /** What must stay in it. */
  readonly kept: number;
}

const windowSeconds = 60;
const maxBuckets = 10_000;

/**
 * Of the registry's budget: what one identity may have of it, one stranger's address, and all strangers whose address
 * is unknown.
 */
const shareOf = { identity: 3 / 4, stranger: 1 / 4, unknown: 1 / 2 } as const;
/** The part of the registry's budget that strangers leave to those who have proven who they are. */
const keptForProven = 1 / 2;

/** A part of a registry's numbers, at least one request each. */
export function partOf(rates: Rates, part: keyof typeof shareOf): Rates {
  const of = (quota: number) => Math.max(1, Math.floor(quota * shareOf[part]));
  return { read: of(rates.read), write: of(rates.write), delete: of(rates.delete) };
}

/**
 * Token buckets: each holds a minute's requests and fills evenly. What is refused is counted against who asked alone,
 * never against the registry. Identities and strangers have buckets apart, so that no number of addresses makes an
 * identity's be forgotten.
 */
export class RateLimits {
  readonly #clock: Clock;
  readonly #rates: () => RatesInForce;
  readonly #addressOf: ClientAddress;
  readonly #buckets = new LRUCache<string, Bucket>({ max: maxBuckets });
  readonly #strangers = new LRUCache<string, Bucket>({ max: maxBuckets });

  /** `rates` is asked for each request. */
  constructor(clock: Clock, rates: () => RatesInForce, addressOf: ClientAddress) {
    this.#clock = clock;
    this.#rates = rates;
    this.#addressOf = addressOf;
  }

  /**
   * Counts a request of somebody who is known; `isServed` says that it is not refused. Throws `RegistryError`
   * (`too-many-requests`) when a bucket is empty, and then counts it nowhere.
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

  /** Counts a request of nobody in particular that is served. Throws like `take`. */
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
   * Counts a request with credentials that are wrong. Throws like `take`, but where the address is unknown it never
   * does, as that would be everybody's refusal; and it costs as much to say one as the other.
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
   * Before a store or an issuer is asked for the sake of a stranger, in a budget apart: whoever guesses at names that
   * this instance knows spends none of it, so that it is there for those whom the instance has not met. Each kind has
   * its own: a flood at doors keeps nobody from logging in. Throws like `take`.
   */
  takeLook(request: Request, at: 'name' | 'issuer' | 'door'): void {
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

  /** The bucket that has the least left; throws `RegistryError` (`too-many-requests`) when that is nothing. */
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
      why: `more than ${tightest.quota} ${policy} requests a minute`,
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
