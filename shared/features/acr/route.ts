import type { Digest } from '../../core/oci/digest.ts';
import { digestIn } from '../../core/oci/digest-in.ts';
import { RegistryError } from '../../core/oci/faults.ts';
import type { RepositoryName, Tag } from '../../core/oci/name.ts';
import { isRepositoryName, isTag } from '../../core/oci/name.ts';

/** An endpoint of ACR's own API, with the parts of its path. */
export type AcrRoute =
  | { readonly to: 'catalog' }
  | { readonly to: 'repository'; readonly repository: RepositoryName }
  | { readonly to: 'tags'; readonly repository: RepositoryName }
  | { readonly to: 'tag'; readonly repository: RepositoryName; readonly tag: Tag }
  | { readonly to: 'manifests'; readonly repository: RepositoryName }
  | { readonly to: 'manifest'; readonly repository: RepositoryName; readonly digest: Digest }
  /** These endpoints are about deletions that may be restored. */
  | { readonly to: 'deleted-catalog' }
  | { readonly to: 'deleted-manifests' | 'deleted-tags'; readonly repository: RepositoryName }
  | { readonly to: 'deleted-manifest'; readonly repository: RepositoryName; readonly digest: Digest };

/**
 * Parses a path under `/acr/v1/`. No part of a repository's name begins with `_`, so the first part that does ends the
 * name; a tag behind it may begin so too. Clients may encode each name whole (`team%2Fapp`). Throws `RegistryError`:
 * `route-unknown` for any other `_word`, `name-invalid`, `tag-invalid`, `digest-invalid`, `request-invalid`.
 */
export function parseAcrRoute(path: string): AcrRoute {
  const parts = decoded(path).split('/').slice(3);
  const deleted = parts[0] === '_deleted';
  const [name, below] = atFirstWord(deleted ? parts.slice(1) : parts);
  if (below[0] === '_catalog' && name.length === 0 && below.length === 1)
    return { to: deleted ? 'deleted-catalog' : 'catalog' };
  const route = deleted ? deletedRoute(name, below) : liveRoute(name, below);
  if (route === undefined) throw new RegistryError({ is: 'route-unknown', path });
  return route;
}

function atFirstWord(parts: readonly string[]): [readonly string[], readonly string[]] {
  const at = parts.findIndex((part) => part.startsWith('_'));
  return at === -1 ? [parts, []] : [parts.slice(0, at), parts.slice(at)];
}

function liveRoute(name: readonly string[], [word, item, ...more]: readonly string[]): AcrRoute | undefined {
  if (word === undefined) return { to: 'repository', repository: repositoryOf(name) };
  if (more.length > 0) return undefined;
  if (word === '_tags')
    return item === undefined
      ? { to: 'tags', repository: repositoryOf(name) }
      : { to: 'tag', repository: repositoryOf(name), tag: tagOf(item) };
  if (word === '_manifests')
    return item === undefined
      ? { to: 'manifests', repository: repositoryOf(name) }
      : { to: 'manifest', repository: repositoryOf(name), digest: digestIn(item) };
  return undefined;
}

function deletedRoute(name: readonly string[], [word, item, ...more]: readonly string[]): AcrRoute | undefined {
  if (more.length > 0) return undefined;
  if (word === '_tags' && item === undefined) return { to: 'deleted-tags', repository: repositoryOf(name) };
  if (word !== '_manifests') return undefined;
  return item === undefined
    ? { to: 'deleted-manifests', repository: repositoryOf(name) }
    : { to: 'deleted-manifest', repository: repositoryOf(name), digest: digestIn(item) };
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
