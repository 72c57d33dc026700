import type { OpenAPIHono } from '@hono/zod-openapi';
import { createRoute, z } from '@hono/zod-openapi';
import { defined } from '../../../core/documents/defined.ts';
import { stableUuid } from '../../../core/documents/stable-id.ts';
import { absent, body, conflicting, inboundSecurity, json, managementRoutes } from '../../../core/http/management.ts';
import { readSmallBody } from '../../../core/http/request.ts';
import { RegistryError } from '../../../core/oci/faults.ts';
import { jsonIn } from '../../../core/oci/json.ts';
import { maxNotificationBytes } from '../inbound/let-in.ts';
import { deleteInboundSecret, inboundOf } from '../inbound/secrets.ts';
import { putTaskSecrets } from '../inbound/task-secrets.ts';
import { buildSoon } from '../plan/build-soon.ts';
import { rootOf } from '../plan/root-of.ts';
import type { BuildPorts } from '../ports.ts';
import type { Task } from '../tasks/documents.ts';
import { taskNameSchema } from '../tasks/documents.ts';
import { moveOf, refsPushed } from '../tasks/git-pushed.ts';
import { theTask } from '../tasks/tasks.ts';
import { doorQuery, ownSecret, text, time } from './shapes.ts';
import { tasksTag } from './tasks-wire.ts';

const params = z.object({ name: taskNameSchema });

const shownSecrets = z
  .object({
    secret: z
      .string()
      .openapi({ description: "The secret of the repository's host, which opens the task's hook alone." }),
    claimSecret: z.string().openapi({
      description: 'The secret by which a CI, which is notified of its jobs in public, claims a whole job.',
    }),
    runnerSecret: z
      .string()
      .openapi({ description: 'The secret by which the runner verifies the requests that it gets.' }),
    gateSecret: z.string().openapi({ description: 'The secret by which the gate verifies the requests that it gets.' }),
  })
  .openapi('TaskSecrets', { description: 'The secrets of a task, one for each party.' });
const contentSchema = z
  .strictObject({ secret: ownSecret('A secret of your own for the hook; absent, the registry makes one.') })
  .openapi('TaskHookContent', {
    description: 'The secret by which a git host notifies of pushes without other credentials.',
  });
const hookSchema = z
  .object({ task: text('The name of the task.'), createdAt: time('The time at which its secrets were created.') })
  .openapi('TaskHook', { description: 'The secrets of a task, without their values.' });
const takenSchema = z
  .object({
    commit: text('The commit that is built.'),
    build: text('The build; absent while it waits for another one to end.').optional(),
  })
  .openapi('TaskHookTaken', { description: 'The build that a push begins.' });
const ignoredSchema = z
  .object({ ignored: text('The reason why nothing is built.') })
  .openapi('TaskHookIgnored', { description: 'The answer to a push that does not concern the task.' });

const routes = {
  hook: createRoute({
    method: 'post',
    path: '/tasks/{name}/hook',
    operationId: 'notifyTask',
    summary: "Receives the notification of a push to a task's repository",
    description: 'Receives the notification of a git host. The task is built if its own reference was pushed.',
    security: inboundSecurity,
    request: { params, query: doorQuery },
    responses: {
      ...absent('taskNotFound'),
      ...conflicting('taskWithoutGit'),
      202: json('The task is in the queue.', takenSchema),
      200: json('The push does not concern the task.', ignoredSchema),
    },
  }),
  read: createRoute({
    method: 'get',
    path: '/tasks/{name}/hook',
    operationId: 'getTaskHook',
    summary: 'Gets whether a task has secrets',
    description:
      'Gets whether a task has secrets for its hook, its runner and its gate, and since when, without their values.',
    request: { params },
    responses: {
      ...absent('taskNotFound', 'taskHookNotFound'),
      200: json('The time at which the secrets of the task were created.', hookSchema),
    },
  }),
  put: createRoute({
    method: 'put',
    path: '/tasks/{name}/hook',
    operationId: 'putTaskHook',
    summary: 'Makes the secrets of a task',
    description:
      'Creates new secrets of a task, one for each party. The secret of its hook, with which a ' +
      'notification needs no other credentials, may be given.',
    request: { params, ...body(contentSchema) },
    responses: {
      ...absent('taskNotFound'),
      ...conflicting('sealingKeyMissing'),
      200: json('The secrets were replaced. They are shown only in this answer.', shownSecrets),
      201: json('The secrets were created. They are shown only in this answer.', shownSecrets),
    },
  }),
  remove: createRoute({
    method: 'delete',
    path: '/tasks/{name}/hook',
    operationId: 'deleteTaskHook',
    summary: 'Deletes the secrets of a task',
    description: 'Deletes the secrets of a task. Notifications with them are refused, and nothing is signed with them.',
    request: { params },
    responses: {
      ...absent('taskNotFound', 'taskHookNotFound'),
      204: { description: 'The secrets were deleted.' },
    },
  }),
};

/** Makes the routes of `/tasks/{name}/hook` of the management API, which hosts of git repositories call. */
export function hookRoutes(ports: BuildPorts): OpenAPIHono {
  const api = managementRoutes(tasksTag);
  const unknown = (name: string) =>
    new RegistryError({ is: 'thing-unknown', code: 'taskHookNotFound', what: `secret of the task "${name}"` });
  api.openapi(routes.hook, async (context) => {
    const task = await theTask(ports, context.req.valid('param').name);
    const said = jsonIn(await readSmallBody(context.req.raw, 'notification', maxNotificationBytes));
    const moved = commitToBuild(task, said);
    if ('ignored' in moved) return context.json(moved, 200);
    // The same move is the same event: if it is notified twice it is built once. The commit before is part of it, since
    // a branch may come back to a commit.
    const event = stableUuid('git', ports.registry, task.name, moved.commit, moved.before);
    const build = await buildSoon(ports, rootOf(ports, task, event));
    return context.json({ commit: moved.commit, ...defined({ build }) }, 202);
  });
  api.openapi(routes.read, async (context) => {
    const { name } = await theTask(ports, context.req.valid('param').name);
    const found = await inboundOf(ports, `task:${name}`);
    if (found === undefined) throw unknown(name);
    return context.json({ task: name, createdAt: found.createdAt }, 200);
  });
  api.openapi(routes.put, async (context) => {
    const { name } = await theTask(ports, context.req.valid('param').name);
    const before = await inboundOf(ports, `task:${name}`);
    const secrets = await putTaskSecrets(ports, name, context.req.valid('json').secret);
    return context.json({ ...secrets }, before === undefined ? 201 : 200);
  });
  api.openapi(routes.remove, async (context) => {
    const { name } = await theTask(ports, context.req.valid('param').name);
    if (!(await deleteInboundSecret(ports, `task:${name}`))) throw unknown(name);
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
      code: 'taskWithoutGit',
      why: `the context of task "${name}" is an uploaded archive: a push to a git repository does not change it`,
    });
  if (!enabled) return { ignored: `task "${name}" is disabled` };
  const refs = refsPushed(said);
  const move = moveOf(context, refs);
  if (move?.commit !== undefined) return { commit: move.commit, before: move.before };
  return {
    ignored:
      refs.length === 0
        ? 'the notification is not about a push'
        : `the notification is about ${refs
            .slice(0, 5)
            .map(({ ref }) => ref)
            .join(', ')}, and the task builds ${context.ref}`,
  };
}
