import type { Context } from '../context.ts';
import { exits, Failure } from '../failure.ts';
import { parseRepository } from '../registry/address.ts';
import { dataOf } from '../registry/data.ts';
import type { Given, Verb } from '../verb.ts';
import { whyImage } from './why-image.ts';

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

async function whyAccess({ connect, output, world }: Context, given: Given): Promise<void> {
  const action = actions.find((each) => each === given.at(1));
  if (action === undefined)
    throw new Failure(`"${given.at(1)}" is no action: it is ${actions.join(', ')}`, exits.usage);
  if (given.args.length < 3) throw new Failure('say in which repository, as in why ci push team/app', exits.usage);
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
}

export const why: Verb = {
  name: 'why',
  does: 'Says whether an image is held and what to do next, or whether somebody may do something in a repository',
  takes: '<image-or-who> [action] [repository]',
  notes: [
    'With an image alone: held or not, by which policies, for which reasons.',
    `With three words: WHO is a token, issuer:NAME, or everyone. ACTION is ${actions.join(', ')}.`,
    'The exit code is 3 where the image is held, or where it is not allowed; else it is 0.',
  ],
  examples: ['why prod/app:1', 'why prod/app:1 -o json', 'why ci push team/app', 'why everyone pull public/app'],
  run: (context, given) => (given.args.length === 1 ? whyImage(context, given.at(0)) : whyAccess(context, given)),
};
