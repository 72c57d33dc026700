import type { OpenAPIHono } from '@hono/zod-openapi';
import { defined } from '../../../core/documents/defined.ts';
import { parseStored } from '../../../core/documents/stored.ts';
import { managementRoutes, nextLink } from '../../../core/http/management.ts';
import { changed } from '../../../core/http/merge-patch.ts';
import { learnTag } from '../bases/learn.ts';
import { shownReference } from '../bases/names.ts';
import { deleteInboundSecret } from '../inbound/secrets.ts';
import { buildSoon } from '../plan/build-soon.ts';
import { rootOf } from '../plan/root-of.ts';
import type { BuildPorts } from '../ports.ts';
import type { Task } from '../tasks/documents.ts';
import { taskSchema, taskSettingsSchema } from '../tasks/documents.ts';
import { withoutSecretUrls } from '../tasks/secret-urls.ts';
import { deleteTask, putTask, theTask } from '../tasks/tasks.ts';
import { taskRouteTable as routes, tasksTag } from './tasks-wire.ts';

/** Makes the routes of `/tasks` of the management API. */
export function taskRoutes(ports: BuildPorts): OpenAPIHono {
  const api = managementRoutes(tasksTag);
  const { documents, registry, ids } = ports;
  api.openapi(routes.list, async (context) => {
    const { limit, continuation } = context.req.valid('query');
    const page = await documents.queryDocuments({
      container: 'registries',
      partition: [registry],
      where: [{ path: 'type', is: '=', value: 'task' }],
      orderBy: { path: 'name', direction: 'asc' },
      limit,
      ...defined({ continuation }),
    });
    const items = page.documents.map((found) =>
      show(parseStored(taskSchema, found, { container: 'registries' }).document),
    );
    return context.json({ items, ...nextLink(context.req, page.continuation) }, 200);
  });
  api.openapi(routes.read, async (context) =>
    context.json(show(await theTask(ports, context.req.valid('param').name)), 200),
  );
  api.openapi(routes.put, async (context) => {
    const host = new URL(context.req.url).host;
    const { task, created } = await putTask(ports, context.req.valid('param').name, context.req.valid('json'), host);
    await learnTag(ports, task, task.tag, { hosts: [host], isAgain: true });
    return context.json(show(task), created ? 201 : 200);
  });
  api.openapi(routes.patch, async (context) => {
    const host = new URL(context.req.url).host;
    const before = await theTask(ports, context.req.valid('param').name);
    const after = changed(taskSettingsSchema, before.settings, context.req.valid('json'));
    const { task } = await putTask(ports, before.name, after, host);
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
    ...defined({ commit, dueAt }),
    createdAt,
    updatedAt,
  };
}
