/**
 * The rule for the names that administrators give tokens, scope maps, trusted issuers, tasks and policies. Every name
 * that an earlier rule accepted is good by this one.
 */
export const namePattern = /^[a-zA-Z0-9][a-zA-Z0-9_-]{0,49}$/;
export const nameSyntax = 'must be 1 to 50 letters, digits, dashes and underscores, beginning with a letter or digit';
