const pattern = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9])?$/;

/**
 * Says whether a text can name a cluster or a tool that reports its images: 1 to 100 letters, digits, dots, dashes and
 * underscores.
 */
export function isInUseSource(text: string): boolean {
  return pattern.test(text);
}
