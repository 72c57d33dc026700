import { Cached } from '../../../core/documents/cached.ts';
import type { Clock } from '../../../core/ports/clock.ts';
import type { SealedPlace } from '../../../core/secrets/sealed.ts';
import { open, seal, sealedSchema } from '../../../core/secrets/sealed.ts';
import type { SealingKey, SealingKeys } from '../../../core/secrets/sealing-keys.ts';

/** A new version of the vault's secret seals after at most so many milliseconds. */
const freshMs = 60_000;
/** A cookie that names an unknown key has the vault asked for its newest one at most once in so many milliseconds. */
const rereadMs = 5_000;
/** So many keys, the newest, open cookies: sessions are over before two more versions are made. */
const keptKeys = 3;

/**
 * Seals and opens the values of cookies. A cookie comes from anybody, so it must not choose what the vault is asked for:
 * only keys that have sealed lately, as this instance knows them, open anything.
 */
export class CookieKeys {
  readonly #keys: SealingKeys;
  readonly #clock: Clock;
  readonly #current: Cached<SealingKey>;
  readonly #known = new Map<string, SealingKey>();
  #readAt = -Infinity;
  /** The look for the newest key that was begun last. */
  #look: Promise<unknown> = Promise.resolve();

  constructor(keys: SealingKeys, clock: Clock) {
    this.#keys = keys;
    this.#clock = clock;
    this.#current = new Cached({ clock, freshMs });
  }

  /** Seals a value for a cookie. Throws `StoreFailure`. */
  async seal(value: object, place: SealedPlace): Promise<string> {
    const sealed = seal(Buffer.from(JSON.stringify(value)), await this.#newest(), place);
    const id = Buffer.from(sealed.key ?? '').toString('base64url');
    return [id, ...[sealed.iv, sealed.tag, sealed.bytes].map(toUrl)].join('.');
  }

  /**
   * Opens the value of a cookie; `undefined` when it was made up, changed, sealed for something else or by a key that is
   * gone. Throws `StoreFailure`.
   */
  async open(cookie: string, place: SealedPlace): Promise<unknown> {
    const [id = '', iv = '', tag = '', bytes = '', ...more] = cookie.split('.');
    const sealed = sealedSchema.safeParse({ iv: fromUrl(iv), tag: fromUrl(tag), bytes: fromUrl(bytes) });
    if (more.length > 0 || !sealed.success) return undefined;
    const key = await this.#find(Buffer.from(id, 'base64url').toString());
    if (key === undefined) return undefined;
    const opened = await open(sealed.data, { find: () => Promise.resolve(key) }, place);
    return opened === undefined ? undefined : JSON.parse(Buffer.from(opened).toString());
  }

  async #newest(): Promise<SealingKey> {
    const key = await this.#current.get('current', () => this.#keys.current());
    this.#known.delete(key.id);
    this.#known.set(key.id, key);
    const [oldest] = this.#known.keys();
    if (this.#known.size > keptKeys && oldest !== undefined) this.#known.delete(oldest);
    return key;
  }

  async #find(id: string): Promise<SealingKey | undefined> {
    if (!this.#known.has(id)) {
      const now = this.#clock.now().getTime();
      if (now - this.#readAt >= rereadMs) {
        this.#readAt = now;
        this.#current.forget();
        this.#look = this.#newest();
      }
      // Every request meanwhile waits for this look, and fails with it: a key that could not be read is not absent.
      await this.#look;
    }
    return this.#known.get(id);
  }
}

function toUrl(base64: string): string {
  return Buffer.from(base64, 'base64').toString('base64url');
}

function fromUrl(base64url: string): string {
  return Buffer.from(base64url, 'base64url').toString('base64');
}
