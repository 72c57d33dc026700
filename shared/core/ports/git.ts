/** A repository that git's smart HTTP protocol serves. */
export interface GitRepository {
  /** https, without user and password. */
  readonly url: string;
  /** What it wants to be asked with; absent where it is public. */
  readonly credential?: GitCredential | undefined;
}

export interface GitCredential {
  readonly username: string;
  readonly password: string;
}

/** What is wrong with the repository, the reference or the tree, as a sentence for who named it. */
export interface GitRefused {
  readonly is: 'refused';
  readonly why: string;
}

export interface Git {
  /**
   * The commit that a branch, a tag or `HEAD` names now; a commit in full is itself. Throws `StoreFailure` (`git`) when
   * nothing usable is answered: then it may be asked again.
   */
  resolveRef(
    repository: GitRepository,
    ref: string,
  ): Promise<{ readonly is: 'at'; readonly commit: string } | GitRefused>;
  /**
   * The files of a commit below a folder, as a tar archive with that folder as its root: the same bytes for the same
   * commit. Symbolic links stay links; submodules are empty folders. Bounded in bytes, files and time. Throws as
   * `resolveRef`, also while the archive is read.
   */
  archiveOf(
    repository: GitRepository,
    commit: string,
    folder: string,
  ): Promise<{ readonly is: 'archive'; readonly tar: ReadableStream<Uint8Array> } | GitRefused>;
}
