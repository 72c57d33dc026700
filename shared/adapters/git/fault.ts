/**
 * Thrown when the repository, or its content, cannot be used: no second try changes that. The message ends a sentence
 * that names the repository.
 */
export class GitFault extends Error {
  override readonly name = 'GitFault';
}
