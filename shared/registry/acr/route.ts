import type { Digest } from '../../oci/digest.ts';
import { RegistryError } from '../../oci/faults.ts';
import { isRepositoryName, isTag } from '../../oci/name.ts';
import type { RepositoryName, Tag } from '../../oci/name.ts';
import { digestIn } from '../route.ts';

/** One endpoint of ACR's own API, with what its path names. */
export type AcrRoute =
  | { readonly to: 'catalog' }
  | { readonly to: 'repository'; readonly repository: RepositoryName }
  | { readonly to: 'tags'; readonly repository: RepositoryName }
  | { readonly to: 'tag'; readonly repository: RepositoryName; readonly tag: Tag }
  | { readonly to: 'manifests'; readonly repository: RepositoryName }
  | { readonly to: 'manifest'; readonly repository: RepositoryName; readonly digest: Digest }
  /** What was deleted and may be restored. */
  | { readonly to: 'deleted-catalog' }
  | { readonly to: 'deleted-manifests' | 'deleted-tags'; readonly repository: RepositoryName }
  | { readonly to: 'deleted-manifest'; readonly repository: RepositoryName; readonly digest: Digest };

/**
 * Parses a path under `/acr/v1/`. No part of a repository's name begins with `_`, so the path is read from its end. Clients may
 * encode each name whole (`team%2Fapp`). Throws `RegistryError`: `name-invalid`, `tag-invalid`, `digest-invalid`, `request-invalid`.
 */
export function parseAcrRoute(path: string): AcrRoute {
  const parts = decoded(path).split('/').slice(3);
  if (parts[0] === '_catalog' && parts.length === 1) return { to: 'catalog' };
  if (parts[0] === '_deleted') return deletedRoute(parts.slice(1), path);
  const [beforeLast, last = ''] = [parts.at(-2), parts.at(-1)];
  if (last === '_tags') return { to: 'tags', repository: repositoryOf(parts.slice(0, -1)) };
  if (last === '_manifests') return { to: 'manifests', repository: repositoryOf(parts.slice(0, -1)) };
  if (beforeLast === '_tags') return { to: 'tag', repository: repositoryOf(parts.slice(0, -2)), tag: tagOf(last) };
  if (beforeLast === '_manifests') return { to: 'manifest', repository: repositoryOf(parts.slice(0, -2)), digest: digestIn(last) };
  return { to: 'repository', repository: repositoryOf(parts) };
}

function deletedRoute(parts: readonly string[], path: string): AcrRoute {
  if (parts[0] === '_catalog' && parts.length === 1) return { to: 'deleted-catalog' };
  const [beforeLast, last = ''] = [parts.at(-2), parts.at(-1)];
  if (last === '_tags') return { to: 'deleted-tags', repository: repositoryOf(parts.slice(0, -1)) };
  if (last === '_manifests') return { to: 'deleted-manifests', repository: repositoryOf(parts.slice(0, -1)) };
  if (beforeLast === '_manifests') return { to: 'deleted-manifest', repository: repositoryOf(parts.slice(0, -2)), digest: digestIn(last) };
  throw new RegistryError({ is: 'route-unknown', path });
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw new RegistryError({ is: 'request-invalid', why: 'the path is not percent-encoded UTF-8' });
  }
}

function tagOf(text: string): Tag {
  if (!isTag(text)) throw new RegistryError({ is: 'tag-invalid', tag: text });
  return text;
}

function repositoryOf(parts: readonly string[]): RepositoryName {
  const name = parts.join('/');
  if (!isRepositoryName(name)) throw new RegistryError({ is: 'name-invalid', name: name.slice(0, 300) });
  return name;
}
