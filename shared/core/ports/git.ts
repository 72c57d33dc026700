/** A repository that git's smart HTTP protocol serves. */
export interface GitRepository {
  /** An https URL, without user and password. */
  readonly url: string;
  /** The credential that the host needs; absent where the repository is public. */
  readonly credential?: GitCredential | undefined;
}

export interface GitCredential {
  readonly username: string;
  readonly password: string;
}

/** A refusal of the repository, the reference or the tree; `why` is a sentence for the one who named it. */
export interface GitRefused {
  readonly is: 'refused';
  readonly why: string;
}

export interface Git {
  /**
   * Resolves a branch, a tag or `HEAD` to the commit that it names now; a commit in full is itself. Throws
   * `StoreFailure` (`git`) if nothing usable is answered: then the call may be repeated.
   */
  resolveRef(
    repository: GitRepository,
    ref: string,
  ): Promise<{ readonly is: 'at'; readonly commit: string } | GitRefused>;
  /**
   * Reads the files of a commit below a folder, as a tar archive with that folder as its root: the same bytes for the
   * same commit. Symbolic links stay links; submodules are empty folders. Bounded in bytes, files and time. Throws as
   * `resolveRef`, also while the archive is read.
   */
  archiveOf(
    repository: GitRepository,
    commit: string,
    folder: string,
  ): Promise<{ readonly is: 'archive'; readonly tar: ReadableStream<Uint8Array> } | GitRefused>;
}
