import { createRoute, z } from '@hono/zod-openapi';
import {
  absent,
  body,
  conflicting,
  json,
  nameSchema,
  pageOf,
  pageSchema,
  repositoryIn,
  timesSchema,
} from '../../../core/http/management.ts';
import { changeOf } from '../../../core/http/merge-patch.ts';
import { digestSchema } from '../../../core/oci/descriptor.ts';
import { gitContextSchema, taskSettingsSchema, versionSettingsSchema } from '../tasks/documents.ts';
import { text, time } from './shapes.ts';

export const tasksTag = {
  name: 'tasks',
  description: 'Manages the tasks, which say how and when images are built and tested.',
};

const uploaded = z
  .strictObject({
    repository: repositoryIn('The repository to which it was uploaded.', 'contexts'),
    digest: z
      .string()
      .pipe(digestSchema)
      .openapi({ type: 'string', example: `sha256:${'2'.repeat(64)}`, description: 'The digest of the blob.' }),
  })
  .openapi({ description: 'A tar archive, gzip or not, that was uploaded as a blob.' });
const context = z
  .union([uploaded, gitContextSchema.describe('A folder of a git repository.')], {
    error:
      'must be { repository, digest } of an uploaded archive, or { git, ref, folder } of a git repository by https',
  })
  .describe('The build context: an uploaded archive, or a folder of a git repository.');
const versions = z
  .array(
    versionSettingsSchema.extend({
      of: repositoryIn('The repository whose tags are followed.', 'team/base'),
    }),
  )
  .max(10)
  .default([])
  .describe('Arguments that follow the newest tag of a repository within a range.');
const described = { ...taskSettingsSchema.shape, context, versions };
const shown = z
  .object({
    name: text('The name of the task.'),
    ...described,
    bases: z.array(z.string()).openapi({ description: 'The images that its Dockerfile needs.' }),
    found: z.record(z.string(), z.string()).openapi({ description: 'The newest tags of its versions, by argument.' }),
    commit: text('The commit that was read, for a context in git.').optional(),
    dueAt: time('The time of the next build by its schedule.').optional(),
    ...timesSchema,
  })
  .openapi('Task', { description: 'A task, with the images that its Dockerfile needs.' });
const settings = z.strictObject(described).openapi('TaskSettings', { description: 'The settings of a task.' });
const change = changeOf(described).openapi('TaskChange', {
  description: 'The changes of a task: an absent property stays as it is, null sets its default.',
});
const listSchema = pageOf(shown, 'Tasks in the order of their names.').openapi('Tasks', {
  description: 'A page of tasks.',
});
const begun = z
  .object({ build: text('The build; absent while it waits for another one to end.').optional() })
  .openapi('TaskRun', { description: 'The build that the run of a task begins.' });
const params = z.object({ name: nameSchema.openapi({ description: 'The name of a task.', example: 'app' }) });

export const taskRouteTable = {
  list: createRoute({
    method: 'get',
    path: '/tasks',
    operationId: 'listTasks',
    summary: 'Lists the tasks',
    description: 'Lists the tasks of the registry in the order of their names.',
    request: { query: pageSchema },
    responses: { 200: json('A page of tasks.', listSchema) },
  }),
  read: createRoute({
    method: 'get',
    path: '/tasks/{name}',
    operationId: 'getTask',
    summary: 'Gets a task',
    description: 'Gets one task by its name.',
    request: { params },
    responses: { ...absent('taskNotFound'), 200: json('The requested task.', shown) },
  }),
  put: createRoute({
    method: 'put',
    path: '/tasks/{name}',
    operationId: 'putTask',
    summary: 'Creates or replaces a task',
    description: 'Creates a task, or replaces all of it. Its Dockerfile is read at once.',
    request: { params, ...body(settings) },
    responses: {
      ...conflicting('circularBase', 'imageTaken'),
      200: json('The task was replaced.', shown),
      201: json('The task was created.', shown),
    },
  }),
  patch: createRoute({
    method: 'patch',
    path: '/tasks/{name}',
    operationId: 'updateTask',
    summary: 'Changes a task',
    description: 'Changes those properties of a task that the body has. Its Dockerfile is read at once.',
    request: { params, ...body(change) },
    responses: {
      ...absent('taskNotFound'),
      ...conflicting('circularBase', 'imageTaken'),
      200: json('The task as it is now.', shown),
    },
  }),
  remove: createRoute({
    method: 'delete',
    path: '/tasks/{name}',
    operationId: 'deleteTask',
    summary: 'Deletes a task',
    description: 'Deletes a task with its secrets. Its image stays.',
    request: { params },
    responses: { ...absent('taskNotFound'), 204: { description: 'The task was deleted.' } },
  }),
  run: createRoute({
    method: 'post',
    path: '/tasks/{name}/run',
    operationId: 'runTask',
    summary: 'Runs a task',
    description: 'Builds the image of a task, and its dependents.',
    request: { params },
    responses: { ...absent('taskNotFound'), 202: json('The task is in the queue.', begun) },
  }),
};
