import { defined } from '../../core/documents/defined.ts';
import type { Digest } from '../../core/oci/digest.ts';
import type { Tag } from '../../core/oci/name.ts';
import type { Judged } from './conditions.ts';
import { keptUntil, removedFrom } from './conditions.ts';
import type { Facts, ManifestFacts, TagFacts } from './facts.ts';
import type { KeepRule, Policy, RemoveRule } from './policy.ts';
import type { Refusal } from './refusals.ts';

const dayMs = 24 * 3600 * 1000;

/** `not-yet` means that nothing keeps it, and that a rule will remove it at `dueAt` if nothing changes. */
type Verdict = 'keep' | 'due' | 'not-yet';

export interface Decision {
  readonly verdict: Verdict;
  /**
   * The reason in one word: a rule by its name, or `in-use`, `locked`, `new`, `held`, `index`, `subject`, `tag`,
   * `part`; absent if no rule removes it.
   */
  readonly rule?: string;
  readonly why: string;
  /** The time from which it is due, if time alone decides that. */
  readonly dueAt?: number;
  readonly evidence: Evidence;
}

/** The facts behind a decision, with times in RFC 3339. */
interface Evidence {
  readonly pushedAt: string;
  readonly lastPull?: string;
  readonly trackedSince?: string;
  readonly untaggedSince?: string;
}

export interface Judgement {
  readonly manifest: Decision;
  readonly tags: readonly (Decision & { readonly tag: Tag })[];
  /** The manifests that are removed along with it. */
  readonly along: readonly Digest[];
  /** The time to judge it again if nothing happens before: the earliest time that something is due. */
  readonly recheckAt?: number;
}

/** A reason to keep, and the time until which it holds. */
interface Keep {
  readonly rule: string;
  readonly until: number;
  readonly why: string;
}

/** The rules of one policy to remove, and the rules to keep of every policy there: a rule to keep always wins. */
export interface Rules {
  readonly policy: Policy;
  readonly keep: readonly (KeepRule & { readonly policy?: string })[];
  /** The milliseconds that a new manifest is always kept, for a client pushes its tag or index after it. */
  readonly graceMs: number;
}

/** Judges a manifest and its tags. It is pure: the same facts and rules at the same time give the same judgement. */
export function judge(facts: Facts, rules: Rules, now: number): Judgement {
  const shared = keepsOfAll(facts, rules);
  const tags = facts.tags.map((tag) => {
    const judged: Judged = { facts, manifest: facts.manifest, tag, ...latest([tag.pulledAt, ...pullsOf(facts)]) };
    return { tag: tag.name, ...decide(judged, rules, [...shared, ...keepsOfTag(tag)], now) };
  });
  const manifest = manifestDecision(facts, rules, shared, tags, now);
  const rechecks = [manifest, ...tags].flatMap(({ dueAt }) => (dueAt === undefined ? [] : [dueAt]));
  return {
    manifest,
    tags,
    along: facts.along.map(({ digest }) => digest),
    ...defined({ recheckAt: rechecks.length === 0 ? undefined : Math.min(...rechecks) }),
  };
}

/** Judges a manifest: with tags it is removed with the last of them; without tags, a rule must remove it. */
function manifestDecision(
  facts: Facts,
  rules: Rules,
  shared: readonly Keep[],
  tags: readonly (Decision & { readonly tag: Tag })[],
  now: number,
): Decision {
  const { manifest, keeper } = facts;
  const judged: Judged = { facts, manifest, ...latest(pullsOf(facts)) };
  const evidence = evidenceOf(judged);
  if (keeper !== undefined)
    return {
      verdict: 'keep',
      rule: keeper.is,
      why: `${keeper.is === 'index' ? 'listed by the index' : 'refers to'} ${keeper.digest}`,
      evidence,
    };
  if (tags.length === 0) return decide(judged, rules, shared, now);
  const stays = tags.find(({ verdict }) => verdict !== 'due');
  if (stays !== undefined) return { verdict: 'keep', rule: 'tag', why: `tag ${stays.tag}: ${stays.why}`, evidence };
  const [last] = tags;
  return {
    verdict: 'due',
    ...defined({ rule: last?.rule }),
    why: tags.length === 1 ? `its tag is removed: ${last?.why ?? ''}` : `its ${tags.length} tags are removed`,
    evidence,
    dueAt: Math.max(...tags.map(({ dueAt = now }) => dueAt)),
  };
}

