import type { WireCode } from '../oci/errors.ts';
import type { RegistryFault } from '../oci/faults.ts';

/**
 * The codes that programs read of an error of `/api/v1`. A code stays when its message is reworded; a code about one
 * kind of object (`tokenNotFound`) comes with the fault, from the feature that knows the object.
 */
const byWireCode: Readonly<Record<WireCode, string>> = {
  BLOB_UNKNOWN: 'blobNotFound',
  BLOB_UPLOAD_INVALID: 'invalidBody',
  BLOB_UPLOAD_UNKNOWN: 'uploadNotFound',
  DIGEST_INVALID: 'invalidDigest',
  MANIFEST_BLOB_UNKNOWN: 'blobNotFound',
  MANIFEST_INVALID: 'invalidManifest',
  MANIFEST_UNKNOWN: 'manifestNotFound',
  NAME_INVALID: 'invalidName',
  NAME_UNKNOWN: 'repositoryNotFound',
  SIZE_INVALID: 'bodyTooLarge',
  UNAUTHORIZED: 'unauthorized',
  DENIED: 'forbidden',
  UNSUPPORTED: 'notSupported',
  TOOMANYREQUESTS: 'tooManyRequests',
  RANGE_INVALID: 'invalidRange',
  TAG_INVALID: 'invalidTag',
  PAGINATION_NUMBER_INVALID: 'invalidParameter',
  TAG_UNKNOWN: 'tagNotFound',
  REGISTRY_DISALLOWED_OPERATION: 'locked',
  NOT_FOUND: 'notFound',
  BAD_REQUEST: 'invalidRequest',
  CONFLICT: 'conflict',
  UNAVAILABLE: 'storeUnavailable',
  INTERNAL_ERROR: 'internalError',
};

/** The codes of faults that share one code of the distribution-spec. */
const byFault: Partial<Record<RegistryFault['is'], string>> = {
  'route-unknown': 'routeNotFound',
  'method-not-allowed': 'methodNotAllowed',
  'media-type-unsupported': 'unsupportedMediaType',
  misdirected: 'wrongHost',
  'too-slow': 'requestTimeout',
  'length-mismatch': 'bodyLengthMismatch',
};

export function apiCodeOf(fault: RegistryFault | undefined, wire: WireCode): string {
  const own = fault !== undefined && 'code' in fault ? fault.code : undefined;
  return own ?? (fault === undefined ? undefined : byFault[fault.is]) ?? byWireCode[wire];
}

/** An answer that any operation may give, whatever it is for. */
export interface GeneralError {
  /** The name of the component in the document. */
  readonly name: string;
  readonly status: number;
  readonly description: string;
  readonly codes: readonly string[];
  readonly isRetried?: boolean;
}

const always: readonly GeneralError[] = [
  {
    name: 'BadRequest',
    status: 400,
    description: 'The request is not valid; the message says why, and what is allowed.',
    codes: ['invalidRequest', 'invalidParameter', 'unknownParameter', 'invalidContinuation'],
  },
  {
    name: 'Unauthorized',
    status: 401,
    description: 'The request has no credentials, or wrong ones.',
    codes: ['unauthorized'],
  },
  {
    name: 'Forbidden',
    status: 403,
    description: 'The caller is known and lacks the right; the message names it.',
    codes: ['forbidden'],
  },
  {
    name: 'WrongHost',
    status: 421,
    description: 'The host name of the request belongs to no registry here.',
    codes: ['wrongHost'],
  },
  {
    name: 'TooManyRequests',
    status: 429,
    description:
      'A rate limit is reached, or others write to the same document all the time. Send the request again later.',
    codes: ['tooManyRequests'],
    isRetried: true,
  },
  {
    name: 'InternalError',
    status: 500,
    description: 'The registry failed; its log has the reason under the X-Request-Id of the answer.',
    codes: ['internalError'],
  },
  {
    name: 'Unavailable',
    status: 503,
    description: 'A store that the registry depends on does not answer. Send the request again later.',
    codes: ['storeUnavailable'],
    isRetried: true,
  },
];

/** The errors of operations that read a body. */
const withBody: readonly GeneralError[] = [
  {
    name: 'BadRequestBody',
    status: 400,
    description: 'The request or its body is not valid; the message says why, and what is allowed.',
    codes: [
      'invalidRequest',
      'invalidParameter',
      'unknownParameter',
      'invalidBody',
      'malformedBody',
      'bodyLengthMismatch',
    ],
  },
  { name: 'RequestTimeout', status: 408, description: 'The body stopped in the middle.', codes: ['requestTimeout'] },
  { name: 'BodyTooLarge', status: 413, description: 'The body is larger than 1 MiB.', codes: ['bodyTooLarge'] },
  {
    name: 'UnsupportedMediaType',
    status: 415,
    description: 'The Content-Type of the body is not JSON.',
    codes: ['unsupportedMediaType'],
  },
];

export const generalErrors: readonly GeneralError[] = [...always, ...withBody];

/** Returns the errors by status; operations that read a body have a 400 of their own. */
export function generalErrorsOf(readsBody: boolean): ReadonlyMap<number, GeneralError> {
  return new Map((readsBody ? generalErrors : always).map((each) => [each.status, each]));
}
