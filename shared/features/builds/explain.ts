import { defined } from '../../core/documents/defined.ts';
import { tagDocumentSchema, tagRef } from '../../core/documents/manifest.ts';
import { readStored } from '../../core/documents/stored.ts';
import type { PushedBy } from '../../core/oci/principal.ts';
import { areCurrent } from './bases/current.ts';
import type { BaseFound, Learned, TaggedImage } from './bases/documents.ts';
import { learnedRef, learnedSchema } from './bases/documents.ts';
import type { BaseReference } from './bases/names.ts';
import { ownRepository, shownReference } from './bases/names.ts';
import type { Build, BuildQueue, Node, Root } from './plan/documents.ts';
import { nameIn, nodeRef, nodeSchema } from './plan/documents.ts';
import { latestBuilds } from './plan/list.ts';
import { permitFor } from './plan/permits.ts';
import { policyFor, readPolicies } from './plan/policies.ts';
import { readQueue } from './plan/queue.ts';
import type { Rule } from './plan/rules.ts';
import { ruleOf } from './plan/rules.ts';
import type { BuildPorts } from './ports.ts';
import { taskOf } from './tasks/tasks.ts';
import { listingOf, notListed } from './upstream/listed.ts';

/**
 * The reason why an image was or was not made anew: one word for programs, a sentence for people, and the place where
 * it can be seen.
 */
export interface Explanation {
  readonly reason: Reason;
  readonly why: string;
  readonly build?: string;
}

export const reasons = [
  'image-unknown',
  'not-learned-yet',
  'not-a-dependent',
  'circle',
  'pinned-to-a-digest',
  'another-registry',
  'registry-not-listed',
  'base-not-permitted',
  'base-unknown',
  'no-policy',
  'policy-disabled',
  'policy-only-notifies',
  'notified',
  'up-to-date',
  'waits-for-a-build',
  'waits-for-a-base',
  'waits-for-its-turn',
  'ready',
  'being-made',
  'made',
  'needed-nothing',
  'failed',
  'test-failed',
  'stopped',
  'cancelled',
  'not-updated-since',
] as const;
type Reason = (typeof reasons)[number];

/** Explains it from stored facts alone. Throws `StoreFailure`. */
export async function explain(ports: BuildPorts, image: TaggedImage, base: BaseReference): Promise<Explanation> {
  const [at, learned] = await Promise.all([
    readStored(ports.documents, tagDocumentSchema, tagRef(image, image.tag)),
    readStored(ports.documents, learnedSchema, learnedRef(image, image.tag)),
  ]);
  const name = `${image.repository}:${image.tag}`;
  if (at === undefined) return neverMade(ports, image);
  if (learned?.document.digest !== at.document.digest)
    return {
      reason: 'not-learned-yet',
      why: `${name} was pushed a moment ago, and its bases are not known yet`,
    };
  const [task, policies] = await Promise.all([taskOf(ports, image), readPolicies(ports.documents, ports.registry)]);
  const rule = ruleOf(task, policyFor(policies, image));
  const edge = findEdge(learned.document, base, rule);
  if ('reason' in edge) return edge;
  // A builder fetches the base from there; for a rebase it must be here.
  if (!edge.base.startsWith('own:') && rule?.mode !== 'rebuild' && rule?.mode !== 'rebase-else-rebuild')
    return inAnotherRegistry(edge, name);
  const unfit = explainByRule(name, rule);
  if (unfit !== undefined && unfit.reason !== 'policy-only-notifies') return unfit;
  if (rule !== undefined) {
    const barred = await whyBarred(ports, image, { edge, rule, pushedBy: at.document.pushedBy });
    if (barred !== undefined) return barred;
  }
  return (await explainByBuilds(ports, image, edge)) ?? unfit ?? (await explainByDigest(ports, name, edge));
}

/** Explains why there is no such image: the task that would build it may have tried. */
async function neverMade(ports: BuildPorts, image: TaggedImage): Promise<Explanation> {
  const name = `${image.repository}:${image.tag}`;
  const task = await taskOf(ports, image);
  if (task === undefined) return { reason: 'image-unknown', why: `there is no ${name}` };
  for (const build of await latestBuilds(ports)) {
    const node = (await readStored(ports.documents, nodeSchema, nodeRef(build.build, image)))?.document;
    if (node === undefined) continue;
    const { reason, why } = explainByNode(build, node);
    return {
      reason,
      why: `there is no ${name} yet; its task "${task.name}" makes it in the build ${build.build}: ${why}`,
      build: build.build,
    };
  }
  return {
    reason: 'image-unknown',
    why: `there is no ${name} yet; its task "${task.name}" makes it, and no recent build has tried: POST /api/v1/tasks/${task.name}/run`,
  };
}

