import type { Digest } from '../oci/digest.ts';

/** A user and a password at a host of this registry. */
export interface JobLogin {
  readonly host: string;
  readonly user: string;
  readonly password: string;
}

/** As whom a job meets registries: with no other login than these. */
export interface RegistryAccess {
  /** For this registry: they open what the job needs and nothing else. */
  readonly logins: readonly JobLogin[];
  /**
   * Hosts, folders and repositories of other registries for which the builder's own logins there may be used:
   * `ghcr.io/team`.
   */
  readonly abroad: readonly string[];
}

/** What is to be built. */
export interface BuildJob {
  /** The same for every attempt: letters, digits and dashes. */
  readonly id: string;
  /** A tar archive, compressed by gzip or not. */
  readonly context: ReadableStream<Uint8Array>;
  /** By their ids: given to the builder as files, and nowhere else. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Of the image. */
  readonly annotations: Readonly<Record<string, string>>;
  /** Its path in the context. */
  readonly dockerfile: string;
  /** Digests in it, and what stands in their place while it is built. */
  readonly pins: Readonly<Record<Digest, Digest>>;
  readonly target?: string | undefined;
  readonly arguments: Readonly<Record<string, string>>;
  /** `os/architecture`. */
  readonly platform: string;
  /** Registries on this machine, which need no TLS. */
  readonly plainHosts: readonly string[];
  /** What the operator calls this registry: a build may ask it, wherever it is. */
  readonly ownHosts: readonly string[];
  /** Absent, it has no login anywhere. */
  readonly access?: RegistryAccess;
  readonly timeoutMs: number;
}

/** An image as the runner holds it, until it is discarded. */
export interface BuiltImage {
  /** Of OCI's manifest type. */
  readonly manifest: Uint8Array;
  openBlob(digest: Digest): ReadableStream<Uint8Array>;
  /** Runs a command in a container of the image. */
  test(command: readonly string[], timeoutMs: number): Promise<RunOutcome>;
  discard(): Promise<void>;
}

export type RunOutcome = { readonly is: 'passed' } | { readonly is: 'failed'; readonly why: string };

export interface Runner {
  readonly name: string;
  /**
   * Builds an image. `log` gets what the builder prints, as it comes. What is wrong with the build is `failed`, and
   * why; `failed` too when it takes longer than it may. Throws when the runner itself does not work. Aborted, it ends
   * at once and throws.
   */
  build(
    job: BuildJob,
    log: (text: string) => void,
    signal: AbortSignal,
  ): Promise<{ readonly is: 'built'; readonly image: BuiltImage } | { readonly is: 'failed'; readonly why: string }>;
  /** An image of a registry, for a test in it. */
  pull(
    reference: string,
    hosts: Pick<BuildJob, 'plainHosts' | 'ownHosts' | 'access'>,
    log: (text: string) => void,
    signal: AbortSignal,
  ): Promise<BuiltImage>;
}
