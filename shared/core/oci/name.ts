declare const repositoryBrand: unique symbol;
declare const tagBrand: unique symbol;
declare const registryBrand: unique symbol;

/**
 * A repository's name: `<name>` of the distribution-spec, "Pulling manifests", with at most 255 characters, as clients
 * and ACR allow.
 */
export type RepositoryName = string & { readonly [repositoryBrand]: true };

/** A tag: `<reference>` of the distribution-spec, where it is no digest. */
export type Tag = string & { readonly [tagBrand]: true };

/** The name of one of the deployment's registries: 1 to 50 lower-case letters, digits and dashes. */
export type RegistryName = string & { readonly [registryBrand]: true };

const repositoryPattern = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const tagPattern = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;
const registryPattern = /^[a-z0-9][a-z0-9-]{0,49}$/;

export function isRepositoryName(text: string): text is RepositoryName {
  // The length is checked first: it bounds what the pattern has to walk.
  return text.length <= 255 && repositoryPattern.test(text);
}

export function isTag(text: string): text is Tag {
  return tagPattern.test(text);
}

export function isRegistryName(text: string): text is RegistryName {
  return registryPattern.test(text);
}

/** One repository of one registry. */
export interface RepositoryKey {
  readonly registry: RegistryName;
  readonly repository: RepositoryName;
}