function findEdge(
  { repository, tag, bases, refused, leftOut = 0 }: Learned,
  base: BaseReference,
  rule: Rule | undefined,
): BaseFound | Explanation {
  const [name, shown] = [`${repository}:${tag}`, shownReference(base)];
  const circle = refused.find((each) => each.base === shown);
  if (circle !== undefined)
    return { reason: 'circle', why: `${shown} is built on ${name} itself: ${circle.path.join(' is built on ')}` };
  const there = bases.filter((each) => each.base === base.base);
  const followed = there.find((each) => each.digest === undefined && each.tag === base.tag);
  if (followed !== undefined) return followed;
  const pinned = there.find((each) => each.digest !== undefined && (each.tag === undefined || each.tag === base.tag));
  if (pinned?.tag !== undefined && rule?.bumpsPins === true) return pinned;
  if (pinned !== undefined)
    return {
      reason: 'pinned-to-a-digest',
      why:
        `${name} names ${shownReference(pinned)}: a digest does not ` +
        `move${pinned.tag === undefined ? '' : ', unless its task or policy says "pins": "bump"'}`,
    };
  const others = bases.map(shownReference).join(', ');
  return {
    reason: 'not-a-dependent',
    why:
      others === ''
        ? `no base of ${name} is known: it has no annotation of a base, no provenance, and does not begin ` +
          'with the layers of a known image'
        : `${name} is built on ${others}${
            leftOut === 0 ? '' : `; it names ${leftOut} more, and of one ` + `image ${bases.length} are kept`
          }`,
  };
}

function inAnotherRegistry(edge: BaseFound, name: string): Explanation {
  return {
    reason: 'another-registry',
    why:
      `${shownReference(edge)} is in another registry, but a rebase of ${name} needs it here: push it ` +
      'to this registry, and build on that',
  };
}

/** Returns what would keep the image from being followed now, no matter what was done before. */
async function whyBarred(
  ports: BuildPorts,
  image: TaggedImage,
  { edge, rule, pushedBy }: { readonly edge: BaseFound; readonly rule: Rule; readonly pushedBy: PushedBy | undefined },
): Promise<Explanation | undefined> {
  if (!edge.base.startsWith('own:')) {
    const isWatched = edge.tag === undefined || (await listingOf(ports, edge.base, edge.tag)) !== 'not listed';
    return isWatched
      ? undefined
      : { reason: 'registry-not-listed', why: `${shownReference(edge)} is not watched: ${notListed(edge.base)}` };
  }
  const permit = await permitFor(ports, { image, pushedBy, base: edge.base, found: edge.found, rule });
  return permit.is === 'refused'
    ? {
        reason: 'base-not-permitted',
        why: `${image.repository}:${image.tag} does not follow ${shownReference(edge)}: ${permit.why}`,
      }
    : undefined;
}

function explainByRule(name: string, rule: Rule | undefined): Explanation | undefined {
  if (rule === undefined)
    return {
      reason: 'no-policy',
      why: `no task of /api/v1/tasks makes ${name}, and no policy of ` + '/api/v1/builds/policies covers it',
    };
  if (!rule.isOn)
    return {
      reason: 'policy-disabled',
      why: `the ${rule.by}, which covers ${name}, is disabled, or is not for updates of bases`,
    };
  return rule.mode === 'notify'
    ? { reason: 'policy-only-notifies', why: `the ${rule.by} only publishes an event for ${name}, and builds nothing` }
    : undefined;
}

