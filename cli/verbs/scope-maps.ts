import type { Context } from '../context.ts';
import { Failure } from '../failure.ts';
import { dataOf } from '../registry/data.ts';
import type { ItemOf } from '../registry/pages.ts';
import { itemsOf } from '../registry/pages.ts';
import { timeOf } from '../text/words.ts';
import type { Given, Verb } from '../verb.ts';
import { dryRunFlag, yesFlag } from '../verb.ts';

type ScopeMap = ItemOf<'/scope-maps'>;

function linesOf({ name, description, actions }: Pick<ScopeMap, 'name' | 'description' | 'actions'>) {
  return [['scope map', name], ['description', description], ...actions.map((each) => ['may', each] as const)] as const;
}

const ls: Verb = {
  name: 'ls',
  does: 'Lists the scope maps, which say what tokens may do',
  examples: ['scope-maps ls', 'scope-maps ls -o name'],
  async run({ connect, output }) {
    await output.list(itemsOf(await connect(), '/scope-maps', { query: { limit: 100 } }), {
      columns: [
        { title: 'NAME', text: ({ name }) => name },
        { title: 'ACTIONS', mayShrink: true, text: ({ actions }) => actions.join(', ') },
        { title: 'DESCRIPTION', mayShrink: true, text: ({ description }) => description },
        { title: 'CHANGED', text: ({ updatedAt }) => timeOf(updatedAt), raw: ({ updatedAt }) => updatedAt },
      ],
      nameOf: ({ name }) => name,
      whenEmpty: 'There is no scope map: scope-maps create NAME ACTION makes one.',
    });
  },
};

async function make({ connect, output, world }: Context, given: Given): Promise<void> {
  const registry = await connect();
  const api = await registry.api;
  const [name = '', ...actions] = given.args;
  if (!given.has('replace'))
    for await (const each of itemsOf(registry, '/scope-maps', { query: { limit: 100 } }))
      if (each.name === name)
        throw new Failure(`there is a scope map ${name} already: ${world.call} scope-maps create --replace changes it`);
  const body = { actions, description: given.text('description') ?? '' };
  if (given.has('dryRun')) return output.one({ name, ...body }, { name, lines: linesOf({ name, ...body }) });
  const made = dataOf(await api.PUT('/scope-maps/{name}', { params: { path: { name } }, body }));
  await output.one(made, { name: made.name, lines: linesOf(made) });
}

const create: Verb = {
  name: 'create',
  does: 'Makes a scope map of actions; tokens create --scope-map gives it to a token',
  takes: '<name> <action...>',
  flags: [
    { flags: '--description <text>', says: 'what it is for' },
    { flags: '--replace', says: 'changes one that is there: tokens that have it get its actions' },
    dryRunFlag,
  ],
  notes: [
    'An action is repositories/NAME/RIGHT, where * in the name is one part and ** any number, or management/read, ' +
      'management/write, catalog/read. RIGHT is content/read, content/write, content/delete, metadata/read, ' +
      'metadata/write, deleted/read, deleted/restore, quarantine/read or quarantine/write (docs/identities.md).',
  ],
  examples: [
    'scope-maps create team-ci repositories/team/**/content/read repositories/team/**/content/write',
    'scope-maps create looker management/read --replace',
  ],
  run: make,
};

const remove: Verb = {
  name: 'rm',
  does: 'Deletes a scope map that no token has',
  takes: '<name>',
  flags: [yesFlag, dryRunFlag],
  examples: ['scope-maps rm team-ci', 'scope-maps rm team-ci --yes'],
  async run(context, given) {
    const api = await (await context.connect()).api;
    const params = { params: { path: { name: given.at(0) } } };
    const found = dataOf(await api.GET('/scope-maps/{name}', params));
    if (given.has('dryRun'))
      return context.output.one(found, { name: found.name, lines: [['would be deleted', found.name]] });
    await context.confirm(`Delete the scope map ${found.name} (${found.actions.join(', ')})?`, given.has('yes'));
    await api.DELETE('/scope-maps/{name}', params);
    await context.output.one({ deleted: found.name }, { name: found.name, lines: [['deleted', found.name]] });
  },
};

export const scopeMaps: Verb = {
  name: 'scope-maps',
  does: 'Shows, makes and deletes scope maps, which say what tokens may do',
  verbs: [ls, create, remove],
};
