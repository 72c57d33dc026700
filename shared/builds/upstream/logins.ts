import { readStored } from '../../state/stored.ts';
import type { BuildPorts } from '../ports.ts';
import type { Login } from './authorization.ts';
import { upstreamLoginRef, upstreamLoginSchema } from './documents.ts';
import type { UpstreamLogin } from './documents.ts';

/** What is asked of a login. */
export type LoginSettings = Pick<UpstreamLogin, 'username' | 'secret' | 'realm'>;

export async function putLogin({ documents, registry, clock }: BuildPorts, host: string, settings: LoginSettings): Promise<UpstreamLogin> {
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
  const secret = await secrets?.readSecret(found.secret);
  if (secret === undefined) return { why: `the vault has no secret "${found.secret}", or there is no vault (LONGSHORE_KEY_VAULT)` };
  return { username: found.username, password: secret.value, ...(found.realm === undefined ? {} : { realm: found.realm }) };
}
