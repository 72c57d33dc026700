import type { Access } from '../ports/authorize.ts';
import type { Digest } from './digest.ts';

/** What can be wrong with a request, in the domain's words. `shared/http/respond.ts` alone maps it to the wire. */
export type RegistryFault =
  | { readonly is: 'blob-unknown'; readonly digest: Digest }
  | { readonly is: 'upload-unknown'; readonly why: string }
  | { readonly is: 'upload-invalid'; readonly why: string }
  | { readonly is: 'range-invalid'; readonly why: string; /** Bytes received so far, and where to go on. */ readonly received?: number; readonly location?: string }
  /** A `Range` that names no byte of content that has `size` bytes. */
  | { readonly is: 'range-unsatisfiable'; readonly size: number }
  /** A body that is not as long as its headers say. */
  | { readonly is: 'length-mismatch'; readonly why: string }
  | { readonly is: 'digest-invalid'; readonly why: string }
  | { readonly is: 'manifest-blobs-unknown'; readonly missing: readonly { readonly digest: Digest; readonly mediaType: string }[] }
  | { readonly is: 'manifest-invalid'; readonly why: string }
  | { readonly is: 'manifest-unknown'; readonly reference: string }
  | { readonly is: 'name-invalid'; readonly name: string }
  | { readonly is: 'name-unknown'; readonly name: string }
  | { readonly is: 'tag-invalid'; readonly tag: string }
  | { readonly is: 'too-many-tags'; readonly limit: number }
  | { readonly is: 'too-large'; readonly what: string; readonly limit: number }
  | { readonly is: 'page-size-invalid'; readonly given: string }
  | { readonly is: 'method-not-allowed'; readonly allow: readonly string[] }
  /** An attribute of a repository, manifest or tag forbids it. */
  | { readonly is: 'disallowed'; readonly what: string; readonly attribute: string }
  | { readonly is: 'tag-unknown'; readonly tag: string }
  | { readonly is: 'request-invalid'; readonly why: string }
  | { readonly is: 'unsupported'; readonly why: string }
  /** `why` as RFC 6750 names it; absent when no credentials came. */
  | { readonly is: 'unauthorized'; readonly needed: readonly Access[]; readonly why?: 'invalid_token' | 'insufficient_scope' }
  | { readonly is: 'denied'; readonly why: string }
  | { readonly is: 'route-unknown'; readonly path: string }
  | { readonly is: 'contended'; readonly what: string };

/** Thrown by features; never wraps a failure of a store (that is `StoreFailure`). */
export class RegistryError extends Error {
  override readonly name = 'RegistryError';
  readonly fault: RegistryFault;

  constructor(fault: RegistryFault) {
    super(JSON.stringify(fault));
    this.fault = fault;
  }
}
