import type { components } from '../../generated/api.d.ts';
import { usageFailure } from '../failure.ts';
import { dataOf } from '../registry/data.ts';
import { itemsOf } from '../registry/pages.ts';
import { timeOf } from '../text/words.ts';
import type { Verb } from '../verb.ts';
import { dryRunFlag, yesFlag } from '../verb.ts';
import type { Kind } from './kinds.ts';
import { lsOf, refuseTaken, removeOf, showThing } from './kinds.ts';

type Upstream = components['schemas']['Upstream'];
type Source = components['schemas']['BaseSource'];

const upstream: Kind<Upstream> = {
  group: 'upstreams',
  one: 'upstream',
  takes: '<host>',
  example: 'registry.example',
  all: (registry) => itemsOf(registry, '/bases/upstreams', { query: { limit: 100 } }),
  get: async (api, host) => dataOf(await api.GET('/bases/upstreams/{host}', { params: { path: { host } } })),
  list: {
    columns: [
      { title: 'HOST', mayShrink: true, text: ({ host }) => host },
      { title: 'USER', mayShrink: true, text: ({ username }) => username },
      { title: 'SECRET OF THE VAULT', mayShrink: true, text: ({ secret }) => secret },
      { title: 'TOKENS OF', mayShrink: true, text: ({ realm }) => realm },
    ],
    nameOf: ({ host }) => host,
    whenEmpty: 'No upstream is listed here beside those of the operator: upstreams create HOST lists one.',
  },
  linesOf: ({ host, username, secret, realm }) => [
    ['upstream', host],
    ['user', username],
    ['secret of the vault', secret],
    ['tokens of', realm],
  ],
};

const create: Verb = {
  name: 'create',
  does: 'Has tags of another registry watched as bases, and says how to log in there',
  takes: upstream.takes,
  flags: [
    { flags: '--username <name>', says: 'the name of the user there' },
    { flags: '--secret <name>', says: "the name of the vault's secret with the password" },
    { flags: '--realm <host>', says: "the host of its tokens' service, if that is another one" },
    { flags: '--replace', says: 'replaces the settings that are there' },
    dryRunFlag,
  ],
  notes: [
    'Without flags its public tags are watched. A password is never given here: it lies in the vault, and the registry ' +
      'reads it there (docs/rebuilds.md).',
  ],
  examples: [
    'upstreams create registry.example',
    'upstreams create registry.example --username mirror --secret registry-example-password',
  ],
  async run(context, given) {
    const host = given.at(0);
    const names = ['username', 'secret', 'realm'] as const;
    const body = Object.fromEntries(
      names.flatMap((name) => {
        const text = given.text(name);
        return text === undefined ? [] : [[name, text] as const];
      }),
    );
    const registry = await context.connect();
    if (!given.has('replace')) await refuseTaken(context, upstream, registry, host);
    if (given.has('dryRun')) return showThing(context, upstream, { host, ...body });
    const params = { params: { path: { host } } };
    await showThing(
      context,
      upstream,
      dataOf(await (await registry.api).PUT('/bases/upstreams/{host}', { ...params, body })),
    );
  },
};

export const upstreams: Verb = {
  name: 'upstreams',
  does: 'Shows and sets the other registries whose tags are watched as bases',
  verbs: [
    lsOf(upstream, 'Lists the other registries whose tags are watched as bases'),
    create,
    removeOf(upstream, {
      does: 'Takes another registry from the list: its tags are watched no more, unless the operator lists it',
      loses: ({ host }) => `Tags at ${host} are watched no more then, unless the operator lists it.`,
      remove: (api, host) => api.DELETE('/bases/upstreams/{host}', { params: { path: { host } } }),
    }),
  ],
};

const kinds = ['distribution', 'docker-hub', 'quay', 'ghcr', 'acr', 'longshore'] as const;
type SourceKind = (typeof kinds)[number];

/** Returns the kind that was typed: one that there is not is no address of the API. */
function kindFrom(text: string): SourceKind {
  const found = kinds.find((each) => each === text);
  if (found === undefined) throw usageFailure(`there is no such kind of registry: give one of ${kinds.join(', ')}`);
  return found;
}

const source: Kind<Source> = {
  group: 'base-sources',
  one: 'base source',
  takes: '<kind>',
  example: 'docker-hub',
  all: (registry) => itemsOf(registry, '/bases/sources'),
  get: async (api, name) =>
    dataOf(await api.GET('/bases/sources/{source}', { params: { path: { source: kindFrom(name) } } })),
  list: {
    columns: [
      { title: 'KIND', text: (each) => each.source },
      { title: 'SECRET MADE', text: ({ createdAt }) => timeOf(createdAt), raw: ({ createdAt }) => createdAt },
    ],
    nameOf: (each) => each.source,
    whenEmpty: 'No registry notifies this one: base-sources rotate KIND makes a secret for one.',
  },
  linesOf: (each) => [
    ['kind', each.source],
    ['secret made', timeOf(each.createdAt)],
  ],
};

const rotate: Verb = {
  name: 'rotate',
  does: 'Makes the secret by which registries of a kind notify this one of new bases, which is shown this once',
  takes: source.takes,
  flags: [yesFlag, dryRunFlag],
  notes: [`KIND is one of ${kinds.join(', ')}. With -o name the secret alone is printed.`],
  examples: ['base-sources rotate docker-hub', 'base-sources rotate docker-hub --yes -o name'],
  async run(context, given) {
    const { output } = context;
    const name = kindFrom(given.at(0));
    const registry = await context.connect();
    let isThere = false;
    for await (const each of source.all(registry)) if (each.source === name) isThere = true;
    if (given.has('dryRun')) return output.one({ source: name }, { name, lines: [['would get a new secret', name]] });
    if (isThere)
      await context.confirm(
        `The secret of ${name} ends at once for all that use it. Make a new one?`,
        given.has('yes'),
      );
    const params = { params: { path: { source: name } } };
    const made = dataOf(await (await registry.api).PUT('/bases/sources/{source}', { ...params, body: {} }));
    await output.one(made, {
      name: made.secret,
      lines: [
        ['kind', made.source],
        ['posts to', `${registry.origin}/api/v1/bases/notify/${name}`],
        ['secret', made.secret],
        ['note', 'the secret is shown this once'],
      ],
    });
  },
};

export const baseSources: Verb = {
  name: 'base-sources',
  does: 'Shows and makes the secrets by which other registries notify this one of new bases',
  verbs: [
    lsOf(source, 'Lists the kinds of registries that may notify this one'),
    rotate,
    removeOf(source, {
      does: 'Deletes the secret of a kind of registries: what they notify is refused',
      loses: (each) => `What ${each.source} notifies is refused then.`,
      remove: (api, name) => api.DELETE('/bases/sources/{source}', { params: { path: { source: kindFrom(name) } } }),
    }),
  ],
};
