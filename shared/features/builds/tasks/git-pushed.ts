import { z } from 'zod';
import type { GitContext } from './documents.ts';

/** A reference that was moved according to a host of repositories; without a commit it was deleted. */
export interface PushedRef {
  readonly ref: string;
  readonly commit?: string | undefined;
  /** The commit before; absent if the reference is new, or its host does not say. */
  readonly before?: string | undefined;
}

const commit = z
  .string()
  .regex(/^[0-9a-f]{40}$/)
  .transform((id) => (/^0+$/.test(id) ? undefined : id));
const ref = z.string().min(1).max(500);

/** The body of GitHub, Gitea and Forgejo; GitLab has the same two fields. */
const pushed = z
  .object({ ref, after: commit, before: commit.optional() })
  .transform(({ ref: name, after, before }): PushedRef[] => [{ ref: name, commit: after, before }]);
/** The body of Azure DevOps, `git.push`. */
const devops = z
  .object({
    eventType: z.literal('git.push'),
    resource: z.object({
      refUpdates: z.array(z.object({ name: ref, newObjectId: commit, oldObjectId: commit.optional() })).max(1_000),
    }),
  })
  .transform(({ resource }): PushedRef[] =>
    resource.refUpdates.map(({ name, newObjectId, oldObjectId }) => ({
      ref: name,
      commit: newObjectId,
      before: oldObjectId,
    })),
  );
/** The body of Bitbucket Cloud, `repo:push`. */
const bitbucket = z
  .object({
    push: z.object({
      changes: z
        .array(
          z.object({
            old: z.object({ target: z.object({ hash: commit }) }).nullish(),
            new: z.object({ type: z.enum(['branch', 'tag']), name: ref, target: z.object({ hash: commit }) }).nullish(),
          }),
        )
        .max(1_000),
    }),
  })
  .transform(({ push }): PushedRef[] =>
    push.changes.flatMap(({ new: there, old }) =>
      there === null || there === undefined
        ? []
        : [
            {
              ref: `${there.type === 'tag' ? 'refs/tags' : 'refs/heads'}/${there.name}`,
              commit: there.target.hash,
              before: old?.target.hash,
            },
          ],
    ),
  );

const body = z.union([devops, bitbucket, pushed]);

/**
 * Returns what was pushed according to a webhook of GitHub, GitLab, Gitea, Azure DevOps or Bitbucket; empty if it is
 * about something else, such as a ping.
 */
export function refsPushed(said: unknown): readonly PushedRef[] {
  return body.safeParse(said).data ?? [];
}

/** Returns the move of a context's reference to a commit, if there was one. */
export function moveOf(context: GitContext, refs: readonly PushedRef[]): PushedRef | undefined {
  return refs.find(
    ({ ref: name, commit: at }) =>
      at !== undefined && [context.ref, `refs/heads/${context.ref}`, `refs/tags/${context.ref}`].includes(name),
  );
}
