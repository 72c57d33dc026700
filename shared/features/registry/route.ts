import { defined } from '../../core/documents/defined.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { digestIn } from '../../core/oci/digest-in.ts';
import { RegistryError } from '../../core/oci/faults.ts';
import type { RepositoryName, Tag } from '../../core/oci/name.ts';
import { isRepositoryName, isTag } from '../../core/oci/name.ts';

/** An endpoint of the distribution-spec, with the parts of its path. */
export type Route =
  | { readonly to: 'base' }
  | { readonly to: 'catalog' }
  | { readonly to: 'manifest'; readonly repository: RepositoryName; readonly reference: Tag | Digest }
  | { readonly to: 'blob'; readonly repository: RepositoryName; readonly digest: Digest }
  | { readonly to: 'uploads'; readonly repository: RepositoryName }
  | { readonly to: 'upload'; readonly repository: RepositoryName; readonly id: string }
  | { readonly to: 'tags'; readonly repository: RepositoryName }
  | { readonly to: 'referrers'; readonly repository: RepositoryName; readonly subject: Digest };

/**
 * Parses a path under `/v2/` for `method`. A repository's name has slashes and may contain the words of the endpoints,
 * so the path is parsed from its end, and only then decoded: `@azure/container-registry` encodes a name whole
 * (`team%2Fapp`). Throws `RegistryError`: `name-invalid`, `tag-invalid`, `digest-invalid`, `route-unknown`.
 */
export function parseRoute(path: string, method: string): Route {
  if (path === '/v2/' || path === '/v2') return { to: 'base' };
  if (path === '/v2/_catalog') return { to: 'catalog' };
  const parts = path.split('/').slice(2);
  const last = decoded(parts.at(-1) ?? '');
  const [beforeLast, twoBefore] = [parts.at(-2), parts.at(-3)];
  if (beforeLast === 'uploads' && twoBefore === 'blobs') return uploadRoute(parts.slice(0, -3), last);
  if (last === 'uploads' && beforeLast === 'blobs')
    return { to: 'uploads', repository: repositoryOf(parts.slice(0, -2)) };
  if (beforeLast === 'manifests')
    return { to: 'manifest', repository: repositoryOf(parts.slice(0, -2)), reference: referenceOf(last, method) };
  if (beforeLast === 'blobs')
    return { to: 'blob', repository: repositoryOf(parts.slice(0, -2)), digest: digestIn(last) };
  if (beforeLast === 'referrers')
    return { to: 'referrers', repository: repositoryOf(parts.slice(0, -2)), subject: digestIn(last) };
  if (beforeLast === 'tags' && last === 'list') return { to: 'tags', repository: repositoryOf(parts.slice(0, -2)) };
  throw new RegistryError({ is: 'route-unknown', path });
}

/**
 * Decodes a part of a path, for some clients encode the colon of a digest. A part that cannot be decoded stays as it
 * is, and is then no valid tag, digest or name.
 */
function decoded(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function uploadRoute(name: readonly string[], id: string): Route {
  const repository = repositoryOf(name);
  return id === '' ? { to: 'uploads', repository } : { to: 'upload', repository, id };
}

/** Parses a reference; one with a colon can only be meant as a digest. */
function referenceOf(text: string, method: string): Tag | Digest {
  if (text.includes(':')) return digestIn(text);
  if (isTag(text)) return text;
  throw new RegistryError({
    is: 'tag-invalid',
    tag: text,
    ...defined({ soughtOnly: method === 'GET' || method === 'HEAD' ? (true as const) : undefined }),
  });
}

function repositoryOf(parts: readonly string[]): RepositoryName {
  const name = decoded(parts.join('/'));
  if (!isRepositoryName(name)) throw new RegistryError({ is: 'name-invalid', name: name.slice(0, 300) });
  return name;
}
