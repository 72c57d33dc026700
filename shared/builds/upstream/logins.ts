import { RegistryError } from '../../oci/faults.ts';
import { readStored } from '../../state/stored.ts';
import type { BuildPorts } from '../ports.ts';
import { faultOfSecretName } from '../user-secrets.ts';
import type { Login } from './authorization.ts';
import { upstreamLoginRef, upstreamLoginSchema } from './documents.ts';
import type { UpstreamLogin } from './documents.ts';

/** What is asked of a login. */
export type LoginSettings = Pick<UpstreamLogin, 'username' | 'secret' | 'realm'>;

/** Throws `RegistryError` (`request-invalid`) for a secret that is not for logins. */
export async function putLogin({ documents, registry, clock }: BuildPorts, host: string, settings: LoginSettings): Promise<UpstreamLogin> {
  const fault = faultOfSecretName(settings.secret);
  if (fault !== undefined) throw new RegistryError({ is: 'request-invalid', why: fault });
  const ref = upstreamLoginRef(registry, host);
  const document: UpstreamLogin = { id: ref.id, type: 'upstream-login', schemaVersion: 1, registry, host, ...settings, updatedAt: clock.now().toISOString() };
  await documents.commitDocuments(ref.container, ref.partition, [{ do: 'upsert', document: { ...document } }]);
  return document;
}

/** `false` when there was none. */
export async function deleteLogin({ documents, registry }: BuildPorts, host: string): Promise<boolean> {
  const { container, partition, id } = upstreamLoginRef(registry, host);
  return (await documents.commitDocuments(container, partition, [{ do: 'delete', id }])).committed;
}

/** `undefined` for a registry that is asked by nobody in particular; or why its password cannot be had. Throws `StoreFailure`. */
export async function loginAt({ documents, registry, secrets }: BuildPorts, host: string): Promise<Login | { readonly why: string } | undefined> {
  const found = (await readStored(documents, upstreamLoginSchema, upstreamLoginRef(registry, host)))?.document;
  if (found === undefined) return undefined;
  const secret = await secrets.readUserSecret(found.secret, { host });
  if ('why' in secret) return secret;
  // The password is shown to the realm too: whoever may write logins must not choose that host alone.
  const atRealm = found.realm === undefined ? secret : await secrets.readUserSecret(found.secret, { host: found.realm });
  if ('why' in atRealm) return atRealm;
  return { username: found.username, password: secret.value, ...(found.realm === undefined ? {} : { realm: found.realm }) };
}
