const minute = 60_000;
const hour = 60 * minute;

/** How long tokens hold. In milliseconds. */
export const lifetimes = {
  /**
   * ACR's live 75 minutes. A right that is taken away lives on in access tokens that are out, so ours are short;
   * clients fetch the next one by themselves, and a request that has begun goes on.
   */
  access: 15 * minute,
  /** ACR's: what `az acr login` gives docker. */
  refresh: 3 * hour,
  /**
   * What `docker login` keeps instead of a password: docker cannot renew it, so three hours would end every login of a
   * machine. Each use of it looks whether the password that it was got with still holds.
   */
  offline: 90 * 24 * hour,
  longest: 90 * 24 * hour,
} as const;
