import { randomUUID } from 'node:crypto';
import { defined } from '../../core/documents/defined.ts';
import type { Secret, Secrets } from '../../core/ports/secrets.ts';
import { requireSecretName, requireSecretValue } from '../secretrules.ts';
import type { CallPlan } from './calls.ts';

interface StoredSecret extends Secret {
  enabled: boolean;
}

/** The secrets of one vault, and what its administrators do there. */
export class SecretStore {
  readonly #versions = new Map<string, StoredSecret[]>();

  put(name: string, value: string, tags: Readonly<Record<string, string>> = {}): string {
    const version = randomUUID().replaceAll('-', '');
    this.#versions.set(name, [...this.#of(name), { value, version, tags, enabled: true }]);
    return version;
  }

  get(name: string, version?: string): Secret | undefined {
    const found = this.#find(name, version);
    if (found?.enabled !== true) return undefined;
    const { value, version: of, tags = {} } = found;
    return { value, version: of, ...defined({ tags: Object.keys(tags).length === 0 ? undefined : tags }) };
  }

  isDisabled(name: string, version?: string): boolean {
    return this.#find(name, version)?.enabled === false;
  }

  /** Disables a version, which nobody may use any more. */
  disable(name: string, version: string): void {
    for (const each of this.#of(name)) if (each.version === version) each.enabled = false;
  }

  #find(name: string, version: string | undefined): StoredSecret | undefined {
    return version === undefined ? this.#of(name).at(-1) : this.#of(name).find((each) => each.version === version);
  }

  #of(name: string): StoredSecret[] {
    return this.#versions.get(name) ?? [];
  }
}

export function memorySecrets(store: SecretStore, calls: CallPlan): Secrets {
  return {
    readSecret: (name, version) =>
      calls.make('secrets.read', { name, version }, () => {
        requireSecretName(name, version);
        return store.get(name, version);
      }),
    writeSecret: (name, value) =>
      calls.make('secrets.write', { name }, () => {
        requireSecretName(name);
        requireSecretValue(name, value);
        return store.put(name, value);
      }),
  };
}
