import { z } from 'zod';
import { jsonIn } from '../../../core/oci/json.ts';
import { shownText } from '../shown-text.ts';
import type { ScannerAnswer } from './ask-scanner.ts';
import { isMediaType } from './media-types.ts';

/** A call that failed. The reason is a whole sentence; `mayRetry` says whether the same call may work later. */
export interface CallFailed {
  readonly is: 'failed';
  readonly reason: string;
  readonly mayRetry: boolean;
}

type Answered = Extract<ScannerAnswer, { readonly is: 'answered' }>;

export function failed(reason: string, mayRetry: boolean): CallFailed {
  return { is: 'failed', reason, mayRetry };
}

/** Makes a failure of a call that was not answered. */
export function unanswered(answer: Exclude<ScannerAnswer, Answered>): CallFailed {
  return failed(`The scanner could not be asked: ${shownText(answer.why, 300)}.`, answer.is === 'no answer');
}

const errorSchema = z.object({ error: z.object({ message: z.string() }) });

/** Makes a failure of a status that is no success, with the scanner's own words where it has some. */
export function statusFailure({ status, body }: Answered, call: string): CallFailed {
  if (status >= 300 && status < 400)
    return failed(`The scanner answered ${call} with a redirect (${status}), which is never followed.`, false);
  const parsed = errorSchema.safeParse(jsonIn(body.subarray(0, 64 * 1024)));
  const words =
    parsed.success && parsed.data.error.message.trim() !== '' ? parsed.data.error.message.trim() : undefined;
  const said = words === undefined ? '' : `: ${shownText(words)}`;
  return failed(
    `The scanner answered ${call} with ${status}${said}.`,
    status >= 500 || status === 429 || status === 408,
  );
}

/** Checks the form of a body before it is read; `undefined` if nothing is wrong. */
export function faultOfBody({ headers }: Answered, call: string, allowed: readonly string[]): CallFailed | undefined {
  const encoding = headers['content-encoding'];
  // Nothing is unpacked, so that a few bytes cannot become gigabytes.
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity')
    return failed(`The scanner packed its answer to ${call}, which was not asked for.`, false);
  if (isMediaType(headers['content-type'], allowed)) return undefined;
  const type =
    headers['content-type'] === undefined ? 'no type' : `the type ${shownText(headers['content-type'], 100)}`;
  return failed(`The scanner's answer to ${call} has ${type} instead of ${allowed[0] ?? ''}.`, false);
}
