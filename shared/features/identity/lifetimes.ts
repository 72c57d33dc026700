const minute = 60_000;
const hour = 60 * minute;

/** The lifetimes of tokens in milliseconds. */
export const lifetimes = {
  /**
   * The lifetime of access tokens; ACR's live 75 minutes. A right that is removed lives on in access tokens that are
   * out, so ours are short; clients fetch the next one by themselves, and a request that has begun goes on.
   */
  access: 15 * minute,
  /** The lifetime of ACR's refresh tokens, which `az acr login` gives docker. */
  refresh: 3 * hour,
  /**
   * The lifetime of the refresh token that `docker login` keeps instead of a password: docker cannot renew it, so three
   * hours would end every login of a machine. Each use of it checks whether the password that it was issued for still
   * holds.
   */
  offline: 90 * 24 * hour,
  longest: 90 * 24 * hour,
} as const;
