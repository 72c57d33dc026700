import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { StoreFailure } from '../ports/failures.ts';
import type { ReadSecret, Secret } from '../ports/secrets.ts';

/** At least 32 bytes. `id` is kept beside what it seals. */
export interface SealingKey {
  readonly id: string;
  readonly bytes: Uint8Array;
}

/** The keys that seal secrets which lie in documents. */
export interface SealingKeys {
  /** Whether any key is configured, or a vault that has one. */
  readonly configured: boolean;
  /** What seals from now on. Throws `StoreFailure`: nothing is ever kept unsealed instead. */
  current(): Promise<SealingKey>;
  /**
   * The key that sealed something; without an id, from before keys had names. `undefined` when it is gone. Throws
   * `StoreFailure`.
   */
  find(id: string | undefined): Promise<SealingKey | undefined>;
}

export interface SealingSettings {
  /** From the configuration. What it sealed stays open to it also where a vault seals by now. */
  readonly key?: Uint8Array;
  /** The name of the vault's secret, 32 bytes or more in base64, each version a key of its own. It wins over `key`. */
  readonly secret?: string;
}

/** Each version is read once: its value never changes. */
const keptVersions = 100;

/**
 * With a vault, its secret's newest version seals; else the configured key does; with neither, nothing can be sealed.
 */
export function sealingKeys(secrets: ReadSecret | undefined, { key, secret }: SealingSettings): SealingKeys {
  const configured = key === undefined ? undefined : { id: `${configuredPrefix}${fingerprint(key)}`, bytes: key };
  const vault = secrets === undefined || secret === undefined ? undefined : new VaultKeys(secrets, secret);
  return {
    configured: (vault ?? configured) !== undefined,
    async current() {
      if (vault !== undefined) return vault.current();
      if (configured === undefined) throw unusable('there is no key to seal with: none is configured, nor a vault');
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
      throw unusable(`the vault has no secret ${this.#name}, or its newest version is disabled`);
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

/** Tells keys apart, and gives nothing of one away. */
function fingerprint(key: Uint8Array): string {
  return createHash('sha256').update("longshore: a key's name").update(key).digest('base64url').slice(0, 16);
}

function unusable(message: string): StoreFailure {
  return new StoreFailure({ dependency: 'secrets', kind: 'unavailable', message });
}
