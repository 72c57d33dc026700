import { join } from 'node:path';
import { Failure } from '../failure.ts';
import type { World } from '../world.ts';
import { alone, folderOf, readSecret, writeSecret } from './folder.ts';

/** A name and a secret, as docker's credential helpers have it: with the name `<token>` the secret is a refresh token. */
export interface Login {
  readonly username: string;
  readonly secret: string;
}

interface Kept {
  /** The origin of the registry that was logged in to last. */
  readonly current?: string;
  /** By what docker calls the server: a host, or a URL. */
  readonly logins: Readonly<Record<string, Login>>;
  /** The origins that were logged in to, with the place of their secrets: this file, or a helper of docker's. */
  readonly registries: Readonly<Record<string, { readonly helper?: string }>>;
}

const nothing: Kept = { logins: {}, registries: {} };

/** The logins of this user. They lie in one file that only this user may read. */
export class Logins {
  readonly #world: World;
  readonly path: string;

  constructor(world: World) {
    this.#world = world;
    this.path = join(folderOf(world), 'logins.json');
  }

  async read(): Promise<Kept> {
    const text = await readSecret(this.#world, this.path);
    if (text === undefined || text.trim() === '') return nothing;
    const { keptSchema } = await import('./schemas.ts');
    const found = keptSchema.safeParse(jsonOf(text));
    if (!found.success) throw new Failure(`${this.path} cannot be read as logins: remove it, and log in again`);
    return found.data as Kept;
  }

  async find(server: string): Promise<Login | undefined> {
    const { logins } = await this.read();
    // A server called `constructor` must not find what every object has.
    const own = (key: string) => (Object.hasOwn(logins, key) ? logins[key] : undefined);
    const host = hostOf(server);
    return own(server) ?? own(host) ?? own(Object.keys(logins).find((key) => hostOf(key) === host) ?? '');
  }

  async keep(server: string, login: Login): Promise<void> {
    await this.#change((kept) => ({ ...kept, logins: { ...withoutServer(kept.logins, server), [server]: login } }));
  }

  /** Removes a login; returns whether there was one. */
  async remove(server: string): Promise<boolean> {
    let wasThere = false;
    await this.#change((kept) => {
      const logins = withoutServer(kept.logins, server);
      wasThere = Object.keys(logins).length < Object.keys(kept.logins).length;
      return { ...kept, logins };
    });
    return wasThere;
  }

  /** Remembers the registry that is spoken to when none is named. */
  async choose(origin: string, registry: { readonly helper?: string }): Promise<void> {
    await this.#change((kept) => ({
      ...kept,
      current: origin,
      registries: { ...kept.registries, [origin]: registry },
    }));
  }

  async forget(origin: string): Promise<void> {
    await this.#change(({ current, registries, ...kept }) => {
      const left = Object.fromEntries(Object.entries(registries).filter(([each]) => each !== origin));
      return { ...kept, registries: left, ...(current === undefined || current === origin ? {} : { current }) };
    });
  }

  async #change(change: (kept: Kept) => Kept): Promise<void> {
    await alone(this.#world, this.path, async () => {
      const before = await this.read();
      const after = change(before);
      if (after !== before) await writeSecret(this.path, `${JSON.stringify(after, undefined, 2)}\n`);
    });
  }
}

function withoutServer(logins: Kept['logins'], server: string): Kept['logins'] {
  return Object.fromEntries(Object.entries(logins).filter(([key]) => hostOf(key) !== hostOf(server)));
}

/** Returns the host and port of a server, however docker, podman or a person writes it. */
export function hostOf(server: string): string {
  return server
    .replace(/^[a-z][a-z0-9+.-]*:\/\//i, '')
    .replace(/\/.*$/s, '')
    .toLowerCase();
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
