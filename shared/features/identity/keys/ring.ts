import type { KeyObject } from 'node:crypto';
import { createPublicKey } from 'node:crypto';
import { writing } from '../../../core/documents/changes.ts';
import { untilUncontended } from '../../../core/documents/contention.ts';
import type { Stored } from '../../../core/documents/stored.ts';
import { readStored } from '../../../core/documents/stored.ts';
import { StoreFailure } from '../../../core/ports/failures.ts';
import type { IdentityPorts, IdentitySettings } from '../ports.ts';
import type { KeyRingDocument, RingKey } from './document.ts';
import { keyRingId, keyRingRef, keyRingSchema, makeRingKey, openPrivateKey } from './document.ts';
import { announceMs, isRotationDue, ringFreshMs, signerOf, withoutOver } from './rotation.ts';

export interface SigningKey {
  readonly kid: string;
  readonly key: KeyObject;
}

interface Signer extends SigningKey {
  readonly signsFrom: string;
}

/** The ring as one instance has read it. */
interface Loaded {
  readonly at: number;
  readonly stored: Stored<KeyRingDocument> | undefined;
  readonly publicKeys: ReadonlyMap<string, KeyObject>;
  /**
   * The keys that this instance can open, oldest first; they are opened when one is first to sign, for verifying needs
   * no vault.
   */
  signers?: Promise<readonly Signer[]>;
}

/** Says whether a key is to be added to the ring as it is stored. */
type Wanted = (loaded: Loaded) => boolean | Promise<boolean>;

/** A token may name any key: an unknown one is read from the store at most once in so many milliseconds. */
const unknownKeyMs = 1_000;

/** The keys that sign and verify a registry's tokens. They are kept in memory and read again every few minutes. */
export class KeyRing {
  readonly #ports: IdentityPorts;
  readonly #settings: IdentitySettings;
  #loaded: Loaded | undefined;
  /**
   * The private keys by kid. One that was opened once stays open while the ring has it, whatever the vault answers by
   * then.
   */
  readonly #opened = new Map<string, KeyObject>();
  /** The time at which an unknown key was last read, in milliseconds since 1970. */
  #soughtAt = 0;
  #loading: Promise<Loaded> | undefined;
  #rotating: Promise<void> | undefined;

  constructor(ports: IdentityPorts, settings: IdentitySettings) {
    this.#ports = ports;
    this.#settings = settings;
  }

