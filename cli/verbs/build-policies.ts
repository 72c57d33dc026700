import type { components } from '../../generated/api.d.ts';
import { dataOf } from '../registry/data.ts';
import { itemsOf } from '../registry/pages.ts';
import { timeOf } from '../text/words.ts';
import type { Verb } from '../verb.ts';
import type { Kind } from './kinds.ts';
import { createOf, editOf, lsOf, removeOf, showOf, switchesOf } from './kinds.ts';
import { patternsOf } from './patterns.ts';

type Policy = components['schemas']['BuildPolicy'];

const stateOf = ({ enabled }: Policy) => (enabled ? 'enabled' : 'disabled');
const basesOf = ({ bases }: Policy) => (bases === undefined ? 'any' : patternsOf(bases));

const kind: Kind<Policy> = {
  group: 'build-policies',
  one: 'build policy',
  takes: '<policy>',
  example: 'apps',
  all: (registry) => itemsOf(registry, '/builds/policies', { query: { limit: 100 } }),
  get: async (api, name) => dataOf(await api.GET('/builds/policies/{name}', { params: { path: { name } } })),
  list: {
    columns: [
      { title: 'NAME', text: ({ name }) => name },
      { title: 'STATE', isState: true, text: stateOf },
      { title: 'MODE', text: ({ mode }) => mode },
      { title: 'REPOSITORIES', mayShrink: true, text: ({ repositories }) => patternsOf(repositories) },
      { title: 'TAGS', mayShrink: true, text: ({ tags }) => patternsOf(tags) },
      { title: 'BASES', mayShrink: true, text: basesOf },
    ],
    nameOf: ({ name }) => name,
    whenEmpty: 'There is no build policy: build-policies create NAME < policy.json makes one.',
  },
  linesOf: (policy) => [
    ['build policy', policy.name],
    ['state', stateOf(policy)],
    ['mode', policy.mode],
    ['repositories', patternsOf(policy.repositories)],
    ['tags', patternsOf(policy.tags)],
    ['bases', basesOf(policy)],
    ['pins', policy.pins],
    ['changed', timeOf(policy.updatedAt)],
  ],
};

export const buildPolicies: Verb = {
  name: 'build-policies',
  does: 'Shows, makes and deletes the policies by which images follow their bases',
  verbs: [
    lsOf(kind, 'Lists the build policies: which images follow their bases, and how'),
    showOf(kind, 'Shows a build policy'),
    createOf<Policy, components['schemas']['BuildPolicySettings']>(kind, {
      does: 'Makes a build policy of the JSON of its settings on the standard input',
      notes: [
        'The JSON is as PUT /api/v1/builds/policies/{name} takes it, as in {"repositories": ' +
          '{"include": ["team/**"]}, "mode": "rebase"} (docs/rebuilds.md).',
      ],
      put: async (api, name, body) =>
        dataOf(await api.PUT('/builds/policies/{name}', { params: { path: { name } }, body })),
    }),
    editOf(kind, async (api, name, body: components['schemas']['BuildPolicyChange']) =>
      dataOf(await api.PATCH('/builds/policies/{name}', { params: { path: { name } }, body })),
    ),
    ...switchesOf(kind, async (api, name, body) =>
      dataOf(await api.PATCH('/builds/policies/{name}', { params: { path: { name } }, body })),
    ),
    removeOf(kind, {
      does: 'Deletes a build policy: the images that it covers stay on their bases',
      loses: (policy) => `The images of ${patternsOf(policy.repositories)} follow their bases no more by it.`,
      remove: (api, name) => api.DELETE('/builds/policies/{name}', { params: { path: { name } } }),
    }),
  ],
};
