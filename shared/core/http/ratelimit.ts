/** The rest of a client's budget after a request. */
export interface RateLimitState {
  /** The name of the budget: `read`, `write` or `delete`. */
  readonly policy: string;
  /** The number of requests allowed in `windowSeconds`. */
  readonly quota: number;
  readonly windowSeconds: number;
  readonly remaining: number;
  /** The seconds until the budget is whole again. */
  readonly resetSeconds: number;
}

const states = new WeakMap<Request, RateLimitState>();

/** Remembers the budget that a request was counted against, for the headers of its answer, whatever that is. */
export function noteRateLimit(request: Request, state: RateLimitState): void {
  states.set(request, state);
}

/**
 * Makes the headers of https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/ ; none if the request was
 * not counted.
 */
export function rateLimitHeaders(request: Request): Record<string, string> {
  const state = states.get(request);
  if (state === undefined) return {};
  return {
    'RateLimit-Policy': `"${state.policy}";q=${state.quota};w=${state.windowSeconds}`,
    RateLimit: `"${state.policy}";r=${state.remaining};t=${state.resetSeconds}`,
  };
}
