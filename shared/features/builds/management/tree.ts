import { dependentsOf } from '../edges/learn.ts';
import type { BaseReference } from '../edges/names.ts';
import { ownBase, shownReference } from '../edges/names.ts';
import type { BuildPorts } from '../ports.ts';
import type { Tree } from './bases-wire.ts';

/** More is nothing that anybody looks at; a build has all. */
const mostImages = 1_000;

interface Growing extends Tree {
  readonly dependents: Growing[];
}

/** Everything that is built on a base, and on that, near ones first: each image once, so a circle ends. */
export async function treeOf(ports: BuildPorts, base: BaseReference): Promise<Tree> {
  const root: Growing = { image: shownReference(base), dependents: [] };
  const seen = new Set([root.image]);
  const open: { of: Growing; base: BaseReference }[] = [{ of: root, base }];
  for (let next = open.shift(); next !== undefined && seen.size < mostImages; next = open.shift()) {
    const { edges } = await dependentsOf(ports, next.base.base, next.base.tag, { limit: mostImages });
    for (const { registry, repository, dependentTag } of edges) {
      const above = { base: ownBase(registry, repository), tag: dependentTag };
      const node: Growing = { image: shownReference(above), dependents: [] };
      if (seen.has(node.image) || seen.size >= mostImages) continue;
      seen.add(node.image);
      next.of.dependents.push(node);
      open.push({ of: node, base: above });
    }
  }
  return root;
}
