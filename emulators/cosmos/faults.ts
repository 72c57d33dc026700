import { z } from 'zod';
import type { Json } from './json.ts';
import type { Refusal } from './refusal.ts';
import { badRequest, throttled, unavailable } from './refusal.ts';

const scope = {
  /**
   * The number of requests that it meets, the next ones; without `count` and `rate` it meets all until it is cleared.
   */
  count: z.int().positive().optional(),
  /** The share of requests it meets: 0.25 is every fourth, evenly, so that a test repeats. */
  rate: z.number().positive().max(1).optional(),
  operation: z.enum(['read', 'write', 'query']).optional(),
  /** The id of a container. */
  container: z.string().optional(),
  region: z.string().optional(),
};

const fault = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('throttle'), retryAfterMs: z.int().nonnegative().default(10), ...scope }),
  z.object({ kind: z.literal('unavailable'), ...scope }),
  z.object({ kind: z.literal('latency'), ms: z.number().positive(), ...scope }),
]);

/** A fault to inject: 429 with `x-ms-retry-after-ms`, 503, or a delay. */
export type Fault = z.input<typeof fault>;
type ParsedFault = z.output<typeof fault>;

/** A request on items, as faults see it. Requests for metadata meet none: the SDK makes them when it likes. */
export interface FaultTarget {
  readonly operation: 'read' | 'write' | 'query';
  readonly container: string;
  readonly region: string;
}

export interface FaultVerdict {
  /** Milliseconds to wait before anything else. */
  readonly delayMs: number;
  /** The answer instead of the operation, which is then not done. */
  readonly refusal: Refusal | undefined;
}

interface Armed {
  readonly fault: ParsedFault;
  left: number;
  /** Grows by the rate with each request; the fault strikes when it reaches 1. */
  due: number;
}

const matches = ({ fault: { operation, container, region } }: Armed, target: FaultTarget): boolean =>
  (operation ?? target.operation) === target.operation &&
  (container ?? target.container) === target.container &&
  (region ?? target.region) === target.region;

/** The faults that are armed, and how often one struck. */
export class Faults {
  #armed: Armed[] = [];
  #struck = 0;

  /** Returns how many requests have met a fault so far. */
  get struck(): number {
    return this.#struck;
  }

  get armed(): readonly Fault[] {
    return this.#armed.map(({ fault: { ...rest }, left }) => (Number.isFinite(left) ? { ...rest, count: left } : rest));
  }

  add(given: Fault): void {
    const parsed = fault.parse(given);
    this.#armed.push({ fault: parsed, left: parsed.count ?? Infinity, due: 0 });
  }

  /** Adds a fault that came over HTTP. */
  addUnchecked(given: Json): void {
    const parsed = fault.safeParse(given);
    if (!parsed.success) throw badRequest(`The fault is not valid. ${z.prettifyError(parsed.error)}`);
    this.add(parsed.data);
  }

  clear(): void {
    this.#armed = [];
  }

  /** Judges one request: delays add up, and the first fault that refuses it wins. */
  meet(target: FaultTarget): FaultVerdict {
    let delayMs = 0;
    let refusal: Refusal | undefined;
    for (const armed of this.#armed) {
      if (!matches(armed, target) || (refusal !== undefined && armed.fault.kind !== 'latency') || !this.#strikes(armed))
        continue;
      if (armed.fault.kind === 'latency') delayMs += armed.fault.ms;
      else refusal = armed.fault.kind === 'throttle' ? throttled(armed.fault.retryAfterMs) : unavailable();
    }
    this.#armed = this.#armed.filter(({ left }) => left > 0);
    return { delayMs, refusal };
  }

  #strikes(armed: Armed): boolean {
    armed.due += armed.fault.rate ?? 1;
    // Sums of tenths fall short of 1 by a rounding error.
    if (armed.due < 1 - 1e-9) return false;
    armed.due -= 1;
    armed.left -= 1;
    this.#struck += 1;
    return true;
  }
}