function decide(judged: Judged, rules: Rules, shared: readonly Keep[], now: number): Decision {
  const evidence = evidenceOf(judged);
  const [rule, takes] = earliest(judged, rules);
  if (rule === undefined || takes === Infinity) return { verdict: 'keep', why: 'no rule removes it', evidence };
  const keeps = [...shared, ...keepsOf(judged, rules)];
  const keep = longest(keeps);
  const kept = keep !== undefined && keep.until > now;
  // A lock has no known end: what a lock alone keeps is judged by every plan, which says so.
  const at = Math.max(takes, longest(keeps.filter(({ rule: by }) => by !== 'locked'))?.until ?? 0);
  if (kept)
    return {
      verdict: 'keep',
      rule: keep.rule,
      why: keep.why,
      evidence,
      ...defined({ dueAt: at === Infinity ? undefined : at }),
    };
  const why = reasonOf(rule, judged);
  return takes > now
    ? { verdict: 'not-yet', rule: rule.name, why, evidence, dueAt: at }
    : { verdict: 'due', rule: rule.name, why, evidence, dueAt: at };
}

/** Returns the rule that removes it first, and from when. */
function earliest(judged: Judged, { policy }: Rules): [RemoveRule | undefined, number] {
  return policy.remove.reduce<[RemoveRule | undefined, number]>(
    (first, rule) => {
      const at = removedFrom(rule, judged, policy);
      return at < first[1] ? [rule, at] : first;
    },
    [undefined, Infinity],
  );
}

/**
 * Returns the longest reason to keep. Among those without an end one that is no lock is better, for what a rule keeps
 * needs no further judgement.
 */
function longest(keeps: readonly Keep[]): Keep | undefined {
  return keeps.reduce<Keep | undefined>(
    (best, keep) =>
      best === undefined || keep.until > best.until || (keep.until === best.until && best.rule === 'locked')
        ? keep
        : best,
    undefined,
  );
}

function keepsOf(judged: Judged, { keep }: Rules): Keep[] {
  return keep.map((rule) => ({
    rule: rule.name,
    until: keptUntil(rule, judged),
    why: `the rule to keep "${rule.name}"${rule.policy === undefined ? '' : ` of the policy "${rule.policy}"`}`,
  }));
}

/** Returns the reasons to keep the manifest, or something that would be removed along with it. */
function keepsOfAll(facts: Facts, rules: Rules): Keep[] {
  const { manifest } = facts;
  const { retentionDays } = rules.policy;
  const parts = facts.along.flatMap((part) =>
    [...keepsOfManifest(part), ...keepsOf({ facts, manifest: part, ...latest([part.pulledAt]) }, rules)].map(
      (keep) => ({
        rule: keep.rule === 'locked' ? 'locked' : 'part',
        until: keep.until,
        why: `${part.digest} would be removed along with it: ${keep.why}`,
      }),
    ),
  );
  return [
    ...lockedBy(
      `repository ${facts.repository}`,
      defined({ locked: facts.repositoryLocked, refused: facts.repositoryRefused }),
    ),
    ...keepsOfManifest(manifest),
    // A rule to keep that is about manifests keeps this one, whatever its tags are.
    ...keepsOf({ facts, manifest, ...latest(pullsOf(facts)) }, rules),
    {
      rule: 'new',
      until: Math.max(manifest.pushedAt, ...facts.along.map(({ pushedAt }) => pushedAt)) + rules.graceMs,
      why: 'it was pushed a moment ago',
    },
    ...facts.tags.map(({ name, pushedAt }) => ({
      rule: 'new',
      until: pushedAt + rules.graceMs,
      why: `tag ${name} was pushed a moment ago`,
    })),
    ...(manifest.heldAt === undefined
      ? []
      : [
          {
            rule: 'held',
            until: manifest.heldAt + retentionDays * dayMs,
            why: `it was restored, or an index listed it, less than ${retentionDays} days ago`,
          },
        ]),
    ...parts,
  ];
}

