import { defined } from '../../../core/documents/defined.ts';
import { areCurrent } from '../bases/current.ts';
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

interface Grown {
  readonly edge: Edge;
  readonly isCurrent: boolean | undefined;
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
        some.map(async ({ base: each }) => {
          const { edges } = await dependentsOf(ports, each.base, each.tag, { limit: mostImages });
          const current = await areCurrent(ports, ports.registry, each, edges);
          return edges.map((edge, at) => ({ edge, isCurrent: current[at] }));
        }),
      );
      for (const [index, { of }] of some.entries()) next.push(...grow(of, found[index] ?? [], seen));
    }
    level = next;
  }
  return root;
}

/** Hangs below an image what is built on it and was not seen before; gives what that is a base of. */
function grow(of: Growing, grown: readonly Grown[], seen: Set<string>): { of: Growing; base: BaseReference }[] {
  return grown.flatMap(({ edge: { registry, repository, dependentTag }, isCurrent }) => {
    const base = { base: ownBase(registry, repository), tag: dependentTag };
    const node: Growing = { image: shownReference(base), ...defined({ isCurrent }), dependents: [] };
    if (seen.has(node.image) || seen.size >= mostImages) return [];
    seen.add(node.image);
    of.dependents.push(node);
    return [{ of: node, base }];
  });
}
