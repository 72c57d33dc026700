import type { Edge } from '../bases/documents.ts';
import { dependentsOf } from '../bases/learn.ts';
import type { BaseReference } from '../bases/names.ts';
import { ownBase, shownReference } from '../bases/names.ts';
import type { BuildPorts } from '../ports.ts';
import type { Tree } from './bases-wire.ts';

/** The most images of a tree: nobody reads more, and a build has all of them. */
const mostImages = 1_000;
const looksAtOnce = 16;

interface Growing extends Tree {
  readonly dependents: Growing[];
}

/**
 * Returns all images that are built on a base, and those built on them, near ones first: each image once, so a circle
 * ends.
 */
export async function treeOf(ports: BuildPorts, base: BaseReference): Promise<Tree> {
  const root: Growing = { image: shownReference(base), dependents: [] };
  const seen = new Set([root.image]);
  let level: { of: Growing; base: BaseReference }[] = [{ of: root, base }];
  while (level.length > 0 && seen.size < mostImages) {
    const next: typeof level = [];
    // Somebody waits, and a base may have as many images as are shown.
    for (let at = 0; at < level.length && seen.size < mostImages; at += looksAtOnce) {
      const some = level.slice(at, at + looksAtOnce);
      const found = await Promise.all(
        some.map((each) => dependentsOf(ports, each.base.base, each.base.tag, { limit: mostImages })),
      );
      for (const [index, { of }] of some.entries()) next.push(...grow(of, found[index]?.edges ?? [], seen));
    }
    level = next;
  }
  return root;
}

/** Hangs below an image what is built on it and was not seen before; gives what that is a base of. */
function grow(of: Growing, edges: readonly Edge[], seen: Set<string>): { of: Growing; base: BaseReference }[] {
  return edges.flatMap(({ registry, repository, dependentTag }) => {
    const base = { base: ownBase(registry, repository), tag: dependentTag };
    const node: Growing = { image: shownReference(base), dependents: [] };
    if (seen.has(node.image) || seen.size >= mostImages) return [];
    seen.add(node.image);
    of.dependents.push(node);
    return [{ of: node, base }];
  });
}
