import type { components } from '../../generated/api.d.ts';
import type { Context } from '../context.ts';
import { Failure, usageFailure } from '../failure.ts';
import { dataOf } from '../registry/data.ts';
import { itemsOf } from '../registry/pages.ts';
import { timeOf } from '../text/words.ts';
import type { Given, Verb } from '../verb.ts';
import { dryRunFlag, yesFlag } from '../verb.ts';

type Content = components['schemas']['WebhookContent'];
type Webhook = components['schemas']['Webhook'];

function linesOf({ name, serviceUri, actions, scope, status }: Omit<Webhook, 'secrets' | 'createdAt' | 'updatedAt'>) {
  return [
    ['webhook', name],
    ['posts to', serviceUri],
    ['actions', actions.join(', ')],
    ['scope', scope === '' ? 'everything' : scope],
    ['status', status],
  ] as const;
}

async function make({ connect, output, world }: Context, given: Given): Promise<void> {
  const registry = await connect();
  const [name, serviceUri] = [given.at(0), given.at(1)];
  // A second one of that name would silently replace the first, with its receiver.
  for await (const each of itemsOf(registry, '/webhooks', { query: { limit: 100 } }))
    if (each.name === name)
      throw new Failure(`there is a webhook ${name} already: ${world.call} webhooks rm ${name} deletes it`);
  const body: Content = {
    serviceUri,
    // The registry knows which actions there are, and names them where one is none.
    actions: (given.text('actions') ?? 'push').split(',') as Content['actions'],
    scope: given.text('scope') ?? '',
    excludes: [],
    status: 'enabled',
    format: (given.text('format') ?? 'acr') as Content['format'],
  };
  if (given.has('dryRun'))
    return output.one(
      { name, ...body },
      { name, lines: linesOf({ name, customHeaders: {}, ...body } as Parameters<typeof linesOf>[0]) },
    );
  const made = dataOf(await (await registry.api).PUT('/webhooks/{name}', { params: { path: { name } }, body }));
  const secret = 'secret' in made ? made.secret : undefined;
  await output.one(made, {
    name: secret ?? made.name,
    lines: [
      ...linesOf(made),
      ['secret', secret],
      [
        'note',
        secret === undefined ? undefined : 'the secret is shown this once: the receiver checks deliveries by it',
      ],
    ],
  });
}

export const create: Verb = {
  name: 'create',
  does: 'Makes a webhook with a secret, which is shown this once',
  takes: '<webhook> <url>',
  flags: [
    { flags: '--actions <list>', says: 'what it is told of, by commas, as in push,delete (push)' },
    { flags: '--scope <pattern>', says: 'the repositories or tags, as in team/** or team/app:1.* (everything)' },
    {
      flags: '--format <format>',
      says: 'acr, standard or cloudevents (acr)',
      choices: ['acr', 'standard', 'cloudevents'],
    },
    dryRunFlag,
  ],
  notes: ['With -o name the secret alone is printed, for the store of secrets of the receiver.'],
  examples: [
    'webhooks create first1 https://receiver.example/ --actions push,delete --scope team/**',
    'webhooks create first1 https://receiver.example/ -o name > secret.txt',
  ],
  run: make,
};

export const remove: Verb = {
  name: 'rm',
  does: 'Deletes a webhook: nothing more is delivered',
  takes: '<webhook>',
  flags: [yesFlag, dryRunFlag],
  examples: ['webhooks rm first1', 'webhooks rm first1 --yes'],
  async run(context, given) {
    const api = await (await context.connect()).api;
    const params = { params: { path: { name: given.at(0) } } };
    const found = dataOf(await api.GET('/webhooks/{name}', params));
    if (given.has('dryRun'))
      return context.output.one(found, { name: found.name, lines: [['would be deleted', found.name]] });
    await context.confirm(`Nothing more is delivered to ${found.serviceUri}. Delete ${found.name}?`, given.has('yes'));
    await api.DELETE('/webhooks/{name}', params);
    await context.output.one({ deleted: found.name }, { name: found.name, lines: [['deleted', found.name]] });
  },
};

function switching(name: 'enable' | 'disable', does: string): Verb {
  return {
    name,
    does,
    takes: '<webhook>',
    examples: [`webhooks ${name} first1`],
    async run({ connect, output }, given) {
      const api = await (await connect()).api;
      const body = { status: `${name}d` as const };
      const changed = dataOf(await api.PATCH('/webhooks/{name}', { params: { path: { name: given.at(0) } }, body }));
      await output.one(changed, { name: changed.name, lines: linesOf(changed) });
    },
  };
}

export const switches = [
  switching('enable', 'Has a webhook deliver again'),
  switching('disable', 'Has a webhook deliver nothing until it is enabled'),
];

export const secrets: Verb = {
  name: 'secrets',
  does: 'Lists the secrets of a webhook, without their values',
  takes: '<webhook>',
  examples: ['webhooks secrets first1'],
  async run({ connect, output }, given) {
    const api = await (await connect()).api;
    const found = dataOf(await api.GET('/webhooks/{name}', { params: { path: { name: given.at(0) } } }));
    await output.list(found.secrets, {
      columns: [
        { title: 'ID', text: ({ id }) => id },
        { title: 'MADE', text: ({ createdAt }) => timeOf(createdAt), raw: ({ createdAt }) => createdAt },
        { title: 'ENDS', text: ({ expiresAt }) => timeOf(expiresAt), raw: ({ expiresAt }) => expiresAt },
      ],
      nameOf: ({ id }) => id,
      whenEmpty: 'The webhook has no secret: webhooks rotate NAME makes one.',
    });
  },
};

export const rotate: Verb = {
  name: 'rotate',
  does: 'Makes a new secret of a webhook, which is shown this once; the old ones end',
  takes: '<webhook>',
  flags: [{ flags: '--overlap <seconds>', says: 'how long the old secrets go on to hold (86400)' }, yesFlag],
  examples: ['webhooks rotate first1', 'webhooks rotate first1 --overlap 600 --yes -o name'],
  async run(context, given) {
    const overlap = given.text('overlap') ?? '86400';
    if (!/^\d{1,7}$/.test(overlap)) throw usageFailure('--overlap must be a number of seconds, as in 600');
    const api = await (await context.connect()).api;
    const name = given.at(0);
    await context.confirm(`The secrets of ${name} end in ${overlap} s. Make a new one?`, given.has('yes'));
    const body = { overlapSeconds: Number(overlap) };
    const made = dataOf(await api.POST('/webhooks/{name}/secrets', { params: { path: { name } }, body }));
    await context.output.one(made, {
      name: made.secret,
      lines: [
        ['id', made.id],
        ['secret', made.secret],
        ['note', 'the secret is shown this once'],
      ],
    });
  },
};

export const endSecret: Verb = {
  name: 'end-secret',
  does: 'Ends a secret of a webhook at once',
  takes: '<webhook> <id>',
  flags: [yesFlag],
  examples: ['webhooks end-secret first1 ID --yes'],
  async run(context, given) {
    const [name, id] = [given.at(0), given.at(1)];
    const api = await (await context.connect()).api;
    await context.confirm(`Deliveries of ${name} carry no signature by ${id} any more. End it?`, given.has('yes'));
    await api.DELETE('/webhooks/{name}/secrets/{id}', { params: { path: { name, id } } });
    await context.output.one({ deleted: id }, { name: id, lines: [['ended', id]] });
  },
};
