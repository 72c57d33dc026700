import { exits, Failure } from '../failure.ts';
import { parseRepository } from '../registry/address.ts';
import { dataOf } from '../registry/data.ts';
import type { Verb } from '../verb.ts';

const actions = [
  'pull',
  'push',
  'delete',
  'metadata_read',
  'metadata_write',
  'deleted_read',
  'deleted_restore',
] as const;
type Action = (typeof actions)[number];

/** Parses `ci`, `issuer:github` or `everyone`. */
function whoOf(text: string): { token?: string; issuer?: string } {
  if (text === 'everyone') return {};
  return text.startsWith('issuer:') ? { issuer: text.slice('issuer:'.length) } : { token: text };
}

export const why: Verb = {
  name: 'why',
  does: 'Says whether somebody may do something in a repository, and which rule decides',
  takes: '<who> <action> <repository>',
  notes: [
    `WHO is a token, issuer:NAME, or everyone. ACTION is ${actions.join(', ')}.`,
    'The exit code is 0 when it is allowed, and 3 when it is not.',
  ],
  examples: ['why ci push team/app', 'why everyone pull public/app'],
  async run({ connect, output, world }, given) {
    const action = actions.find((each) => each === given.at(1));
    if (action === undefined)
      throw new Failure(`"${given.at(1)}" is no action: it is ${actions.join(', ')}`, exits.usage);
    const repository = parseRepository(given.at(2));
    const api = await (await connect(repository)).api;
    const query: { repository: string; action: Action } = {
      ...whoOf(given.at(0)),
      repository: repository.repository,
      action,
    };
    const answer = dataOf(await api.GET('/access', { params: { query } }));
    await output.one(answer, {
      name: answer.allowed ? 'yes' : 'no',
      lines: [
        ['allowed', answer.allowed ? 'yes' : 'no'],
        ['why', answer.why],
      ],
    });
    if (!answer.allowed)
      throw new Failure(
        `${given.at(0)} may not ${action} in ${repository.repository}; ${world.call} tokens ls shows the scope maps`,
        exits.refused,
      );
  },
};