/** Explains by the newest build that has the image, or that it waits for. */
async function explainByBuilds(
  ports: BuildPorts,
  image: TaggedImage,
  { base, tag }: BaseFound,
): Promise<Explanation | undefined> {
  const queue = (await readQueue(ports))?.document;
  const waits = queue?.waiting.find((root) => root.base === base && root.tag === tag);
  if (waits !== undefined)
    return {
      reason: 'waits-for-a-build',
      why:
        `${shownReference({ base, tag })} was updated at ${waits.updatedAt}, and waits until ` +
        `${waits.heldBy === undefined ? 'a build under way' : 'the build that makes the same images'} has ended`,
      ...heldByOf(waits, queue),
    };
  for (const build of await latestBuilds(ports)) {
    if (build.state === 'planning' && build.roots.some((root) => root.base === base && root.tag === tag))
      return {
        reason: 'waits-for-a-build',
        why: `the builds for the update of ${shownReference({ base, tag })} are being planned`,
        build: build.build,
      };
    const node = (await readStored(ports.documents, nodeSchema, nodeRef(build.build, image)))?.document;
    if (node?.bases.some((each) => each.base === base && each.tag === tag) === true)
      return { ...explainByNode(build, node), build: build.build };
  }
  return undefined;
}

function heldByOf({ heldBy }: Root, queue: BuildQueue | undefined): { build?: string } {
  const build = heldBy ?? queue?.active[0];
  return defined({ build });
}

function explainByNode({ endedAt, createdAt }: Build, node: Node): Explanation {
  const at = node.endedAt ?? endedAt ?? createdAt;
  switch (node.state) {
    case 'waiting':
      return {
        reason: 'waits-for-a-base',
        why: `it waits for ${node.waitsFor.map(({ node: id }) => nameIn(id)).join(', ')}`,
      };
    case 'ready':
      if (node.turnAt !== undefined && node.dueAt === node.turnAt)
        return {
          reason: 'waits-for-its-turn',
          why: `its ${node.by} has used all its builds of this hour; the next one begins at ${node.turnAt}`,
        };
      return { reason: 'ready', why: 'it is next in the queue' };
    case 'running':
      return { reason: 'being-made', why: `it is being built, attempt ${node.attempts}` };
    case 'succeeded':
      return {
        reason: 'made',
        why:
          `it was built at ${at}: ${node.digest ?? ''} in place of ` +
          `${node.digestBefore ?? ''}${
            node.conflicts === undefined ? '' : `; kept of the image: ` + node.conflicts.join(', ')
          }`,
      };
    case 'same':
      return { reason: 'needed-nothing', why: `at ${at} it was on the new base already` };
    case 'notified':
      return { reason: 'notified', why: `the event that it is due was published at ${at}; its policy builds nothing` };
    case 'failed':
      if (node.isGated === true)
        return {
          reason: 'test-failed',
          why:
            `${node.digest ?? ''} was built at ${at}, and its tag stays at ` +
            `${node.digestBefore ?? 'nothing'}: ${node.because ?? ''}${whereLogged(node)}`,
        };
      return {
        reason: 'failed',
        why: `it failed at ${at}, and its tag stays: ${node.because ?? ''}${whereLogged(node)}`,
      };
    case 'stopped':
      if (node.isCancelled === true)
        return { reason: 'cancelled', why: `its build was cancelled at ${at}, and its tag stays` };
      return { reason: 'stopped', why: `it was not begun: ${node.because ?? ''}` };
  }
}

/** Says where the log is. A rebase runs nothing that would write one. */
function whereLogged({ build, repository, tag, madeBy }: Node): string {
  return madeBy === undefined ? '' : `; its log: GET /api/v1/builds/${build}/log?image=${repository}:${tag}`;
}

async function explainByDigest(ports: BuildPorts, name: string, edge: BaseFound): Promise<Explanation> {
  const repository = ownRepository(ports.registry, edge.base);
  const shown = shownReference(edge);
  if (repository === undefined)
    return {
      reason: 'not-updated-since',
      why: `no check of ${shown} has found another digest since ${name} was pushed`,
    };
  const there =
    edge.tag === undefined
      ? undefined
      : await readStored(
          ports.documents,
          tagDocumentSchema,
          tagRef({ registry: ports.registry, repository }, edge.tag),
        );
  if (there === undefined) return { reason: 'base-unknown', why: `there is no ${shown} in this registry` };
  const [isCurrent] = await areCurrent(ports, ports.registry, edge, [edge]);
  if (isCurrent === true) return { reason: 'up-to-date', why: `${name} is built on the current image of ${shown}` };
  return {
    reason: 'not-updated-since',
    why: `${shown} has not moved since ${name} was pushed: no later image than ${there.document.digest} is known`,
  };
}
