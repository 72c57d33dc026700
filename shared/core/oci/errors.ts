/**
 * Every error code that a client can get, with its status and its standing message. The first block is the
 * distribution-spec's "Error Codes"; the second has the codes that ACR and Docker's registry use beside them.
 */
export const wireErrors = {
  BLOB_UNKNOWN: { status: 404, message: 'blob unknown to registry' },
  BLOB_UPLOAD_INVALID: { status: 400, message: 'blob upload invalid' },
  BLOB_UPLOAD_UNKNOWN: { status: 404, message: 'blob upload unknown to registry' },
  DIGEST_INVALID: { status: 400, message: 'provided digest did not match uploaded content' },
  MANIFEST_BLOB_UNKNOWN: { status: 404, message: 'manifest references a manifest or blob unknown to registry' },
  MANIFEST_INVALID: { status: 400, message: 'manifest invalid' },
  MANIFEST_UNKNOWN: { status: 404, message: 'manifest unknown to registry' },
  NAME_INVALID: { status: 400, message: 'invalid repository name' },
  NAME_UNKNOWN: { status: 404, message: 'repository name not known to registry' },
  SIZE_INVALID: { status: 413, message: 'provided content is too large' },
  UNAUTHORIZED: { status: 401, message: 'authentication required' },
  DENIED: { status: 403, message: 'requested access to the resource is denied' },
  UNSUPPORTED: { status: 405, message: 'the operation is unsupported' },
  TOOMANYREQUESTS: { status: 429, message: 'too many requests' },

  RANGE_INVALID: { status: 416, message: 'invalid content range' },
  TAG_INVALID: { status: 400, message: 'invalid tag' },
  PAGINATION_NUMBER_INVALID: { status: 400, message: 'invalid number of results requested' },
  TAG_UNKNOWN: { status: 404, message: 'the specified tag does not exist' },
  REGISTRY_DISALLOWED_OPERATION: {
    status: 405,
    message: 'The operation is disallowed on this registry, repository or image.',
  },
  NOT_FOUND: { status: 404, message: 'no such route' },
  BAD_REQUEST: { status: 400, message: 'the request is malformed' },
  CONFLICT: { status: 409, message: 'the request conflicts with what is there' },
  UNAVAILABLE: { status: 503, message: 'a store that the registry depends on does not answer' },
  INTERNAL_ERROR: { status: 500, message: 'the registry failed' },
} as const satisfies Record<string, { status: number; message: string }>;

export type WireCode = keyof typeof wireErrors;
