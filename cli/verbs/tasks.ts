import type { components } from '../../generated/api.d.ts';
import { dataOf } from '../registry/data.ts';
import { itemsOf } from '../registry/pages.ts';
import { timeOf } from '../text/words.ts';
import type { Verb } from '../verb.ts';
import { dryRunFlag, yesFlag } from '../verb.ts';
import type { Kind } from './kinds.ts';
import { createOf, editOf, lsOf, removeOf, showOf, switchesOf } from './kinds.ts';

type Task = components['schemas']['Task'];

function contextOf({ context }: Task): string {
  if (!('git' in context)) return `${context.repository}@${context.digest}`;
  return [context.git, context.ref, context.folder].filter((part) => part !== '').join(' ');
}

function stateOf({ enabled, onBaseUpdate }: Task): string {
  if (!enabled) return 'disabled';
  return onBaseUpdate ? 'enabled' : 'by request';
}

const kind: Kind<Task> = {
  group: 'tasks',
  one: 'task',
  takes: '<task>',
  example: 'app',
  all: (registry) => itemsOf(registry, '/tasks', { query: { limit: 100 } }),
  get: async (api, name) => dataOf(await api.GET('/tasks/{name}', { params: { path: { name } } })),
  list: {
    columns: [
      { title: 'NAME', text: ({ name }) => name },
      { title: 'STATE', isState: true, text: stateOf },
      { title: 'IMAGE', mayShrink: true, text: ({ image }) => image },
      { title: 'BUILT OF', mayShrink: true, text: contextOf },
      { title: 'BASES', mayShrink: true, text: ({ bases }) => bases.join(', ') },
      { title: 'NEXT RUN', text: ({ dueAt }) => timeOf(dueAt), raw: ({ dueAt }) => dueAt },
    ],
    nameOf: ({ name }) => name,
    whenEmpty: 'There is no task: tasks create NAME < task.json makes one.',
  },
  linesOf: (task) => [
    ['task', task.name],
    ['state', stateOf(task)],
    ['image', [task.image, ...task.tags].join(', ')],
    ['built of', contextOf(task)],
    ['commit', task.commit],
    ['dockerfile', task.dockerfile],
    ['stage', task.target],
    ['platforms', (task.platforms ?? [task.platform]).join(', ')],
    ['bases', task.bases.join(', ')],
    ['mode', task.mode],
    ['runner', task.runner === undefined ? undefined : Object.keys(task.runner).join(', ')],
    ['next run', timeOf(task.dueAt)],
    ['changed', timeOf(task.updatedAt)],
  ],
};

const run: Verb = {
  name: 'run',
  does: 'Builds the image of a task now',
  takes: '<task>',
  examples: ['tasks run app', 'tasks run app -o name'],
  async run({ connect, output }, given) {
    const api = await (await connect()).api;
    const begun = dataOf(await api.POST('/tasks/{name}/run', { params: { path: { name: given.at(0) } } }));
    await output.one(begun, {
      name: begun.build ?? '',
      lines: [['build', begun.build ?? 'it begins when the build before it has ended: builds ls shows it']],
    });
  },
};

const hook: Verb = {
  name: 'hook',
  does: 'Says since when a task has the secrets of its hook, its runner, its gate and its CI',
  takes: '<task>',
  examples: ['tasks hook app'],
  async run({ connect, output, world }, given) {
    const registry = await connect();
    const path = { name: given.at(0) };
    const found = dataOf(await (await registry.api).GET('/tasks/{name}/hook', { params: { path } }));
    await output.one(found, {
      name: found.task,
      lines: [
        ['task', found.task],
        ['secrets made', timeOf(found.createdAt)],
        ['hook', `${registry.origin}/api/v1/tasks/${encodeURIComponent(path.name)}/hook`],
        ['note', `the secrets are not shown again; ${world.call} tasks rotate ${path.name} makes new ones`],
      ],
    });
  },
};

const rotate: Verb = {
  name: 'rotate',
  does: 'Makes the secrets of a task, which are shown this once; those that are there end at once',
  takes: '<task>',
  flags: [yesFlag, dryRunFlag],
  notes: ['With -o name the secret of the hook alone is printed, for the settings of the git host.'],
  examples: ['tasks rotate app', 'tasks rotate app --yes -o name'],
  async run(context, given) {
    const api = await (await context.connect()).api;
    const params = { params: { path: { name: given.at(0) } } };
    const task = dataOf(await api.GET('/tasks/{name}', params));
    if (given.has('dryRun'))
      return context.output.one(task, { name: task.name, lines: [['would get new secrets', task.name]] });
    await context.confirm(
      `The secrets of ${task.name} end at once: of its hook, its runner, its gate and its CI. Make new ones?`,
      given.has('yes'),
    );
    const made = dataOf(await api.PUT('/tasks/{name}/hook', { ...params, body: {} }));
    await context.output.one(made, {
      name: made.secret,
      lines: [
        ['of the hook', made.secret],
        ['of a CI that claims jobs', made.claimSecret],
        ['of the runner', made.runnerSecret],
        ['of the gate', made.gateSecret],
        ['note', 'the secrets are shown this once'],
      ],
    });
  },
};

const endHook: Verb = {
  name: 'end-hook',
  does: 'Deletes the secrets of a task: its hook, its runner, its gate and its CI are refused',
  takes: '<task>',
  flags: [yesFlag, dryRunFlag],
  examples: ['tasks end-hook app', 'tasks end-hook app --yes'],
  async run(context, given) {
    const api = await (await context.connect()).api;
    const params = { params: { path: { name: given.at(0) } } };
    const found = dataOf(await api.GET('/tasks/{name}/hook', params));
    const { task } = found;
    if (given.has('dryRun')) return context.output.one(found, { name: task, lines: [['would end', task]] });
    await context.confirm(
      `The hook of ${task}, its runner, its gate and its CI are refused then. Delete its secrets?`,
      given.has('yes'),
    );
    await api.DELETE('/tasks/{name}/hook', params);
    await context.output.one({ deleted: task }, { name: task, lines: [['deleted', `the secrets of ${task}`]] });
  },
};

export const tasks: Verb = {
  name: 'tasks',
  does: 'Shows, makes, runs and deletes the tasks that build images of Dockerfiles',
  verbs: [
    lsOf(kind, 'Lists the tasks, with what each builds'),
    showOf(kind, 'Shows a task'),
    createOf<Task, components['schemas']['TaskSettings']>(kind, {
      does: 'Makes a task of the JSON of its settings on the standard input',
      notes: [
        'The JSON is as PUT /api/v1/tasks/{name} takes it, as in {"image": "team/app:1", "context": ' +
          '{"git": "https://git.example/team/app.git", "ref": "main"}} (docs/rebuilds.md).',
      ],
      put: async (api, name, body) => dataOf(await api.PUT('/tasks/{name}', { params: { path: { name } }, body })),
    }),
    editOf(kind, async (api, name, body: components['schemas']['TaskChange']) =>
      dataOf(await api.PATCH('/tasks/{name}', { params: { path: { name } }, body })),
    ),
    run,
    ...switchesOf(kind, async (api, name, body) =>
      dataOf(await api.PATCH('/tasks/{name}', { params: { path: { name } }, body })),
    ),
    removeOf(kind, {
      does: 'Deletes a task; the images that it has built stay',
      loses: ({ image }) => `${image} is not built any more; what was built stays.`,
      remove: (api, name) => api.DELETE('/tasks/{name}', { params: { path: { name } } }),
    }),
    hook,
    rotate,
    endHook,
  ],
};
