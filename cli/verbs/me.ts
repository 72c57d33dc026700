import { dataOf } from '../registry/data.ts';
import { timeOf } from '../text/words.ts';
import type { Verb } from '../verb.ts';

export const me: Verb = {
  name: 'me',
  does: 'Shows who you are to the registry, and what you may do',
  examples: ['me', 'me -o json'],
  async run({ connect, output }) {
    const api = await (await connect()).api;
    const found = dataOf(await api.GET('/me'));
    await output.one(found, {
      name: found.subject,
      lines: [
        ['subject', found.subject],
        ['kind', found.kind],
        ['ends', timeOf(found.expiresAt)],
        ...found.rights.map(
          ({ right, allowed, why }) => [right, allowed ? 'yes' : `no: ${why ?? 'no rule of yours allows it'}`] as const,
        ),
        ...found.repositories.map(({ pattern, actions }) => [pattern, actions.join(', ')] as const),
      ],
    });
  },
};
