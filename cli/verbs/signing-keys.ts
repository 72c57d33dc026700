import type { components } from '../../generated/api.d.ts';
import { Failure } from '../failure.ts';
import type { List } from '../output.ts';
import { itemsOf } from '../registry/pages.ts';
import { timeOf } from '../text/words.ts';
import type { Verb } from '../verb.ts';
import { dryRunFlag, yesFlag } from '../verb.ts';

const list: List<components['schemas']['SigningKey']> = {
  columns: [
    { title: 'KEY', text: ({ kid }) => kid },
    { title: 'MADE', text: ({ createdAt }) => timeOf(createdAt), raw: ({ createdAt }) => createdAt },
    { title: 'SIGNS FROM', text: ({ signsFrom }) => timeOf(signsFrom), raw: ({ signsFrom }) => signsFrom },
  ],
  nameOf: ({ kid }) => kid,
  whenEmpty: 'There is no key yet: the first login makes one.',
};

const ls: Verb = {
  name: 'ls',
  does: 'Lists the keys that sign access tokens',
  examples: ['signing-keys ls', 'signing-keys ls -o name'],
  async run({ connect, output }) {
    await output.list(itemsOf(await connect(), '/signing-keys'), list);
  },
};

const remove: Verb = {
  name: 'rm',
  does: 'Deletes a key that others know: every token that it has signed ends',
  takes: '<key>',
  flags: [yesFlag, dryRunFlag],
  notes: ['Keys are renewed by themselves. If no key is left the next login makes one.'],
  examples: ['signing-keys rm KEY', 'signing-keys rm KEY --yes'],
  async run(context, given) {
    const { output, world } = context;
    const registry = await context.connect();
    let found: components['schemas']['SigningKey'] | undefined;
    for await (const each of itemsOf(registry, '/signing-keys')) if (each.kid === given.at(0)) found = each;
    if (found === undefined)
      throw new Failure(`there is no key ${given.at(0)}: ${world.call} signing-keys ls lists what there is`);
    const { kid } = found;
    if (given.has('dryRun')) return output.one(found, { name: kid, lines: [['would be deleted', kid]] });
    await context.confirm(
      `The tokens that the key ${kid} has signed end within 20 minutes, and clients log in again. Delete it?`,
      given.has('yes'),
    );
    await (await registry.api).DELETE('/signing-keys/{kid}', { params: { path: { kid } } });
    await output.one({ deleted: kid }, { name: kid, lines: [['deleted', kid]] });
  },
};

export const signingKeys: Verb = {
  name: 'signing-keys',
  does: 'Lists the keys that sign access tokens, and deletes one that others know',
  verbs: [ls, remove],
};
