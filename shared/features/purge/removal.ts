import { aboutIn } from '../../core/documents/about.ts';
import { defined } from '../../core/documents/defined.ts';
import type { Item, Removal } from './documents.ts';
import type { Decision } from './judge.ts';
import type { Judged } from './mark.ts';

/** Returns what a policy removes of a judged manifest: all of it, some of its tags, or nothing. */
export function removalOf({ facts, judgements }: Judged, policy: string): Removal | undefined {
  const judgement = judgements.get(policy);
  if (judgement === undefined) return undefined;
  const {
    repository,
    manifest: { digest },
  } = facts;
  const whole = judgement.manifest.verdict === 'due';
  const tags = judgement.tags.filter(({ verdict }) => verdict === 'due');
  if (!whole && tags.length === 0) return undefined;
  const along = whole ? [...judgement.along] : [];
  const isAbout = (each: Removal['digest']) =>
    facts.along.some(({ digest: part, isChild }) => part === each && !isChild);
  const parts = along.map((each) =>
    itemOf('manifest', repository, each, isAbout(each), {
      ...judgement.manifest,
      rule: 'along',
      why: `removed along with ${digest}`,
      evidence: { pushedAt: iso(facts, each) },
    }),
  );
  const items = [
    ...(whole ? [itemOf('manifest', repository, digest, facts.manifest.isAbout === true, judgement.manifest)] : []),
    ...tags.map((tag) => ({
      ...itemOf('tag', repository, digest, aboutIn(tag.tag) !== undefined || facts.manifest.isAbout === true, tag),
      tag: tag.tag,
    })),
    ...parts,
  ];
  return { repository, digest, whole, tags: tags.map(({ tag }) => tag), along, items };
}

function iso({ along }: Judged['facts'], digest: Removal['digest']): string {
  return new Date(along.find((each) => each.digest === digest)?.pushedAt ?? 0).toISOString();
}

/** Returns the items that a rule would remove if no attribute forbade it. */
export function lockedItems({ facts, judgements }: Judged, policy: string): Item[] {
  const judgement = judgements.get(policy);
  const {
    repository,
    manifest: { digest },
  } = facts;
  const tags = (judgement?.tags ?? [])
    .filter(({ rule }) => rule === 'locked')
    .map((tag) => ({ ...itemOf('tag', repository, digest, false, tag), tag: tag.tag }));
  return judgement?.manifest.rule === 'locked'
    ? [...tags, itemOf('manifest', repository, digest, false, judgement.manifest)]
    : tags;
}

function itemOf(
  kind: Item['kind'],
  repository: Item['repository'],
  digest: Item['digest'],
  isAbout: boolean,
  { rule, why, evidence }: Decision,
): Item {
  return {
    kind,
    repository,
    digest,
    ...defined({ about: isAbout ? (true as const) : undefined }),
    rule: rule ?? '',
    why,
    evidence,
    bytes: 0,
  };
}

export function withBytes(removal: Removal, freed: ReadonlyMap<string, number>): Removal {
  return {
    ...removal,
    items: removal.items.map((item) =>
      item.kind === 'tag' ? item : { ...item, bytes: freed.get(`${item.repository}@${item.digest}`) ?? 0 },
    ),
  };
}

/** Lists each item once: one that is removed along with two manifests is listed with the first. */
export function eachOnce(removals: readonly Removal[]): Removal[] {
  const listed = new Set<string>();
  const isFirst = ({ kind, repository, digest, tag }: Item) => {
    const before = listed.size;
    return listed.add(`${kind} ${repository}@${digest}:${tag ?? ''}`).size > before;
  };
  return removals.map((removal) => ({ ...removal, items: removal.items.filter(isFirst) }));
}
