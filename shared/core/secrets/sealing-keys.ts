import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { StoreFailure } from '../ports/failures.ts';
import type { ReadSecret, Secret } from '../ports/secrets.ts';

/** A key of at least 32 bytes. Its `id` is kept beside what it seals. */
export interface SealingKey {
  readonly id: string;
  readonly bytes: Uint8Array;
}

/** The keys that seal secrets which lie in documents. */
export interface SealingKeys {
  /** Says whether any key is configured, or a vault that has one. */
  readonly configured: boolean;
  /** Returns the key that seals from now on. Throws `StoreFailure`: nothing is ever kept unsealed instead. */
  current(): Promise<SealingKey>;
  /**
   * Returns the key that sealed something; without an id, the one that sealed before keys had names. Returns
   * `undefined` when the key is gone. Throws `StoreFailure`.
   */
  find(id: string | undefined): Promise<SealingKey | undefined>;
}

export interface SealingSettings {
  /** The key of the configuration. It still opens what it sealed where a vault seals by now. */
  readonly key?: Uint8Array;
  /**
   * The name of the vault's secret, 32 bytes or more in base64, of which each version is a key of its own. It wins over
   * `key`.
   */
  readonly secret?: string;
}

/** So many versions of a secret are kept in memory. Each is read once: its value never changes. */
const keptVersions = 100;

/**
 * Chooses the sealing key: with a vault, its secret's newest version seals; else the configured key does; with neither,
 * nothing can be sealed.
 */
export function sealingKeys(secrets: ReadSecret | undefined, { key, secret }: SealingSettings): SealingKeys {
  const configured = key === undefined ? undefined : { id: `${configuredPrefix}${fingerprint(key)}`, bytes: key };
  const vault = secrets === undefined || secret === undefined ? undefined : new VaultKeys(secrets, secret);
  return {
    configured: (vault ?? configured) !== undefined,
    async current() {
      if (vault !== undefined) return vault.current();
      if (configured === undefined)
        throw unusable('there is no sealing key: set LONGSHORE_SECRET_KEY or LONGSHORE_KEY_VAULT');
      return configured;
    },
    async find(id) {
      if (id === undefined || id === configured?.id) return configured;
      return id.startsWith(vaultPrefix) ? vault?.find(id) : undefined;
    },
  };
}

const configuredPrefix = 'configured:';
const vaultPrefix = 'vault:';

class VaultKeys {
  readonly #secrets: ReadSecret;
  readonly #name: string;
  readonly #known = new LRUCache<string, SealingKey>({ max: keptVersions });

  constructor(secrets: ReadSecret, name: string) {
    this.#secrets = secrets;
    this.#name = name;
  }

  async current(): Promise<SealingKey> {
    const newest = await this.#secrets.readSecret(this.#name);
    if (newest === undefined)
      throw unusable(
        `the vault has no secret ${this.#name}, or its newest version is disabled: create one with 32 ` +
          'bytes or more in base64',
      );
    return this.#keep(newest);
  }

  async find(id: string): Promise<SealingKey | undefined> {
    const known = this.#known.get(id);
    if (known !== undefined) return known;
    const found = await this.#secrets.readSecret(this.#name, id.slice(vaultPrefix.length));
    return found === undefined ? undefined : this.#keep(found);
  }

  #keep({ value, version }: Secret): SealingKey {
    const bytes = Buffer.from(value, 'base64');
    if (bytes.length < 32)
      throw unusable(
        `the secret ${this.#name} has fewer than 32 bytes in base64: make one with "openssl rand -base64 32"`,
      );
    const key = { id: `${vaultPrefix}${version}`, bytes };
    this.#known.set(key.id, key);
    return key;
  }
}

/** Names a key so that keys can be told apart, and gives nothing of it away. */
function fingerprint(key: Uint8Array): string {
  return createHash('sha256').update("longshore: a key's name").update(key).digest('base64url').slice(0, 16);
}

function unusable(message: string): StoreFailure {
  return new StoreFailure({ dependency: 'secrets', kind: 'unavailable', message });
}
