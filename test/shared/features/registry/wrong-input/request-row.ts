/** A request that is wrong, and the answer that it must get. */
export interface WrongRequest {
  readonly why: string;
  readonly method: string;
  readonly path: string;
  readonly body?: string | Uint8Array | ReadableStream<Uint8Array>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly status: number;
  readonly code: string;
  /** Headers of the answer. */
  readonly answers?: Readonly<Record<string, string>>;
}

/** The content that the requests are about: a repository that holds one image. */
export interface Ground {
  readonly repository: string;
  readonly blob: { readonly digest: string; readonly size: number };
  readonly manifest: { readonly digest: string; readonly bytes: Uint8Array };
  /** An upload that has received the bytes 0 to 9. */
  readonly upload: string;
  /** Upload URLs that must not be taken, by what is wrong with them. */
  readonly badUploads: Readonly<Record<string, string>>;
}

export const absent = `sha256:${'0'.repeat(64)}`;
