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
    secret: z.string().openapi({ description: "Of the host of the repository: it opens the task's hook alone." }),
    claimSecret: z
      .string()
      .openapi({ description: 'Of a CI that is told of its jobs in public: it signs for a job whole.' }),
    runnerSecret: z.string().openapi({ description: 'By which the runner verifies what it is posted.' }),
    gateSecret: z.string().openapi({ description: 'By which the gate verifies what it is posted.' }),
  })
  .openapi('TaskSecrets', { description: 'The secrets of a task, one for each who deals with it.' });
const contentSchema = z
  .strictObject({ secret: ownSecret('A secret of your own for the hook; absent, one is made.') })
  .openapi('TaskHookContent', { description: 'The secret by which a push needs no other credentials.' });
const hookSchema = z
  .object({ task: text('The name of the task.'), createdAt: time('When its secrets were made.') })
  .openapi('TaskHook', { description: 'That a task has secrets; they are not shown.' });
const takenSchema = z
  .object({
    commit: text('The commit that is built.'),
    build: text('The build; absent while it waits for the end of another.').optional(),
  })
  .openapi('TaskHookTaken', { description: 'What is built because of a push.' });
const ignoredSchema = z
  .object({ ignored: text('Why nothing is built.') })
  .openapi('TaskHookIgnored', { description: 'That a push is about something else.' });

const routes = {
  hook: createRoute({
    method: 'post',
    path: '/tasks/{name}/hook',
    operationId: 'notifyTask',
    summary: 'Tells a task of a push to its repository',
    description: 'A host of git repositories tells of a push. The task is built when its own reference was pushed.',
    security: inboundSecurity,
    request: { params, query: doorQuery },
    responses: {
      ...absent('taskNotFound'),
      ...conflicting('taskWithoutGit'),
      202: json('The task is in line to be built.', takenSchema),
      200: json('The push is about something else.', ignoredSchema),
    },
  }),
  read: createRoute({
    method: 'get',
    path: '/tasks/{name}/hook',
    operationId: 'getTaskHook',
    summary: 'Gets whether a task has secrets',
    description: 'Gets since when a task has secrets for its hook, its runner and its gate; they are not shown.',
    request: { params },
    responses: {
      ...absent('taskNotFound', 'taskHookNotFound'),
      200: json('Since when the task has secrets.', hookSchema),
    },
  }),
  put: createRoute({
    method: 'put',
    path: '/tasks/{name}/hook',
    operationId: 'putTaskHook',
    summary: 'Makes the secrets of a task',
    description:
      'Makes the secrets of a task anew, one for each who deals with it. That of its hook, by which a push needs no ' +
      'other credentials, may be given.',
    request: { params, ...body(contentSchema) },
    responses: {
      ...absent('taskNotFound'),
      ...conflicting('sealingKeyMissing'),
      200: json('The secrets were replaced: this is the only time that they are shown.', shownSecrets),
      201: json('The secrets were made: this is the only time that they are shown.', shownSecrets),
    },
  }),
  remove: createRoute({
    method: 'delete',
    path: '/tasks/{name}/hook',
    operationId: 'deleteTaskHook',
    summary: 'Deletes the secrets of a task',
    description: 'Takes the secrets of a task back.',
    request: { params },
    responses: {
      ...absent('taskNotFound', 'taskHookNotFound'),
      204: { description: 'The secrets prove nothing any more, and nothing is signed with them.' },
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
