import { defined } from '../documents/defined.ts';
import type { WireCode } from '../oci/errors.ts';
import { wireErrors } from '../oci/errors.ts';
import type { RegistryFault, RequestFault } from '../oci/faults.ts';
import { RegistryError } from '../oci/faults.ts';
import { StoreFailure } from '../ports/failures.ts';
import type { Log } from '../ports/log.ts';
import { apiCodeOf } from './api-errors.ts';
import { challengeHeaders } from './challenge.ts';
import { rightFor } from './rights.ts';

/** An error as it goes over the wire (distribution-spec, "Error Codes"). */
interface WireError {
  readonly code: WireCode;
  /** The status, if one code is sent with several. */
  readonly status?: number;
  readonly message?: string;
  readonly detail?: unknown;
  readonly headers?: Record<string, string>;
}

/** Maps a fault of the domain to a code of the wire; only this function knows both. */
function wireError(fault: RegistryFault): WireError {
  switch (fault.is) {
    case 'blob-unknown':
      return { code: 'BLOB_UNKNOWN', detail: { digest: fault.digest } };
    case 'blob-listed':
      return { code: 'UNSUPPORTED', message: listedMessage(fault), headers: { Allow: 'GET, HEAD' } };
    case 'upload-unknown':
      return { code: 'BLOB_UPLOAD_UNKNOWN', message: `this upload cannot be continued: ${fault.why}; start a new one` };
    case 'upload-invalid':
      return { code: 'BLOB_UPLOAD_INVALID', message: fault.why };
    case 'range-invalid':
      return { code: 'RANGE_INVALID', message: fault.why, headers: rangeHeaders(fault) };
    case 'range-unsatisfiable':
      return {
        code: 'RANGE_INVALID',
        message: `the blob has ${fault.size} bytes`,
        headers: { 'Content-Range': `bytes */${fault.size}` },
      };
    case 'length-mismatch':
      // This is the distribution-spec's own meaning of the code; 413 is for content that is too large.
      return { code: 'SIZE_INVALID', status: 400, message: fault.why };
    case 'digest-invalid':
      return { code: 'DIGEST_INVALID', message: fault.why };
    case 'manifest-blobs-unknown':
      return { code: 'MANIFEST_BLOB_UNKNOWN', message: missingMessage(fault), detail: fault.missing };
    case 'manifest-invalid':
      return { code: 'MANIFEST_INVALID', message: fault.why };
    case 'manifest-unknown':
      return { code: 'MANIFEST_UNKNOWN', detail: { reference: fault.reference } };
    case 'name-invalid':
      return {
        code: 'NAME_INVALID',
        message:
          `"${fault.name}" is not a repository name: lower-case letters, digits and single . _ - between ` +
          'them, parts joined by /, at most 255 characters',
      };
    case 'name-unknown':
      return { code: 'NAME_UNKNOWN', detail: { name: fault.name } };
    case 'tag-invalid':
      // The distribution-spec has 404 for every manifest that is not found, and its conformance suite asks for
      // `.INVALID_MANIFEST_NAME`.
      return {
        code: fault.soughtOnly === true ? 'MANIFEST_UNKNOWN' : 'TAG_INVALID',
        message: `"${fault.tag.slice(0, 200)}" is not a tag: at most 128 letters, digits, . _ -, not beginning with . or -`,
      };
    case 'too-large':
      return { code: 'SIZE_INVALID', message: `the ${fault.what} is larger than ${fault.limit} bytes` };
    case 'too-many-tags':
      return { code: 'SIZE_INVALID', status: 414, message: `at most ${fault.limit} tags can be pushed at once` };
    default:
      return requestError(fault);
  }
}

function missingMessage({ missing }: RegistryFault & { is: 'manifest-blobs-unknown' }): string {
  const names = `not in this repository: ${missing.map(({ digest }) => digest).join(', ')}`;
  const deleted = missing.filter((each) => each.deleted === true).map(({ digest }) => digest);
  return deleted.length === 0
    ? names
    : `${names}; ${deleted.join(', ')} was deleted: push it by its digest, or have it restored by somebody with deleted/restore`;
}

