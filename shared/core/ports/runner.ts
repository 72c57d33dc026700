import type { Digest } from '../oci/digest.ts';

/** A user and a password at a host of this registry. */
export interface JobLogin {
  readonly host: string;
  readonly user: string;
  readonly password: string;
}

/** The logins of a job at registries; it has no others. */
export interface RegistryAccess {
  /** The logins at this registry: they grant what the job needs and nothing else. */
  readonly logins: readonly JobLogin[];
  /**
   * The hosts, folders and repositories of other registries for which the builder's own logins there may be used:
   * `ghcr.io/team`.
   */
  readonly abroad: readonly string[];
}

/** The job that a runner gets. */
export interface BuildJob {
  /** The same id for every attempt: letters, digits and dashes. */
  readonly id: string;
  /** A tar archive, compressed by gzip or not. */
  readonly context: ReadableStream<Uint8Array>;
  /** The secrets by their ids: the builder gets them as files, and nobody else gets them. */
  readonly secrets: Readonly<Record<string, string>>;
  /** The annotations of the image. */
  readonly annotations: Readonly<Record<string, string>>;
  /** The Dockerfile's path in the context. */
  readonly dockerfile: string;
  /** The digests in the Dockerfile, and those that replace them while it is built. */
  readonly pins: Readonly<Record<Digest, Digest>>;
  readonly target?: string | undefined;
  readonly arguments: Readonly<Record<string, string>>;
  /** The platform, as `os/architecture`. */
  readonly platform: string;
  /** Registries on this machine, which need no TLS. */
  readonly plainHosts: readonly string[];
  /** The operator's names of this registry: a build may reach it there, wherever they lead. */
  readonly ownHosts: readonly string[];
  /** The logins; if absent, the job has no login anywhere. */
  readonly access?: RegistryAccess;
  readonly timeoutMs: number;
}

/** An image as the runner holds it, until it is discarded. */
export interface BuiltImage {
  /** The manifest, of OCI's manifest type. */
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
   * Builds an image. `log` gets what the builder prints, as it comes. A fault of the build is returned as `failed` with
   * its reason, and so is a build that exceeds its time. Throws if the runner itself does not work. When aborted, it
   * ends at once and throws.
   */
  build(
    job: BuildJob,
    log: (text: string) => void,
    signal: AbortSignal,
  ): Promise<{ readonly is: 'built'; readonly image: BuiltImage } | { readonly is: 'failed'; readonly why: string }>;
  /** Pulls an image of a registry, for a test in it. */
  pull(
    reference: string,
    hosts: Pick<BuildJob, 'plainHosts' | 'ownHosts' | 'access'>,
    log: (text: string) => void,
    signal: AbortSignal,
  ): Promise<BuiltImage>;
}
