import { LRUCache } from 'lru-cache';
import { RegistryError } from '../oci/faults.ts';
import { noteRateLimit } from '../http/ratelimit.ts';
import type { RateLimitState } from '../http/ratelimit.ts';
import type { Clock } from '../ports/clock.ts';

/** Requests a minute. */
export interface Rates {
  readonly read: number;
  readonly write: number;
  readonly delete: number;
}

/**
 * Limits of one instance, in its memory: a deployment with n instances lets n times as much through. They keep one client
 * from taking the whole of an instance; they are no meter.
 */
export interface RatesInForce {
  /** For all requests of the registry together; absent: no limit. */
  readonly registry?: Rates;
  /** For each identity; what comes without one counts by address where that is known. Absent: no limit. */
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

const windowSeconds = 60;
const maxBuckets = 10_000;

/** Token buckets: each holds a minute's requests and fills evenly. */
export class RateLimits {
  readonly #clock: Clock;
  readonly #rates: () => RatesInForce;
  readonly #buckets = new LRUCache<string, Bucket>({ max: maxBuckets });

  /** `rates` is asked for each request. */
  constructor(clock: Clock, rates: () => RatesInForce) {
    this.#clock = clock;
    this.#rates = rates;
  }

  /** Counts a request; throws `RegistryError` (`too-many-requests`) when a bucket is empty, and then counts it nowhere. */
  take(request: Request, identity: string): void {
    const policy = policyOf(request.method);
    const now = this.#clock.now().getTime();
    const both = this.#bucketsOf(policy, identity).map(({ key, quota }) => ({ key, quota, tokens: filled(this.#buckets.get(key), quota, now) }));
    const tightest = both.toSorted((one, other) => one.tokens - other.tokens)[0];
    if (tightest === undefined) return;
    const allowed = tightest.tokens >= 1;
    if (allowed) for (const { key, tokens } of both) this.#buckets.set(key, { tokens: tokens - 1, at: now });
    noteRateLimit(request, stateOf(policy, tightest.quota, allowed ? tightest.tokens - 1 : tightest.tokens));
    if (!allowed) throw new RegistryError({ is: 'too-many-requests', why: `more than ${tightest.quota} ${policy} requests a minute`, retryAfterMs: ((1 - tightest.tokens) * windowSeconds * 1000) / tightest.quota });
  }

  #bucketsOf(policy: Policy, identity: string): { readonly key: string; readonly quota: number }[] {
    const { registry, identity: each } = this.#rates();
    return [
      ...(registry === undefined ? [] : [{ key: `registry ${policy}`, quota: registry[policy] }]),
      ...(each === undefined ? [] : [{ key: `identity ${policy} ${identity}`, quota: each[policy] }]),
    ];
  }
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
