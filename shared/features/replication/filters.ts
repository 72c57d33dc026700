import type { ManifestDocument } from '../../core/documents/manifest.ts';
import { globMatches } from '../../core/rules/pattern.ts';
import type { Filters } from './documents.ts';

interface Scope {
  readonly include: readonly string[];
  readonly exclude: readonly string[];
}

/** Says whether the filters include every tag, and manifests without one. */
export function takesEveryTag({ tags }: Filters): boolean {
  return tags.include.includes('*') && tags.exclude.length === 0;
}

/** Says whether the filters leave out nothing of the repositories that they include. */
export function takesEverything(filters: Filters): boolean {
  return takesEveryTag(filters) && filters.artifactTypes === undefined;
}

/**
 * Says whether the filters include a manifest. `tags` are those that point at it; they are read only if the filters
 * name some.
 */
export function isWithin(
  filters: Filters,
  manifest: Pick<ManifestDocument, 'repository' | 'artifactType' | 'references' | 'mediaType'>,
  tags: readonly string[],
): boolean {
  if (!isIn(filters.repositories, manifest.repository)) return false;
  if (!takesEveryTag(filters) && !tags.some((tag) => isIn(filters.tags, tag))) return false;
  const types = [
    manifest.artifactType,
    manifest.references.find(({ role }) => role === 'config')?.mediaType,
    manifest.mediaType,
  ];
  return filters.artifactTypes === undefined || filters.artifactTypes.some((type) => types.includes(type));
}

function isIn({ include, exclude }: Scope, name: string): boolean {
  return (
    include.some((pattern) => globMatches(pattern, name)) && !exclude.some((pattern) => globMatches(pattern, name))
  );
}
