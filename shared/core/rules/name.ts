/**
 * The names that administrators give tokens, scope maps, trusted issuers, tasks and policies: one rule for all, in which
 * every name is good that an earlier rule let in.
 */
export const namePattern = /^[a-zA-Z0-9][a-zA-Z0-9_-]{0,49}$/;
export const nameSyntax = 'must be 1 to 50 letters, digits, dashes and underscores, beginning with a letter or digit';
