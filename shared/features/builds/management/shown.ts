import { defined } from '../../../core/documents/defined.ts';
import type { Edge, Learned } from '../bases/documents.ts';
import { shownReference } from '../bases/names.ts';
import type { Build, Node } from '../plan/documents.ts';
import { nameIn } from '../plan/documents.ts';
import type { Policy } from '../plan/policies.ts';

export function showEdge({ repository, dependentTag, dependentDigest, found }: Edge) {
  return {
    image: `${repository}:${dependentTag}`,
    ...defined({ digest: dependentDigest }),
    found,
  };
}

export function showBases({ bases }: Pick<Learned, 'bases'>, current: readonly (boolean | undefined)[]) {
  return bases.map((each, at) => ({
    image: shownReference(each),
    ...defined({ isCurrent: current[at] }),
    found: each.found,
  }));
}

export function showPolicy({ name, settings, createdAt, updatedAt }: Policy) {
  return { name, ...settings, createdAt, updatedAt };
}

export function showBuild({ build: id, state, roots, images, counts, createdAt, cancelledAt, endedAt }: Build) {
  const updates = roots.map(({ base, tag, digest, task, retries, previousDigest, updatedAt }) => ({
    image: shownReference({ base, tag }),
    ...defined({ digest, task, retries, previousDigest }),
    updatedAt,
  }));
  return {
    id,
    state,
    updates,
    images,
    ...defined({ counts }),
    createdAt,
    ...defined({ cancelledAt, endedAt }),
  };
}

export function showNode({
  repository,
  tag,
  state,
  mode,
  by,
  bases,
  waitsFor,
  level,
  digestBefore,
  digest,
  conflicts,
  because,
  startedAt,
  endedAt,
}: Node) {
  const became = {
    ...defined({ digestBefore, digest, conflicts, because, startedAt, endedAt }),
  };
  return {
    image: `${repository}:${tag}`,
    state,
    mode,
    by,
    bases: bases.map(shownReference),
    waitsFor: waitsFor.map(({ node }) => nameIn(node)),
    level,
    ...became,
  };
}
