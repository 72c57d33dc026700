import type { components } from '../../generated/api.d.ts';
import { dataOf } from '../registry/data.ts';
import { itemsOf } from '../registry/pages.ts';
import { timeOf } from '../text/words.ts';
import type { Verb } from '../verb.ts';
import { dryRunFlag, yesFlag } from '../verb.ts';

type Token = components['schemas']['Token'];

function passwordsOf({ passwords }: Token): string {
  return passwords
    .map(({ name, expiresAt }) => (expiresAt === undefined ? name : `${name} until ${timeOf(expiresAt)}`))
    .join(', ');
}

const ls: Verb = {
  name: 'ls',
  does: 'Lists the tokens and what they may do by their scope maps',
  examples: ['tokens ls', 'tokens ls -o name'],
  async run({ connect, output }) {
    await output.list(itemsOf(await connect(), '/tokens', { query: { limit: 100 } }), {
      columns: [
        { title: 'NAME', text: ({ name }) => name },
        { title: 'STATUS', isState: true, text: ({ status }) => status },
        { title: 'SCOPE MAP', text: ({ scopeMap }) => scopeMap },
        { title: 'PASSWORDS', mayShrink: true, text: passwordsOf },
        { title: 'MADE', text: ({ createdAt }) => timeOf(createdAt), raw: ({ createdAt }) => createdAt },
      ],
      nameOf: ({ name }) => name,
      whenEmpty: 'There is no token: tokens create NAME --scope-map MAP makes one.',
    });
  },
};

const expiryFlag = {
  flags: '--expires <time>',
  says: 'the time at which its passwords end, as in 2027-01-31T00:00:00Z',
};

const create: Verb = {
  name: 'create',
  does: 'Makes a token with two passwords, which are shown this once',
  takes: '<name>',
  flags: [
    { flags: '--scope-map <map>', says: 'the scope map that says what it may do (_repositories_pull)' },
    expiryFlag,
  ],
  notes: ['With -o name the first password alone is printed: pipe it to docker login --password-stdin.'],
  examples: [
    'tokens create ci --scope-map _repositories_push',
    'tokens create puller -o name | docker login -u puller --password-stdin registry.example',
  ],
  async run({ connect, output }, given) {
    const api = await (await connect()).api;
    const expiresAt = given.text('expires');
    const scopeMap = given.text('scopeMap') ?? '_repositories_pull';
    const body = {
      name: given.at(0),
      scopeMap,
      status: 'enabled' as const,
      ...(expiresAt === undefined ? {} : { expiresAt }),
    };
    const made = dataOf(await api.POST('/tokens', { body }));
    const passwords = made.passwords;
    await output.one(made, {
      name: passwords[0]?.value ?? '',
      lines: [
        ['token', made.name],
        ['scope map', made.scopeMap],
        ...passwords.map(({ name, value }) => [name, value] as const),
        ['note', 'the passwords are shown this once'],
      ],
    });
  },
};

const remove: Verb = {
  name: 'delete',
  does: 'Deletes a token: its logins end',
  takes: '<name>',
  flags: [yesFlag, dryRunFlag],
  examples: ['tokens delete ci', 'tokens delete ci --yes'],
  async run(context, given) {
    const api = await (await context.connect()).api;
    const params = { params: { path: { name: given.at(0) } } };
    const token = dataOf(await api.GET('/tokens/{name}', params));
    if (given.has('dryRun'))
      return context.output.one(token, { name: token.name, lines: [['would be deleted', token.name]] });
    await context.confirm(
      `The token ${token.name} (${token.scopeMap}) and its logins end. Delete it?`,
      given.has('yes'),
    );
    await api.DELETE('/tokens/{name}', params);
    await context.output.one({ deleted: token.name }, { name: token.name, lines: [['deleted', token.name]] });
  },
};

const names = ['password1', 'password2'] as const;

const regenerate: Verb = {
  name: 'regenerate',
  does: 'Makes a new password of a token, which is shown this once; the old one ends',
  takes: '<name>',
  flags: [
    { flags: '--password <which>', says: 'password1 or password2 (password1)', choices: names },
    expiryFlag,
    yesFlag,
    dryRunFlag,
  ],
  examples: ['tokens regenerate ci', 'tokens regenerate ci --password password2 --yes -o name'],
  async run(context, given) {
    const api = await (await context.connect()).api;
    const [name, password] = [given.at(0), (given.text('password') ?? 'password1') as (typeof names)[number]];
    const token = dataOf(await api.GET('/tokens/{name}', { params: { path: { name } } }));
    if (given.has('dryRun'))
      return context.output.one(token, { name, lines: [['would be replaced', `${password} of ${name}`]] });
    await context.confirm(`${password} of ${name} ends for all that use it. Make a new one?`, given.has('yes'));
    const expiresAt = given.text('expires');
    const made = dataOf(
      await api.POST('/tokens/{name}/passwords/{password}', {
        params: { path: { name, password } },
        body: expiresAt === undefined ? {} : { expiresAt },
      }),
    );
    await context.output.one(made, {
      name: made.value,
      lines: [
        [made.name, made.value],
        ['ends', timeOf(made.expiresAt)],
        ['note', 'the password is shown this once'],
      ],
    });
  },
};

function switching(name: 'enable' | 'disable'): Verb {
  return {
    name,
    does:
      name === 'enable' ? 'Lets the logins of a token in again' : 'Refuses the logins of a token until it is enabled',
    takes: '<name>',
    examples: [`tokens ${name} ci`],
    async run({ connect, output }, given) {
      const api = await (await connect()).api;
      const params = { params: { path: { name: given.at(0) } } };
      const changed = dataOf(await api.PATCH('/tokens/{name}', { ...params, body: { status: `${name}d` as const } }));
      await output.one(changed, {
        name: changed.name,
        lines: [
          ['token', changed.name],
          ['status', changed.status],
        ],
      });
    },
  };
}

export const tokens: Verb = {
  name: 'tokens',
  does: 'Shows, makes and deletes the tokens that machines log in with',
  verbs: [ls, create, remove, regenerate, switching('enable'), switching('disable')],
};