function listedMessage({ digest, by }: RegistryFault & { is: 'blob-listed' }): string {
  const lister =
    by === undefined
      ? 'a manifest of this repository'
      : `the manifest ${by.digest}${by.where === 'bin' ? ', which is in the recycle bin,' : ''}`;
  return (
    `${digest} is not deleted: ${lister} lists it; delete the manifests that list it, and the blob goes by ` +
    'itself once they are purged'
  );
}

/** Maps a fault that a request of any kind may have. */
function requestError(fault: RequestFault): WireError {
  switch (fault.is) {
    case 'page-size-invalid':
      return {
        code: 'PAGINATION_NUMBER_INVALID',
        message: `n is "${fault.given.slice(0, 50)}"; a whole number from 0 is allowed`,
      };
    case 'method-not-allowed':
      return {
        code: 'UNSUPPORTED',
        message: `allowed here: ${fault.allow.join(', ')}`,
        headers: { Allow: fault.allow.join(', ') },
      };
    case 'disallowed':
      return { code: 'REGISTRY_DISALLOWED_OPERATION', ...lockWords(fault) };
    case 'tag-unknown':
      return { code: 'TAG_UNKNOWN', detail: { name: fault.tag } };
    case 'unsupported':
      return { code: 'UNSUPPORTED', message: fault.why };
    case 'unauthorized':
      return { code: 'UNAUTHORIZED', headers: challengeHeaders(fault), ...unauthorizedWords(fault) };
    case 'denied':
      return { code: 'DENIED', message: fault.why, detail: fault.detail };
    case 'route-unknown':
      return { code: 'NOT_FOUND', message: hinted(`no such route: ${fault.path.slice(0, 300)}`, '; ', fault.hint) };
    case 'media-type-unsupported':
      return { code: 'UNSUPPORTED', status: 415, message: mediaTypeMessage(fault.given) };
    case 'too-slow':
      return { code: 'BAD_REQUEST', status: 408, message: `${fault.why}; send it again` };
    case 'misdirected':
      return {
        code: 'DENIED',
        status: 421,
        message:
          `"${fault.host.slice(0, 255)}" is not a name of this registry: use localhost, an address or the ` +
          'host name of its machine, or add the name to LONGSHORE_PUBLIC_URL, LONGSHORE_HOST_NAMES or ' +
          'LONGSHORE_REGISTRIES',
      };
    case 'contended':
      return {
        code: 'TOOMANYREQUESTS',
        message: `${fault.what} is being written by many clients; try again`,
        headers: { 'Retry-After': '1' },
      };
    case 'too-many-requests':
      return {
        code: 'TOOMANYREQUESTS',
        message: fault.why,
        headers: { 'Retry-After': retryAfter(fault.retryAfterMs) },
      };
    case 'request-invalid':
      return { code: 'BAD_REQUEST', message: fault.why };
    case 'thing-unknown':
      return { code: 'NOT_FOUND', message: hinted(`there is no ${fault.what}`, ': ', fault.hint) };
    case 'conflict':
      return { code: 'CONFLICT', message: fault.why };
  }
}

/** Names the lock, and what a deletion had taken before somebody set it. */
function lockWords({
  what,
  attribute,
  gone,
}: RegistryFault & { is: 'disallowed' }): Pick<WireError, 'message' | 'detail'> {
  if (gone === undefined) return { detail: { what, attribute } };
  return {
    detail: { what, attribute, gone },
    message:
      `the ${attribute} of ${what} was set to false while the deletion was under way, which therefore stopped: ` +
      `${gone.tags} tags and ${gone.manifests} manifests had gone by then, as the deletion ${gone.group}, by which ` +
      'the recycle bin restores them',
  };
}

/**
 * Words the refusal of a caller. One that has logged in, and may not, learns which rights are missing; a wrong password
 * learns only that it is wrong, and nothing of what exists.
 */
