import type { Access, Challenge } from './access.ts';
import type { Digest } from './digest.ts';

/** The faults of requests, in the domain's words. `shared/core/http/respond.ts` alone maps them to the wire. */
export type RegistryFault = ContentFault | RequestFault;

/** Faults of a registry's content. */
type ContentFault =
  | { readonly is: 'blob-unknown'; readonly digest: Digest }
  /** A blob that is not deleted because a manifest lists it. `by` is one that the caller may know of. */
  | {
      readonly is: 'blob-listed';
      readonly digest: Digest;
      readonly by?: { readonly digest: Digest; readonly where: 'live' | 'bin' };
    }
  | { readonly is: 'upload-unknown'; readonly why: string }
  | { readonly is: 'upload-invalid'; readonly why: string }
  | {
      readonly is: 'range-invalid';
      readonly why: string;
      /** The bytes received so far, and the URL to continue at. */ readonly received?: number;
      readonly location?: string;
    }
  /** A `Range` that names no byte of content that has `size` bytes. */
  | { readonly is: 'range-unsatisfiable'; readonly size: number }
  /** A body that is not as long as its headers say. */
  | { readonly is: 'length-mismatch'; readonly why: string }
  | { readonly is: 'digest-invalid'; readonly why: string }
  | {
      readonly is: 'manifest-blobs-unknown';
      readonly missing: readonly {
        readonly digest: Digest;
        readonly mediaType: string;
        /** It lies in the recycle bin. */ readonly deleted?: true;
      }[];
    }
  | { readonly is: 'manifest-invalid'; readonly why: string }
  | { readonly is: 'manifest-unknown'; readonly reference: string }
  | { readonly is: 'name-invalid'; readonly name: string }
  | { readonly is: 'name-unknown'; readonly name: string }
  /**
   * A tag that is none. `soughtOnly` says that the request only looked it up, so that it is absent rather than refused.
   */
  | { readonly is: 'tag-invalid'; readonly tag: string; readonly soughtOnly?: true }
  | { readonly is: 'too-many-tags'; readonly limit: number }
  | { readonly is: 'too-large'; readonly what: string; readonly limit: number };

/** Faults of requests of any kind. */
export type RequestFault =
  | { readonly is: 'page-size-invalid'; readonly given: string }
  | { readonly is: 'method-not-allowed'; readonly allow: readonly string[] }
  /** An attribute of a repository, manifest or tag forbids the operation. */
  | {
      readonly is: 'disallowed';
      readonly what: string;
      readonly attribute: string;
      /** The deletion that took a part before the attribute was set. */
      readonly gone?: { readonly group: string; readonly tags: number; readonly manifests: number };
    }
  | { readonly is: 'tag-unknown'; readonly tag: string }
  /** A request that no state of the registry could accept. */
  | { readonly is: 'request-invalid'; readonly why: string; readonly code?: string }
  /** A body that is not JSON by its `Content-Type`. */
  | { readonly is: 'media-type-unsupported'; readonly given: string | null }
  | { readonly is: 'unsupported'; readonly why: string }
  /** The caller lacks credentials or rights. `why` is named as in RFC 6750; it is absent when no credentials came. */
  | {
      readonly is: 'unauthorized';
      readonly needed: readonly Access[];
      /** The part that the credentials do not hold; absent when there are no valid ones. */ readonly missing?: readonly Access[];
      readonly why?: 'invalid_token' | 'insufficient_scope';
      readonly challenge?: Challenge;
    }
  /** `detail`: for programs, what a gate refuses it for. */
  | { readonly is: 'denied'; readonly why: string; readonly detail?: Readonly<Record<string, unknown>> }
  | { readonly is: 'route-unknown'; readonly path: string; readonly hint?: string }
  /** A body that stops in the middle. */
  | { readonly is: 'too-slow'; readonly why: string }
  /** A host name that is not the registry's. */
  | { readonly is: 'misdirected'; readonly host: string }
  | { readonly is: 'contended'; readonly what: string }
  | { readonly is: 'too-many-requests'; readonly why: string; readonly retryAfterMs: number }
  /**
   * An object of the management API that does not exist, in words: `token "ci"`. `code` names the fault for programs,
   * as `tokenNotFound`; `hint` is the next step.
   */
  | { readonly is: 'thing-unknown'; readonly what: string; readonly code: `${string}NotFound`; readonly hint?: string }
  /** The state of the registry forbids the request. `code` names the reason for programs, as `tokenExists`. */
  | { readonly is: 'conflict'; readonly why: string; readonly code: string };

/** An error that features throw; it never wraps a failure of a store (that is `StoreFailure`). */
export class RegistryError extends Error {
  override readonly name = 'RegistryError';
  readonly fault: RegistryFault;

  constructor(fault: RegistryFault) {
    super(JSON.stringify(fault));
    this.fault = fault;
  }
}

/** Makes the error of the management API for an image that is not there. */
export function imageUnknown(repository: string, reference: string): RegistryError {
  return new RegistryError({
    is: 'thing-unknown',
    code: 'manifestNotFound',
    what: `image ${repository}${reference.includes(':') ? '@' : ':'}${reference}`,
    hint: `what was deleted is listed by GET /api/v1/bin?repository=${repository}`,
  });
}
