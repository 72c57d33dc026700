import type { RegistryName } from '../../core/oci/name.ts';
import type { ReadSecret, Secret } from '../../core/ports/secrets.ts';

/**
 * The prefix of secrets in the vault that tasks and logins may name. An author of tasks chooses the name and where the
 * value is sent: without a prefix of their own such an author could have the product's secrets sent to himself, or
 * those of others that share the vault.
 */
export const userSecretPrefix = 'longshore-user-';

/**
 * Tags of a secret in the vault. The one who stores the secret there says by them where it may be sent; the management
 * API cannot change them.
 */
const userSecretTags = { hosts: 'longshore-hosts', builds: 'longshore-builds' } as const;
/** The tag that lists the registries of the deployment that a secret is for. */
const registriesTag = 'longshore-registries';

/** The use of a secret: it is sent to a host that is called with it, or into the build of a task. */
type SecretUse = { readonly host: string } | { readonly buildOf: string };

export interface ReadUserSecret {
  /** Reads the value; or says why it may not be had. Throws `StoreFailure`. */
  readUserSecret(name: string, use: SecretUse): Promise<{ readonly value: string } | { readonly why: string }>;
}

/**
 * Says in a sentence what is wrong with a name; `undefined` if users may name it. Names in a vault are
 * case-insensitive, so no other spelling of a secret gets through either.
 */
export function faultOfSecretName(name: string): string | undefined {
  return name.startsWith(userSecretPrefix)
    ? undefined
    : `the secret "${name}" is not for tasks and logins: the names of such secrets begin with ${userSecretPrefix}`;
}

/** Makes all that the builds can read of the vault: the secrets of users, each for the uses that its tags allow. */
export function userSecrets(vault: ReadSecret | undefined): ReadUserSecret {
  return {
    async readUserSecret(name, use) {
      const fault = faultOfSecretName(name);
      if (fault !== undefined) return { why: fault };
      const secret = await vault?.readSecret(name);
      if (secret === undefined)
        return {
          why:
            `the vault has no secret "${name}", or there is no vault (LONGSHORE_KEY_VAULT); in a deployment of several ` +
            `registries its tag ${registriesTag} must list this one`,
        };
      const refusal = refusalOf(name, secret.tags ?? {}, use);
      return refusal === undefined ? { value: secret.value } : { why: refusal };
    },
  };
}

/**
 * A secret of the vault as a registry sees it that is one of several: who may write tasks in one must not have what was
 * put there for another, so the secret itself says which it is for.
 */
export function forRegistry(registry: RegistryName, name: string, secret: Secret | undefined): Secret | undefined {
  if (!name.startsWith(userSecretPrefix)) return secret;
  const tags = secret?.tags ?? {};
  const listed = namesIn(Object.hasOwn(tags, registriesTag) ? tags[registriesTag] : undefined);
  return listed.includes(registry) ? secret : undefined;
}

function refusalOf(name: string, tags: Readonly<Record<string, string>>, use: SecretUse): string | undefined {
  const [tag, wanted] =
    'host' in use
      ? ([userSecretTags.hosts, use.host.toLowerCase()] as const)
      : ([userSecretTags.builds, use.buildOf] as const);
  const listed = namesIn(Object.hasOwn(tags, tag) ? tags[tag] : undefined);
  if ('host' in use)
    return listed.includes(wanted)
      ? undefined
      : `the secret "${name}" is not for ${use.host}: the tag ${tag} of its newest version in the vault must list that host`;
  return listed.includes(wanted) || listed.includes('*')
    ? undefined
    : `the secret "${name}" is not for builds of the task "${wanted}": the tag ${tag} of its newest version in ` +
        'the vault must list that task, or *';
}

/** Parses a list of hosts. Hosts are compared as URLs have them: a port other than the usual one is part of it. */
function namesIn(list: string | undefined): readonly string[] {
  return (list ?? '')
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((each) => each !== '');
}