function keepsOfManifest(manifest: ManifestFacts): Keep[] {
  const { digest, inUse } = manifest;
  return [
    ...lockedBy(`manifest ${digest}`, manifest),
    ...(inUse === undefined
      ? []
      : [
          {
            rule: 'in-use',
            until: inUse.until,
            why: `${inUse.source} says that it is in use, until ${time(inUse.until)}`,
          },
        ]),
  ];
}

function keepsOfTag(tag: TagFacts): Keep[] {
  const { name, about } = tag;
  return [
    ...lockedBy(`tag ${name}`, tag),
    ...(about === undefined
      ? []
      : [{ rule: 'subject', until: Infinity, why: `its name says that it refers to ${about}` }]),
  ];
}

function lockedBy(what: string, { locked, refused }: Refusal): Keep[] {
  const why = locked === undefined ? refused : `${locked} of ${what} is false`;
  return why === undefined ? [] : [{ rule: 'locked', until: Infinity, why }];
}

/**
 * Returns the pulls that count for a manifest: those of an index and of its children count for one another. A client
 * that verifies a signature does not pull the image, so pulls of referrers do not count.
 */
function pullsOf({ manifest, along }: Facts): (number | undefined)[] {
  return [manifest.pulledAt, ...along.filter(({ isChild }) => isChild).map(({ pulledAt }) => pulledAt)];
}

function latest(pulls: readonly (number | undefined)[]): { pulledAt?: number } {
  const known = pulls.filter((pull) => pull !== undefined);
  return defined({ pulledAt: known.length === 0 ? undefined : Math.max(...known) });
}

function evidenceOf({ facts: { trackedSince, tags }, manifest, tag, pulledAt }: Judged): Evidence {
  return {
    pushedAt: time(tag?.pushedAt ?? manifest.pushedAt),
    ...defined({
      lastPull: pulledAt === undefined ? undefined : time(pulledAt),
      trackedSince: trackedSince === undefined ? undefined : time(trackedSince),
      untaggedSince: tags.length > 0 ? undefined : time(manifest.untaggedSince),
    }),
  };
}

function reasonOf(rule: RemoveRule, judged: Judged): string {
  const {
    pulledAt,
    facts: { trackedSince },
    tag,
    manifest,
  } = judged;
  const said = [
    rule.untaggedDays === undefined
      ? undefined
      : `untagged for ${rule.untaggedDays} days (since ${time(manifest.untaggedSince)})`,
    rule.notPulledDays === undefined
      ? undefined
      : `not pulled for ${rule.notPulledDays} days ` +
        `(${pulledAt === undefined ? 'no pull is known' : `last pull ${time(pulledAt)}`}, pulls are tracked ` +
        `${trackedSince === undefined ? 'not at all' : `since ${time(trackedSince)}`})`,
    rule.olderThanDays === undefined
      ? undefined
      : `older than ${rule.olderThanDays} days (pushed ${time(tag?.pushedAt ?? manifest.pushedAt)})`,
    rule.beyondNewest === undefined ? undefined : `not among the newest ${rule.beyondNewest}`,
    rule.artifactTypes === undefined ? undefined : `of the type ${manifest.types.join(' or ')}`,
    rule.semver === undefined ? undefined : `a version within ${rule.semver}`,
    rule.tags === undefined ? undefined : `a tag like ${rule.tags.join(' or ')}`,
  ];
  return said.filter((each) => each !== undefined).join(', ');
}

function time(ms: number): string {
  return new Date(ms).toISOString();
}
