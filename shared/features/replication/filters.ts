import type { ManifestDocument } from '../../core/documents/manifest.ts';
import { globMatches } from '../../core/rules/pattern.ts';
import type { Filters } from './documents.ts';

interface Scope {
  readonly include: readonly string[];
  readonly exclude: readonly string[];
}

/** Whether every tag, and what has none, is within it. */
export function takesEveryTag({ tags }: Filters): boolean {
  return tags.include.includes('*') && tags.exclude.length === 0;
}

/** Whether nothing of the repositories that they take is left out. */
export function takesEverything(filters: Filters): boolean {
  return takesEveryTag(filters) && filters.artifactTypes === undefined;
}

/** `tags` are those that point at the manifest; they are asked for only where the filters name some. */
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
