/**
 * The repository, or what is in it, cannot be used: no second try changes that. Ends a sentence that names the
 * repository.
 */
export class GitFault extends Error {
  override readonly name = 'GitFault';
}
