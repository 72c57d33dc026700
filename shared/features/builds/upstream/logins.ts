import { defined } from '../../../core/documents/defined.ts';
import { readStored } from '../../../core/documents/stored.ts';
import { RegistryError } from '../../../core/oci/faults.ts';
import type { BuildPorts } from '../ports.ts';
import { faultOfSecretName } from '../user-secrets.ts';
import type { Login } from './authorization.ts';
import type { UpstreamLogin } from './documents.ts';
import { upstreamLoginRef, upstreamLoginSchema } from './documents.ts';

/** The settings of a login. */
export type LoginSettings = Pick<UpstreamLogin, 'username' | 'secret' | 'realm'>;

export async function readLogin({ documents, registry }: BuildPorts, host: string): Promise<UpstreamLogin | undefined> {
  return (await readStored(documents, upstreamLoginSchema, upstreamLoginRef(registry, host)))?.document;
}

/** Stores a login. Throws `RegistryError` (`request-invalid`) for a secret that is not for logins. */
export async function putLogin(
  { documents, registry, clock }: BuildPorts,
  host: string,
  settings: LoginSettings,
): Promise<UpstreamLogin> {
  const fault = settings.secret === undefined ? undefined : faultOfSecretName(settings.secret);
  if (fault !== undefined) throw new RegistryError({ is: 'request-invalid', why: fault });
  const ref = upstreamLoginRef(registry, host);
  const document: UpstreamLogin = {
    id: ref.id,
    type: 'upstream-login',
    schemaVersion: 1,
    registry,
    host,
    ...settings,
    updatedAt: clock.now().toISOString(),
  };
  await documents.commitDocuments(ref.container, ref.partition, [{ do: 'upsert', document: { ...document } }]);
  return document;
}

/** Deletes a login; `false` if there was none. */
export async function deleteLogin({ documents, registry }: BuildPorts, host: string): Promise<boolean> {
  const { container, partition, id } = upstreamLoginRef(registry, host);
  return (await documents.commitDocuments(container, partition, [{ do: 'delete', id }])).committed;
}

/** The credentials for a registry, and the token service that is allowed besides its usual one. */
export interface AskedAs {
  readonly login?: Login;
  readonly realm?: string;
}

/** Reads the credentials for a registry, or says why its password cannot be had. Throws `StoreFailure`. */
export async function askedAs(
  { secrets }: Pick<BuildPorts, 'secrets'>,
  upstream: UpstreamLogin | undefined,
): Promise<AskedAs | { readonly why: string }> {
  const realm = defined({ realm: upstream?.realm });
  if (upstream?.username === undefined || upstream.secret === undefined) return realm;
  const secret = await secrets.readUserSecret(upstream.secret, { host: upstream.host });
  if ('why' in secret) return secret;
  // The password is sent to the realm too: an author of logins must not choose that host alone.
  const atRealm =
    upstream.realm === undefined ? secret : await secrets.readUserSecret(upstream.secret, { host: upstream.realm });
  if ('why' in atRealm) return atRealm;
  return { login: { username: upstream.username, password: secret.value }, ...realm };
}