function unauthorizedWords({
  needed,
  missing = needed,
  why,
}: RegistryFault & { is: 'unauthorized' }): Pick<WireError, 'message' | 'detail'> {
  const detail =
    missing.length === 0
      ? {}
      : { detail: missing.map(({ type, name, action }) => ({ Type: type, Name: name, Action: action })) };
  if (why === 'invalid_token')
    return {
      ...detail,
      message: 'authentication required: the credentials are wrong, or have expired; log in again',
    };
  if (why === 'insufficient_scope' && missing.length > 0)
    return {
      ...detail,
      message:
        `authentication required: the access token does not hold ${missing.map(rightFor).join(' and ')}; ` +
        'request a token with that right, by an identity that has it',
    };
  return detail;
}

function hinted(message: string, between: string, hint: string | undefined): string {
  return hint === undefined ? message : `${message}${between}${hint}`;
}

function mediaTypeMessage(given: string | null): string {
  const said =
    given === null
      ? 'the body has no Content-Type'
      : `the Content-Type of the body is ${JSON.stringify(given.slice(0, 100))}`;
  return `${said}: send JSON with the header Content-Type: application/json`;
}

/** Rounds up to whole seconds, so that a client that comes back then is not too early. */
function retryAfter(milliseconds: number): string {
  return String(Math.max(1, Math.ceil(milliseconds / 1000)));
}

function rangeHeaders(fault: RegistryFault & { is: 'range-invalid' }): Record<string, string> {
  return {
    ...defined({
      Range: fault.received === undefined ? undefined : receivedRange(fault.received),
      Location: fault.location,
    }),
  };
}

/** Writes the progress of an upload as `Range` does; nothing received is `0-0`, as Docker's registry has it. */
export function receivedRange(bytes: number): string {
  return `0-${Math.max(0, bytes - 1)}`;
}

/** The set of codes that an error is answered with: the distribution-spec's, or those of `/api/v1`. */
export type ErrorCodes = 'distribution' | 'api';

/** Answers anything that was thrown. Nothing but codes reaches a client, and an unexpected error is logged whole. */
export function errorResponse(error: unknown, log: Log, codes: ErrorCodes = 'distribution'): Response {
  const fault = error instanceof RegistryError ? error.fault : undefined;
  const wire = wireErrorOf(error, log);
  return send(wire, codes === 'api' ? apiCodeOf(fault, wire.code) : wire.code);
}

function wireErrorOf(error: unknown, log: Log): WireError {
  if (error instanceof RegistryError) return wireError(error.fault);
  if (error instanceof StoreFailure) {
    log.error({ err: error }, 'a store failed');
    const code = error.kind === 'throttled' ? 'TOOMANYREQUESTS' : 'UNAVAILABLE';
    return {
      code,
      message: `${error.dependency} ${error.kind === 'throttled' ? 'is busy' : 'does not answer'}; try again`,
      headers: { 'Retry-After': retryAfter(error.retryAfterMs ?? 1000) },
    };
  }
  log.error({ err: error }, 'a request failed');
  return { code: 'INTERNAL_ERROR' };
}

/** Answers a fault for hosts that answer without a `Response`. */
export function wireAnswer(fault: RegistryFault): { readonly status: number; readonly json: string } {
  return answerOf(wireError(fault));
}

function answerOf(error: WireError, code: string = error.code): { readonly status: number; readonly json: string } {
  const { status, message } = wireErrors[error.code];
  const json = JSON.stringify({
    errors: [
      {
        code,
        message: error.message ?? message,
        ...defined({ detail: error.detail }),
      },
    ],
  });
  return { status: error.status ?? status, json };
}

function send(error: WireError, code: string): Response {
  const { status, json: body } = answerOf(error, code);
  return new Response(body, {
    status,
    headers: {
      'Content-Type': 'application/json',
      'Content-Length': String(Buffer.byteLength(body)),
      ...error.headers,
    },
  });
}
