import type { TokenCredential } from '@azure/identity';
import type { KeyVaultSecret, SecretClientOptions } from '@azure/keyvault-secrets';
import { SecretClient } from '@azure/keyvault-secrets';
import { defined } from '../../core/documents/defined.ts';
import { StoreFailure } from '../../core/ports/failures.ts';
import type { ProbeDependency } from '../../core/ports/probe.ts';
import type { Secret, Secrets } from '../../core/ports/secrets.ts';
import { requireSecretName, requireSecretValue } from '../secretrules.ts';
import { reach } from './reach.ts';
import { storageAnswer } from './storagefailures.ts';

export interface SecretsSettings {
  /** The URL `https://NAME.vault.azure.net`, or the vault's name in another cloud. */
  readonly vault: string;
  readonly credential: TokenCredential;
  /** The client that tests send the vault's requests through. */
  readonly httpClient?: NonNullable<SecretClientOptions['httpClient']>;
}

/** One call of the SDK may take so many milliseconds, retries and the token included. */
const callMs = 15_000;
const retryOptions = { maxRetries: 2, retryDelayInMs: 200, maxRetryDelayInMs: 2_000 };

/**
 * Reads and writes the secrets of one Key Vault. The SDK asks for a token only when the vault's challenge names the
 * vault's own domain: a server that took its name gets no token for something else.
 */
export function azureSecrets({ vault, credential, httpClient }: SecretsSettings): Secrets & ProbeDependency {
  const client = new SecretClient(vault, credential, {
    retryOptions,
    ...defined({ httpClient }),
  });
  const read = async (name: string, version?: string): Promise<KeyVaultSecret | undefined> => {
    try {
      return await client.getSecret(name, {
        ...defined({ version }),
        abortSignal: AbortSignal.timeout(callMs),
      });
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw secretsFailure(`read of ${name}`, error);
    }
  };
  return {
    async readSecret(name, version) {
      requireSecretName(name, version);
      const found = await read(name, version);
      return found === undefined ? undefined : { value: valueOf(found), version: versionOf(found), ...tagsOf(found) };
    },
    async writeSecret(name, value) {
      requireSecretName(name);
      requireSecretValue(name, value);
      const written = await client
        .setSecret(name, value, { abortSignal: AbortSignal.timeout(callMs) })
        .catch((error: unknown) => {
          throw secretsFailure(`write of ${name}`, error);
        });
      return versionOf(written);
    },
    dependency: 'secrets',
    probe: () => reach('secrets', vault),
  };
}

/**
 * An error that the SDK makes of a vault's answer
 * (https://learn.microsoft.com/rest/api/keyvault/secrets/get-secret/get-secret).
 */
interface VaultError {
  readonly code?: string;
  readonly details?: { readonly error?: { readonly innerError?: { readonly code?: string } } };
}

/**
 * Says whether a secret is absent. A 404 alone does not prove it: a wrong host answers it too. A disabled version
 * exists, and must not be used.
 */
function isAbsent(error: unknown): boolean {
  const { status } = storageAnswer(error);
  const { code, details } = error as VaultError;
  return (
    (status === 404 && code === 'SecretNotFound') ||
    (status === 403 && details?.error?.innerError?.code === 'SecretDisabled')
  );
}

/**
 * Makes the error of a failed call. The SDK's cause is left out: it holds the request, and with it a token and the
 * secret to be written.
 */
function secretsFailure(call: string, error: unknown): StoreFailure | TypeError {
  const { status, retryAfterMs } = storageAnswer(error);
  const { code, name } = error as VaultError & Error;
  const message = `${call}: ${String(status ?? 'no answer')} ${code ?? name}`;
  if (status === 400 || status === 413) return new TypeError(message);
  return new StoreFailure({
    dependency: 'secrets',
    kind: status === 429 || status === 503 ? 'throttled' : 'unavailable',
    message,
    ...defined({ retryAfterMs }),
  });
}

function valueOf({ name, value }: KeyVaultSecret): string {
  if (value === undefined)
    throw new StoreFailure({
      dependency: 'secrets',
      kind: 'unavailable',
      message: `read of ${name}: an answer without a value`,
    });
  return value;
}

function tagsOf({ properties: { tags } }: KeyVaultSecret): Pick<Secret, 'tags'> {
  return defined({ tags: tags === undefined || Object.keys(tags).length === 0 ? undefined : tags });
}

function versionOf({ name, properties: { version } }: KeyVaultSecret): string {
  if (version === undefined)
    throw new StoreFailure({
      dependency: 'secrets',
      kind: 'unavailable',
      message: `${name}: an answer without a version`,
    });
  return version;
}
