import type { Dispatcher } from 'undici';
import { request } from 'undici';

/** The outcome of an attempt, in the words of Azure's lastDeliveryOutcome. */
export type Outcome =
  | 'Delivered'
  | 'BadRequest'
  | 'Unauthorized'
  | 'Forbidden'
  | 'NotFound'
  | 'TimedOut'
  | 'PayloadTooLarge'
  | 'Busy'
  | 'GenericError'
  | 'ResolutionError'
  | 'SocketError';

export interface AttemptResult {
  readonly outcome: Outcome;
  /** Absent when no response came. */
  readonly status?: number;
  /** For the log: what the receiver or the network said. */
  readonly detail: string;
}

export interface Attempt {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly timeoutMs: number;
  /** Aborted when the topic stops and no longer waits. */
  readonly stop: AbortSignal;
  readonly http: Dispatcher;
}

const outcomes: Readonly<Record<number, Outcome>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  408: 'TimedOut',
  413: 'PayloadTooLarge',
  429: 'Busy',
  503: 'Busy',
};

/**
 * Posts one event once and says how that went; whether to try again is the caller's business. Only 200 to 204 is
 * success, redirects are not followed. Undefined when the topic stopped meanwhile: then it is not known whether the
 * event arrived.
 */
export async function attemptDelivery(attempt: Attempt): Promise<AttemptResult | undefined> {
  const deadline = new AbortController();
  const abort = (): void => deadline.abort();
  const timer = setTimeout(abort, attempt.timeoutMs);
  attempt.stop.addEventListener('abort', abort);
  try {
    return judge(await post(attempt, deadline.signal));
  } catch (error) {
    if (attempt.stop.aborted) return undefined;
    if (deadline.signal.aborted)
      return { outcome: 'TimedOut', detail: `no answer within ${attempt.timeoutMs / 1000} s` };
    return networkFailure(error);
  } finally {
    clearTimeout(timer);
    attempt.stop.removeEventListener('abort', abort);
  }
}

async function post({ url, headers, body, http }: Attempt, signal: AbortSignal): Promise<number> {
  const response = await request(url, { method: 'POST', headers, body, signal, dispatcher: http });
  // The answer's body means nothing, but the connection is free for the next event only once it has been read.
  await response.body.dump();
  return response.statusCode;
}

function judge(status: number): AttemptResult {
  if (status >= 200 && status <= 204) return { outcome: 'Delivered', status, detail: `${status}` };
  return { outcome: outcomes[status] ?? 'GenericError', status, detail: `HTTP ${status}` };
}

function networkFailure(error: unknown): AttemptResult {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const detail = code || String(error);
  return { outcome: ['ENOTFOUND', 'EAI_AGAIN'].includes(code) ? 'ResolutionError' : 'SocketError', detail };
}
