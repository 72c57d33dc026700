import { defined } from '../../../core/documents/defined.ts';
import type { Digest } from '../../../core/oci/digest.ts';
import { parseDigest } from '../../../core/oci/digest.ts';
import { manifestMediaTypes } from '../../../core/oci/media-types.ts';
import { parseRetryAfter } from '../../../core/outbound/retry-after.ts';
import type { Clock } from '../../../core/ports/clock.ts';
import { StoreFailure } from '../../../core/ports/failures.ts';
import type { Answer, AskUrl } from '../../../core/ports/outbound.ts';
import { OutboundRefused } from '../../../core/ports/outbound.ts';
import { isLoopbackHost } from '../loopback.ts';
import { authorizationFor } from './authorization.ts';
import type { AskedAs } from './logins.ts';

export type TagState =
  | { readonly is: 'same' }
  | { readonly is: 'at'; readonly digest: Digest }
  | { readonly is: 'gone' }
  /** The registry wants no requests for so long. */
  | { readonly is: 'slow down'; readonly forMs: number }
  | { readonly is: 'failed'; readonly why: string };

/**
 * The result of a check, and the milliseconds without a further one where the registry says that few requests are left.
 */
export interface TagAnswer {
  readonly state: TagState;
  readonly restMs?: number;
}

const slowedMs = 60_000;
const longestMs = 24 * 3_600_000;

/**
 * Asks a registry which digest a tag points at: by one HEAD, conditional on the known digest; with a token, or the
 * login that was given, if the registry demands one. No image is pulled by it (Docker Hub counts none). Never throws
 * for what the registry does.
 */
export async function askTagDigest(
  { outbound, clock }: { readonly outbound: AskUrl; readonly clock: Clock },
  base: string,
  tag: string,
  { known, as }: { readonly known: Digest | undefined; readonly as: AskedAs },
): Promise<TagAnswer> {
  const slash = base.indexOf('/');
  const [host, path] = [base.slice(0, slash), base.slice(slash + 1)];
  // The operator decides whether this machine may be called (LONGSHORE_OUTBOUND), together with the one who listed the
  // host.
  const url = new URL(
    `${isLoopbackHost(host) ? 'http' : 'https'}://${host === 'docker.io' ? 'registry-1.docker.io' : host}/v2/${path}/manifests/${tag}`,
  );
  const headers = {
    Accept: manifestMediaTypes.join(', '),
    ...defined({ 'If-None-Match': known === undefined ? undefined : `"${known}"` }),
  };
  try {
    const first = await outbound.ask(url, { dependency: 'upstream', method: 'HEAD', headers });
    const authorization =
      first.status === 401
        ? await authorizationFor(outbound, first.headers['www-authenticate'] ?? '', {
            path,
            login: as.login,
            realm: as.realm,
            host: url.host,
            protocol: url.protocol,
          })
        : undefined;
    if (typeof authorization === 'object') return { state: { is: 'failed', why: authorization.why } };
    const answer =
      authorization === undefined
        ? first
        : await outbound.ask(url, {
            dependency: 'upstream',
            method: 'HEAD',
            headers: { ...headers, Authorization: authorization },
          });
    return { state: resultOf(answer, known, clock.now()), ...rest(answer) };
  } catch (error) {
    if (error instanceof StoreFailure || error instanceof OutboundRefused)
      return { state: { is: 'failed', why: error.message.slice(0, 300) } };
    throw error;
  }
}

function resultOf({ status, headers }: Answer, known: Digest | undefined, now: Date): TagState {
  if (status === 304) return { is: 'same' };
  if (status === 404) return { is: 'gone' };
  if (status === 429 || status === 503)
    return { is: 'slow down', forMs: bounded(parseRetryAfter(headers['retry-after'], now) ?? slowedMs) };
  const digest = status === 200 ? parseDigest(headers['docker-content-digest'] ?? '') : undefined;
  if (digest === undefined)
    return { is: 'failed', why: status === 200 ? 'its answer has no digest' : `it answered ${status}` };
  return digest === known ? { is: 'same' } : { is: 'at', digest };
}

function bounded(ms: number): number {
  return Math.min(longestMs, Math.max(1_000, ms));
}

/** Reads Docker Hub's `ratelimit-remaining: 0;w=21600`: nothing is left in a window of so many seconds. */
function rest({ headers }: Answer): { restMs?: number } {
  const [, left, window] = /^(\d{1,15})(?:;w=(\d{1,15}))?/.exec(headers['ratelimit-remaining'] ?? '') ?? [];
  return left === '0' ? { restMs: Math.min(longestMs, Number(window ?? 60) * 1_000) } : {};
}
