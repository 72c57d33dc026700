import { z } from 'zod';
import type { GitContext } from './documents.ts';

/** A reference that a host of repositories says was moved; without a commit it was deleted. */
export interface PushedRef {
  readonly ref: string;
  readonly commit?: string | undefined;
  /** Where it was; absent when it is new, or its host does not say. */
  readonly before?: string | undefined;
}

const commit = z
  .string()
  .regex(/^[0-9a-f]{40}$/)
  .transform((id) => (/^0+$/.test(id) ? undefined : id));
const ref = z.string().min(1).max(500);

/** GitHub, Gitea, Forgejo; GitLab has the same two. */
const pushed = z
  .object({ ref, after: commit, before: commit.optional() })
  .transform(({ ref: name, after, before }): PushedRef[] => [{ ref: name, commit: after, before }]);
/** Azure DevOps, `git.push`. */
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
/** Bitbucket Cloud, `repo:push`. */
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
 * What a webhook of GitHub, GitLab, Gitea, Azure DevOps or Bitbucket says was pushed; nothing where it is about
 * something else, as a ping is.
 */
export function refsPushed(said: unknown): readonly PushedRef[] {
  return body.safeParse(said).data ?? [];
}

/** The move of a context's reference to a commit, if there was one. */
export function moveOf(context: GitContext, refs: readonly PushedRef[]): PushedRef | undefined {
  return refs.find(
    ({ ref: name, commit: at }) =>
      at !== undefined && [context.ref, `refs/heads/${context.ref}`, `refs/tags/${context.ref}`].includes(name),
  );
}