  /** Returns the newest key that signs; the first instance makes it. Throws `StoreFailure`. */
  async signingKey(): Promise<SigningKey> {
    const loaded = await this.#fresh(ringFreshMs);
    const signers = await this.#signersOf(loaded);
    // One that should only sign in a moment may: the clock of the instance that made it is ahead.
    const signer = signerOf(signers, this.#ports.clock.now()) ?? signers[0];
    if (signer === undefined) {
      await this.#rotate(async (known) => (await this.#signersOf(known)).length === 0, 0);
      return this.signingKey();
    }
    if (isRotationDue(loaded.stored?.document.keys ?? [], this.#ports.clock.now())) await this.#rotateInTime();
    return signer;
  }

  /** Returns a key by its kid; `undefined` when the registry has no such key. Throws `StoreFailure`. */
  async verificationKey(kid: string): Promise<KeyObject | undefined> {
    const known = (await this.#fresh(ringFreshMs)).publicKeys.get(kid);
    const now = this.#ports.clock.now().getTime();
    if (known !== undefined || now - this.#soughtAt < unknownKeyMs) return known;
    this.#soughtAt = now;
    return (await this.#fresh(0)).publicKeys.get(kid);
  }

  /** Rotates if it is due. A rotation can wait for the next token: the present key still signs. */
  async #rotateInTime(): Promise<void> {
    const { clock, log } = this.#ports;
    try {
      await this.#rotate(({ stored }) => isRotationDue(stored?.document.keys ?? [], clock.now()), announceMs);
    } catch (error) {
      if (!(error instanceof StoreFailure)) throw error;
      log.warn({ err: error }, 'the signing key could not be rotated yet');
    }
  }

  /** Adds a key while `wanted` holds of the stored ring; several callers share one addition. */
  async #rotate(wanted: Wanted, waitMs: number): Promise<void> {
    this.#rotating ??= this.#addKey(wanted, waitMs).finally(() => (this.#rotating = undefined));
    return this.#rotating;
  }

  async #addKey(wanted: Wanted, waitMs: number): Promise<void> {
    const { registry } = this.#settings;
    const now = this.#ports.clock.now();
    const kid = this.#ports.ids.nextId();
    let key: RingKey | undefined;
    await untilUncontended('the key ring', async () => {
      const loaded = await this.#fresh(0);
      if (!(await wanted(loaded))) return true;
      key ??= await makeRingKey({
        registry,
        kid,
        createdAt: now,
        signsFrom: new Date(now.getTime() + waitMs),
        sealingKey: await this.#ports.sealing.current(),
      });
      return (await this.#write(loaded.stored, key)) ? true : undefined;
    });
    await this.#fresh(0);
  }

  async #write(stored: Stored<KeyRingDocument> | undefined, key: RingKey): Promise<boolean> {
    const { registry } = this.#settings;
    const keys = withoutOver([...(stored?.document.keys ?? []), key], this.#ports.clock.now());
    const document: KeyRingDocument = { id: keyRingId, type: 'key-ring', schemaVersion: 1, registry, keys };
    const change = writing(stored, document);
    const outcome = await this.#ports.documents.commitDocuments('registries', [registry], [change]);
    if (outcome.committed)
      this.#ports.log.info({ kid: key.kid, signsFrom: key.signsFrom }, 'a signing key was added to the ring');
    return outcome.committed;
  }

  /**
   * Returns the ring in memory if it is at most `maxAgeMs` old, else the stored one; concurrent callers share one read.
   */
  async #fresh(maxAgeMs: number): Promise<Loaded> {
    const loaded = this.#loaded;
    if (loaded !== undefined && maxAgeMs > 0 && this.#ports.clock.now().getTime() - loaded.at < maxAgeMs) return loaded;
    this.#loading ??= this.#load().finally(() => (this.#loading = undefined));
    return this.#loading;
  }

  async #load(): Promise<Loaded> {
    const at = this.#ports.clock.now().getTime();
    const stored = await readStored(this.#ports.documents, keyRingSchema, keyRingRef(this.#settings.registry));
    const publicKeys = new Map(
      (stored?.document.keys ?? []).map((key) => [
        key.kid,
        createPublicKey({ key: Buffer.from(key.publicKey, 'base64'), format: 'der', type: 'spki' }),
      ]),
    );
    this.#loaded = { at, stored, publicKeys };
    return this.#loaded;
  }

  #signersOf(loaded: Loaded): Promise<readonly Signer[]> {
    loaded.signers ??= this.#open(loaded.stored?.document.keys ?? []).catch((error: unknown) => {
      delete loaded.signers;
      throw error;
    });
    return loaded.signers;
  }

  /**
   * Opens keys. One whose seal is gone still verifies; it does not sign. One that cannot be opened now leaves signing
   * to the others, where there are any; without others it throws `StoreFailure`, lest a new key be made at every hiccup
   * of the vault.
   */
  async #open(keys: readonly RingKey[]): Promise<Signer[]> {
    for (const kid of this.#opened.keys()) if (!keys.some((key) => key.kid === kid)) this.#opened.delete(kid);
    const signers: Signer[] = [];
    let failure: StoreFailure | undefined;
    for (const ringKey of keys) {
      try {
        const key =
          this.#opened.get(ringKey.kid) ??
          (await openPrivateKey(ringKey, this.#settings.registry, this.#ports.sealing));
        if (key === undefined) continue;
        this.#opened.set(ringKey.kid, key);
        signers.push({ kid: ringKey.kid, key, signsFrom: ringKey.signsFrom });
      } catch (error) {
        if (!(error instanceof StoreFailure)) throw error;
        failure = error;
      }
    }
    if (failure !== undefined && signers.length === 0) throw failure;
    if (failure !== undefined)
      this.#ports.log.warn({ err: failure }, 'a signing key cannot be decrypted yet, so another one signs');
    return signers;
  }
}
