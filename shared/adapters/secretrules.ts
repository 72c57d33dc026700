/**
 * The syntax of https://learn.microsoft.com/azure/key-vault/general/about-keys-secrets-certificates#object-identifiers
 */
const namePattern = /^[0-9a-zA-Z-]{1,127}$/;
const versionPattern = /^[0-9a-zA-Z]{1,32}$/;
/** The limit of https://learn.microsoft.com/azure/key-vault/secrets/about-secrets : 25k bytes. */
const maxValueBytes = 25_000;

/** Checks a name and a version, which become parts of a path. Throws `TypeError`, without the value of anything. */
export function requireSecretName(name: string, version?: string): void {
  if (!namePattern.test(name)) throw new TypeError("a secret's name is 1 to 127 letters, digits and dashes");
  if (version !== undefined && !versionPattern.test(version))
    throw new TypeError(`a version of the secret ${name} is 1 to 32 letters and digits`);
}

/** Checks the size of a value. Throws `TypeError`. */
export function requireSecretValue(name: string, value: string): void {
  const bytes = Buffer.byteLength(value);
  if (bytes > maxValueBytes)
    throw new TypeError(`the secret ${name} would have ${bytes} bytes: at most ${maxValueBytes} are allowed`);
}
