import { z } from 'zod';
import { createBackoff } from './backoff.ts';
import type { FunctionMetadata, RetryContext } from './core-types.ts';
import { asError, describeError } from './log.ts';
import { waited } from './wait.ts';

// The library rounds the app's durations to whole seconds before the host sees them.
const duration = z.object({ seconds: z.number().min(0) }).transform((value) => value.seconds * 1000);
const retryPolicy = z.discriminatedUnion('retryStrategy', [
  z.looseObject({ retryStrategy: z.literal('fixedDelay'), maxRetryCount: z.int().min(-1), delayInterval: duration }),
  z.looseObject({
    retryStrategy: z.literal('exponentialBackoff'),
    maxRetryCount: z.int().min(-1),
    minimumInterval: duration,
    maximumInterval: duration,
  }),
]);

/** A function's retry policy; intervals in milliseconds, `maxRetryCount` -1 is without end. */
export type RetryPolicy = z.output<typeof retryPolicy>;

export function parseRetryPolicy(metadata: FunctionMetadata): RetryPolicy | undefined {
  if (metadata.retryOptions === undefined) return undefined;
  const parsed = retryPolicy.safeParse(metadata.retryOptions);
  if (!parsed.success)
    throw new Error(
      `Function "${metadata.name}" has a retry policy that is not valid:\n${z.prettifyError(parsed.error)}`,
    );
  return parsed.data;
}

/**
 * Runs one attempt after another until one succeeds or the policy is used up; then the last error is thrown.
 * The waits happen in this process, as in the host, so a restart ends the row. `signal` ends a wait, not an attempt.
 */
export async function withRetries<T>(
  policy: RetryPolicy | undefined,
  attempt: (context: RetryContext | undefined) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  if (policy === undefined) return attempt(undefined);
  const nextDelay = delays(policy);
  let exception: RetryContext['exception'];
  for (let retryCount = 0; ; retryCount++) {
    try {
      return await attempt({ retryCount, maxRetryCount: policy.maxRetryCount, ...(exception && { exception }) });
    } catch (error) {
      if (retryCount === policy.maxRetryCount || !(await waited(nextDelay(), signal))) throw error;
      exception = { message: asError(error).message, source: '', stackTrace: describeError(error) };
    }
  }
}

function delays(policy: RetryPolicy): () => number {
  if (policy.retryStrategy === 'fixedDelay') return () => policy.delayInterval;
  const backoff = createBackoff(policy.minimumInterval, policy.maximumInterval);
  return () => backoff.next(false);
}
