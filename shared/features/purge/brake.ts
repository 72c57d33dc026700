import pLimit from 'p-limit';
import { aboutIn } from '../../core/documents/about.ts';
import { dueBy } from '../../core/documents/due.ts';
import { partitionOf } from '../../core/documents/names.ts';
import { documentsOf } from '../../core/documents/pages.ts';
import type { RegistryName, RepositoryName } from '../../core/oci/name.ts';
import type { JsonDocument } from '../../core/ports/documents.ts';
import type { Plan, Removal } from './documents.ts';
import type { PolicyPorts } from './ports.ts';

const repositoriesAtOnce = 8;

interface Braked {
  readonly registry: RegistryName;
  readonly policy: string;
  readonly percent: number;
  readonly removals: readonly Removal[];
  /** True if more is due than was planned. */
  readonly more: boolean;
}

/**
 * Returns the repositories of which a plan would remove a larger share of manifests or tags than the brake lets
 * through.
 */
export async function repositoriesOver(ports: PolicyPorts, braked: Braked): Promise<Plan['over']> {
  const limit = pLimit(repositoriesAtOnce);
  const repositories = [...new Set(braked.removals.map((removal) => removal.repository))];
  return (await Promise.all(repositories.map((repository) => limit(() => overIn(ports, braked, repository))))).flat();
}

async function overIn(ports: PolicyPorts, braked: Braked, repository: RepositoryName): Promise<Plan['over']> {
  const waiting = braked.more ? await dueIn(ports, braked, repository) : 0;
  const each = await Promise.all(
    (['manifests', 'tags'] as const).map(async (what) => {
      const going = Math.max(goingOf(braked.removals, repository, what), what === 'manifests' ? waiting : 0);
      const enough = Math.ceil((going * 100) / braked.percent);
      const of = going === 0 ? 0 : await countUpTo(ports, braked.registry, repository, what, enough);
      return of < enough ? [{ repository, going, of, what }] : [];
    }),
  );
  return each.flat();
}

function goingOf(removals: readonly Removal[], repository: RepositoryName, what: 'manifests' | 'tags'): number {
  const items = removals
    .filter((removal) => removal.repository === repository)
    .flatMap((removal) => removal.items)
    .filter(({ about }) => about !== true);
  return new Set(
    items.filter(({ kind }) => kind === (what === 'tags' ? 'tag' : 'manifest')).map(({ digest, tag }) => tag ?? digest),
  ).size;
}

/** Counts also what the plan has no room for: a large removal is not small because it is done in pieces. */
function dueIn(
  { documents, clock }: PolicyPorts,
  { registry, policy }: Braked,
  repository: RepositoryName,
): Promise<number> {
  const where = [
    { path: 'type', is: '=' as const, value: 'purge-due' },
    { path: 'policy', is: '=' as const, value: policy },
    dueBy(clock.now()),
  ];
  return documents.countDocuments({
    container: 'repositories',
    partition: partitionOf({ registry, repository }),
    where,
  });
}

/** Returns true for a signature or another referrer, which is no image. */
function isAboutAnother({ id, about, subject }: JsonDocument): boolean {
  return (
    about !== undefined ||
    subject !== undefined ||
    (id.startsWith('tag:') && aboutIn(id.slice('tag:'.length)) !== undefined)
  );
}

/**
 * Counts images, no further than needed to know that the share is small: the cost of a run does not grow with what is
 * stored.
 */
async function countUpTo(
  { documents }: PolicyPorts,
  registry: RegistryName,
  repository: RepositoryName,
  what: 'manifests' | 'tags',
  enough: number,
): Promise<number> {
  const where = [{ path: 'id', is: 'starts-with' as const, value: what === 'tags' ? 'tag:' : 'manifest:' }];
  let counted = 0;
  for await (const { document } of documentsOf(documents, {
    container: 'repositories',
    partition: partitionOf({ registry, repository }),
    where,
    limit: Math.min(enough, 100),
  })) {
    if (!isAboutAnother(document)) counted += 1;
    if (counted >= enough) break;
  }
  return counted;
}
