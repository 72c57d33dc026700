import type { OpenAPIHono } from '@hono/zod-openapi';
import { createRoute, z } from '@hono/zod-openapi';
import { repositorySchema } from '../../../core/documents/names.ts';
import { parseStored } from '../../../core/documents/stored.ts';
import { body, json, managementRoutes, pageSchema, refusals, timesSchema } from '../../../core/http/management.ts';
import { digestSchema } from '../../../core/oci/descriptor.ts';
import { learnTag } from '../edges/learn.ts';
import { shownReference } from '../edges/names.ts';
import { deleteInboundSecret } from '../inbound/secrets.ts';
import { buildSoon } from '../plan/build-soon.ts';
import { rootOf } from '../plan/root-of.ts';
import type { BuildPorts } from '../ports.ts';
import type { Task } from '../tasks/documents.ts';
import {
  gitContextSchema,
  taskNameSchema,
  taskSchema,
  taskSettingsSchema,
  versionSettingsSchema,
} from '../tasks/documents.ts';
import { withoutSecretUrls } from '../tasks/secret-urls.ts';
import { deleteTask, putTask, theTask } from '../tasks/tasks.ts';

const uploaded = z
  .strictObject({
    repository: z.string().pipe(repositorySchema).openapi({ type: 'string', example: 'contexts' }),
    digest: z
      .string()
      .pipe(digestSchema)
      .openapi({ type: 'string', example: `sha256:${'2'.repeat(64)}` }),
  })
  .openapi({ description: 'A tar archive, gzip or not, that was uploaded as a blob.' });
const context = z.union([uploaded, gitContextSchema.describe('A folder of a git repository.')], {
  error: 'must be { repository, digest } of an uploaded archive, or { git, ref, folder }: a repository by https',
});
const versions = z
  .array(
    versionSettingsSchema.extend({
      of: z.string().pipe(repositorySchema).openapi({ type: 'string', example: 'team/base' }),
    }),
  )
  .max(10)
  .default([])
  .openapi({ description: 'Arguments that follow the newest tag of a repository within a range.' });
const described = { ...taskSettingsSchema.shape, context, versions };
const shown = z
  .object({
    name: z.string(),
    ...described,
    bases: z.array(z.string()).openapi({ description: 'What its Dockerfile needs.' }),
    found: z
      .record(z.string(), z.string())
      .openapi({ description: 'The tags that its versions have found, by argument.' }),
    commit: z.string().optional().openapi({ description: 'Where that was read, of a context in git.' }),
    dueAt: z.string().optional().openapi({ format: 'date-time' }),
    ...timesSchema,
  })
  .openapi('Task');
const settings = z.strictObject(described).openapi('TaskSettings');
const params = z.object({ name: taskNameSchema });

const routes = {
  list: createRoute({
    method: 'get',
    path: '/tasks',
    summary: 'How images are made',
    request: { query: pageSchema },
    responses: {
      ...refusals,
      200: json('By name.', z.object({ tasks: z.array(shown), continuation: z.string().optional() })),
    },
  }),
  read: createRoute({
    method: 'get',
    path: '/tasks/{name}',
    summary: 'One of them',
    request: { params },
    responses: { ...refusals, 200: json('It.', shown) },
  }),
  put: createRoute({
    method: 'put',
    path: '/tasks/{name}',
    summary: 'Makes a task, or changes it; its Dockerfile is read now',
    request: { params, ...body(settings) },
    responses: { ...refusals, 200: json('So it is.', shown) },
  }),
  remove: createRoute({
    method: 'delete',
    path: '/tasks/{name}',
    summary: 'Removes a task; its image stays',
    request: { params },
    responses: { ...refusals, 204: { description: 'It is gone.' } },
  }),
  run: createRoute({
    method: 'post',
    path: '/tasks/{name}/run',
    summary: 'Builds its image, and what is built on that',
    request: { params },
    responses: {
      ...refusals,
      202: json(
        'In line; the build that makes it, unless it waits for the end of another that makes the same images.',
        z.object({ build: z.string().optional() }),
      ),
    },
  }),
};

/** `/tasks` of the management API. */
export function taskRoutes(ports: BuildPorts): OpenAPIHono {
  const api = managementRoutes();
  const { documents, registry, ids } = ports;
  api.openapi(routes.list, async (context) => {
    const { limit, continuation } = context.req.valid('query');
    const page = await documents.queryDocuments({
      container: 'registries',
      partition: [registry],
      where: [{ path: 'type', is: '=', value: 'task' }],
      orderBy: { path: 'name', direction: 'asc' },
      limit,
      ...(continuation === undefined ? {} : { continuation }),
    });
    const tasks = page.documents.map((found) =>
      show(parseStored(taskSchema, found, { container: 'registries' }).document),
    );
    return context.json(
      { tasks, ...(page.continuation === undefined ? {} : { continuation: page.continuation }) },
      200,
    );
  });
  api.openapi(routes.read, async (context) =>
    context.json(show(await theTask(ports, context.req.valid('param').name)), 200),
  );
  api.openapi(routes.put, async (context) => {
    const host = new URL(context.req.url).host;
    const task = await putTask(ports, context.req.valid('param').name, context.req.valid('json'), host);
    await learnTag(ports, task, task.tag, { hosts: [host], isAgain: true });
    return context.json(show(task), 200);
  });
  api.openapi(routes.remove, async (context) => {
    const task = await theTask(ports, context.req.valid('param').name);
    await deleteTask(ports, task);
    await deleteInboundSecret(ports, `task:${task.name}`);
    await learnTag(ports, task, task.tag, { isAgain: true });
    return context.body(null, 204);
  });
  api.openapi(routes.run, async (context) => {
    const task = await theTask(ports, context.req.valid('param').name);
    const build = await buildSoon(ports, rootOf(ports, task, ids.nextId()));
    return context.json(build === undefined ? {} : { build }, 202);
  });
  return api;
}

function show({ name, settings: all, bases, versions: at, commit, dueAt, createdAt, updatedAt }: Task) {
  return {
    name,
    ...withoutSecretUrls(all),
    bases: bases.map(shownReference),
    found: Object.fromEntries(Object.entries(at).map(([argument, { tag }]) => [argument, tag])),
    ...(commit === undefined ? {} : { commit }),
    ...(dueAt === undefined ? {} : { dueAt }),
    createdAt,
    updatedAt,
  };
}
