import type { OpenAPIHono } from '@hono/zod-openapi';
import { createRoute, z } from '@hono/zod-openapi';
import { stableUuid } from '../../../core/documents/stable-id.ts';
import { body, json, managementRoutes, refusals } from '../../../core/http/management.ts';
import { readSmallBody } from '../../../core/http/request.ts';
import { RegistryError } from '../../../core/oci/faults.ts';
import { jsonIn } from '../../../core/oci/json.ts';
import { maxNotificationBytes } from '../inbound/let-in.ts';
import { deleteInboundSecret } from '../inbound/secrets.ts';
import { putTaskSecrets } from '../inbound/task-secrets.ts';
import { buildSoon } from '../plan/build-soon.ts';
import { rootOf } from '../plan/root-of.ts';
import type { BuildPorts } from '../ports.ts';
import type { Task } from '../tasks/documents.ts';
import { taskNameSchema } from '../tasks/documents.ts';
import { moveOf, refsPushed } from '../tasks/git-pushed.ts';
import { theTask } from '../tasks/tasks.ts';
import { doorQuery } from './wire.ts';

const params = z.object({ name: taskNameSchema });

const shownSecrets = z.object({
  secret: z.string().openapi({ description: "Of the host of the repository: it opens the task's hook alone." }),
  claimSecret: z
    .string()
    .openapi({ description: 'Of a CI that is told of its jobs in public: it signs for a job whole.' }),
  runnerSecret: z.string().openapi({ description: 'By which the runner verifies what it is posted.' }),
  gateSecret: z.string().openapi({ description: 'By which the gate verifies what it is posted.' }),
});

const routes = {
  hook: createRoute({
    method: 'post',
    path: '/tasks/{name}/hook',
    summary: 'A host of repositories says that something was pushed: the task is built when its own reference was',
    request: { params, query: doorQuery },
    responses: {
      ...refusals,
      202: json(
        'In line; the build that makes it, unless it waits for the end of another.',
        z.object({ commit: z.string(), build: z.string().optional() }),
      ),
      200: json('It is about something else.', z.object({ ignored: z.string() })),
    },
  }),
  put: createRoute({
    method: 'put',
    path: '/tasks/{name}/hook',
    summary:
      'Makes the secrets of a task anew, one for each who deals with it; that of its hook, by which a push needs ' +
      'no other credentials, may be given',
    request: { params, ...body(z.strictObject({ secret: z.string().min(16).max(200).optional() })) },
    responses: { ...refusals, 200: json('They: this is the only time that they are shown.', shownSecrets) },
  }),
  remove: createRoute({
    method: 'delete',
    path: '/tasks/{name}/hook',
    summary: 'Takes those secrets back',
    request: { params },
    responses: { ...refusals, 204: { description: 'They prove nothing any more, and nothing is signed with them.' } },
  }),
};

/** `/tasks/{name}/hook` of the management API: what hosts of git repositories call. */
export function hookRoutes(ports: BuildPorts): OpenAPIHono {
  const api = managementRoutes();
  api.openapi(routes.hook, async (context) => {
    const task = await theTask(ports, context.req.valid('param').name);
    const said = jsonIn(await readSmallBody(context.req.raw, 'notification', maxNotificationBytes));
    const moved = commitToBuild(task, said);
    if ('ignored' in moved) return context.json(moved, 200);
    // The same move is the same event: whoever tells of it twice has it built once. A branch may come back to a commit.
    const event = stableUuid('git', ports.registry, task.name, moved.commit, moved.before);
    const build = await buildSoon(ports, rootOf(ports, task, event));
    return context.json({ commit: moved.commit, ...(build === undefined ? {} : { build }) }, 202);
  });
  api.openapi(routes.put, async (context) => {
    const { name } = await theTask(ports, context.req.valid('param').name);
    return context.json(await putTaskSecrets(ports, name, context.req.valid('json').secret), 200);
  });
  api.openapi(routes.remove, async (context) => {
    const { name } = await theTask(ports, context.req.valid('param').name);
    await deleteInboundSecret(ports, `task:${name}`);
    return context.body(null, 204);
  });
  return api;
}

function commitToBuild(
  { name, settings: { context, enabled } }: Task,
  said: unknown,
): { commit: string; before: string | undefined } | { ignored: string } {
  if (!('git' in context))
    throw new RegistryError({
      is: 'conflict',
      why: `the context of task "${name}" is an uploaded archive: a push to a repository changes nothing about it`,
    });
  if (!enabled) return { ignored: `task "${name}" is disabled` };
  const refs = refsPushed(said);
  const move = moveOf(context, refs);
  if (move?.commit !== undefined) return { commit: move.commit, before: move.before };
  return {
    ignored:
      refs.length === 0
        ? 'it tells of no push'
        : `it tells of ${refs
            .slice(0, 5)
            .map(({ ref }) => ref)
            .join(', ')}, and the task builds ${context.ref}`,
  };
}
