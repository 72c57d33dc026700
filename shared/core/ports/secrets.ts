/**
 * One version of a secret. `version` names this value for good: a later write is another version, and this one can
 * still be read.
 */
export interface Secret {
  readonly value: string;
  readonly version: string;
  /** The tags of that version, as its writer set them; absent if there are none. */
  readonly tags?: Readonly<Record<string, string>>;
}

export interface ReadSecret {
  /**
   * Reads the newest version of a secret, or the one that is named. Returns `undefined` if there is none, or it was
   * disabled: then it must not be used. `name` is 1 to 127 letters, digits and dashes; `TypeError` otherwise. Throws
   * `StoreFailure`, never "absent" for it.
   */
  readSecret(name: string, version?: string): Promise<Secret | undefined>;
}

interface WriteSecret {
  /**
   * Writes `value` (at most 25,000 bytes, `TypeError` otherwise) as the newest version and returns that version. Throws
   * `StoreFailure`.
   */
  writeSecret(name: string, value: string): Promise<string>;
}

export type Secrets = ReadSecret & WriteSecret;
