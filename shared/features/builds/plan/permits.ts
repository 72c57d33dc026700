import { tagDocumentSchema, tagRef } from '../../../core/documents/manifest.ts';
import { readStored } from '../../../core/documents/stored.ts';
import type { RepositoryName } from '../../../core/oci/name.ts';
import type { PushedBy } from '../../../core/oci/principal.ts';
import { principalInWords } from '../../../core/oci/principal.ts';
import { globMatches } from '../../../core/rules/pattern.ts';
import type { BaseFound, TaggedImage } from '../bases/documents.ts';
import { ownRepository } from '../bases/names.ts';
import type { BuildPorts } from '../ports.ts';
import { mayTaskPull } from '../tasks/pulls.ts';
import { readTask } from '../tasks/tasks.ts';
import type { Rule } from './rules.ts';

/**
 * The answer whether an image may be put on a base in the registry's own name. `layers`: only if it begins with the old
 * base's layers by their digests, since nobody vouches for its pusher, and a config may claim any contents.
 */
export type Permit =
  { readonly is: 'permitted'; readonly by: 'word' | 'layers' } | { readonly is: 'refused'; readonly why: string };

/** An image and one of its bases, with the facts that decide. */
export interface Relation {
  readonly image: TaggedImage;
  readonly pushedBy: PushedBy | undefined;
  readonly base: string;
  /** The evidence that it is built on that base. */
  readonly found: BaseFound['found'];
  readonly rule: Pick<Rule, 'mode' | 'made' | 'onto'>;
}

const byWord: Permit = { is: 'permitted', by: 'word' };
const refused = (why: string): Permit => ({ is: 'refused', why });

/**
 * Decides whether an image may be put on a base. A base's layers are handed to every reader of the image, so its pusher
 * must be able to pull that base now, or an administrator must have said that they belong together: in the task that
 * makes the image, or in the policy. This is checked when a build is planned and again when the image is made, since
 * rights end. Throws `StoreFailure`.
 */
export async function permitFor(ports: BuildPorts, relation: Relation): Promise<Permit> {
  const { image, pushedBy, base, found, rule } = relation;
  const repository = ownRepository(ports.registry, base);
  // A builder fetches bases of another registry from there, and nothing is rebased onto them. Images of one repository
  // have the same readers.
  if (repository === undefined || repository === image.repository || rule.mode === 'notify') return byWord;
  const said = await saidByAdministrator(ports, relation, repository);
  if (said.is === 'refused' || rule.mode === 'rebuild') return said.is === 'refused' ? said : byWord;
  if (ports.grants.isOpen) return byWord;
  // Everybody who may push somewhere can make an image that others begin with: layers alone are no reason to follow it.
  if (rule.onto === undefined && found.every(({ evidence }) => evidence === 'layers'))
    return refused(
      `only its layers say that it is built on ${repository}, which anybody can forge: name the base ` +
        'in the image, or in the policy\'s "bases"',
    );
  if (
    (await ports.grants.everyoneMayPull(repository)) ||
    (pushedBy !== undefined && (await mayPusher(ports, image, pushedBy, repository)))
  )
    return byWord;
  if (said.is === 'said') return { is: 'permitted', by: 'layers' };
  const because =
    pushedBy === undefined
      ? 'it is not known who pushed it'
      : `it was pushed by ${principalInWords(pushedBy.who)}, who may not pull ${repository} now`;
  return refused(
    `${because}: somebody who may pull ${repository} must push it again, or add ${repository} to ` +
      'the "bases" of its policy',
  );
}

/** Checks what tasks and policies say of the base; `silent` if neither names bases. */
async function saidByAdministrator(
  ports: BuildPorts,
  { rule }: Relation,
  repository: RepositoryName,
): Promise<{ is: 'said' | 'silent' } | { is: 'refused'; why: string }> {
  if (rule.made !== undefined)
    return (await mayTaskPull(ports, rule.made, repository))
      ? { is: 'said' }
      : {
          is: 'refused',
          why: `its task "${rule.made.name}" may not pull ${repository}: add it to the task's "pulls" if that is right`,
        };
  if (rule.onto === undefined) return { is: 'silent' };
  const { include, exclude } = rule.onto;
  const isNamed =
    include.some((each) => globMatches(each, repository)) && !exclude.some((each) => globMatches(each, repository));
  return isNamed ? { is: 'said' } : { is: 'refused', why: `the "bases" of its policy do not name ${repository}` };
}

/**
 * Says whether the pusher may pull the base. An image that a task has made is as good as the task: a task of another
 * repository, or one that was deleted, vouches for nothing.
 */
async function mayPusher(
  ports: BuildPorts,
  { repository: of }: TaggedImage,
  pushedBy: PushedBy,
  repository: RepositoryName,
): Promise<boolean> {
  if (pushedBy.who.is !== 'task') return ports.grants.mayPull(pushedBy, repository);
  const task = await readTask(ports, pushedBy.who.name);
  return (
    task !== undefined &&
    task.repository === of &&
    task.createdAt <= pushedBy.at &&
    mayTaskPull(ports, task, repository)
  );
}

/** Reads the pusher of the image that a tag points at now. Throws `StoreFailure`. */
export async function pusherOf(
  { documents }: Pick<BuildPorts, 'documents'>,
  image: TaggedImage,
): Promise<PushedBy | undefined> {
  return (await readStored(documents, tagDocumentSchema, tagRef(image, image.tag)))?.document.pushedBy;
}
